//! The load test as a program: `cargo xtask load`.
//!
//! The sandbox runs in this process and the clients in child processes, so that the clients' memory is measured separately
//! from the sandbox, which keeps all records by design. The child processes share the tokens of each account through a
//! file, as several processes of a user would.

mod process;
mod report;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use stablelink_tests::load::{LoadGateway, MemoryGrowth, MemoryMonitor, Workers};
use tokio::sync::mpsc;

use process::WorkerProcess;

/// Run many concurrent clients against a sandbox with fault injection
///
/// The exit code is 1 if money was duplicated or lost, or if the memory of the clients grew.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask load --",
    bin_name = "cargo xtask load --",
    max_term_width = 100
)]
struct Args {
    /// Number of clients, each with its own connections
    #[arg(long, default_value_t = 64, value_parser = at_least_one)]
    clients: usize,
    /// Number of processes to distribute the clients over; at most one per client
    #[arg(long, default_value_t = 4, value_parser = at_least_one)]
    processes: usize,
    /// Number of accounts that the clients share; each has one valid token at a time
    #[arg(long, default_value_t = 4, value_parser = at_least_one)]
    accounts: usize,
    /// Minimum duration in seconds
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Minimum number of calls in total; on a slow machine they may take longer than `--seconds`
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    calls: u64,
    /// Share of the requests that a fault affects, from 0 to 0.9
    #[arg(long, default_value_t = 0.2, value_parser = share)]
    faults: f64,
    /// Seed of the random choices of clients and faults
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Run as a child process that reads its workers as JSON from standard input
    #[arg(long, hide = true)]
    workers: bool,
}

fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| "is not a number".to_owned())?;
    if (0.0..=0.9).contains(&share) {
        Ok(share)
    } else {
        Err("must be from 0 to 0.9".to_owned())
    }
}

/// Rejects 0: an empty load test would pass without testing anything.
fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(_) => Err("is not a number".to_owned()),
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    let mut builder = if args.workers {
        tokio::runtime::Builder::new_current_thread()
    } else {
        tokio::runtime::Builder::new_multi_thread()
    };
    let outcome = match builder.enable_all().build() {
        Ok(runtime) if args.workers => runtime.block_on(process::run_workers()).map(|()| true),
        Ok(runtime) => runtime.block_on(load(&args)),
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("the load test failed: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Interval between two memory samples.
const MEMORY_INTERVAL: Duration = Duration::from_millis(200);

/// Capacity of the queue of log lines; writers wait while it is full.
const LOG_CAPACITY: usize = 1024;

async fn load(args: &Args) -> Result<bool, Box<dyn std::error::Error>> {
    let mut gateway = LoadGateway::start(args.accounts, args.faults, args.seed).await?;
    let (sender, mut lines) = mpsc::channel(LOG_CAPACITY);
    let processes = args.processes.min(args.clients);
    let mut running = Vec::new();
    let start = Instant::now();
    let mut first_client = 0;
    for number in 0..processes {
        let clients = args.clients / processes + usize::from(number < args.clients % processes);
        let workers = Workers {
            url: gateway.url().to_owned(),
            tokens: gateway.token_file(),
            accounts: gateway.accounts().to_vec(),
            clients,
            calls: args.calls.div_ceil(args.clients as u64),
            seconds: args.seconds,
            seed: args.seed.wrapping_add(first_client),
            policy: Default::default(),
        };
        first_client += clients as u64;
        running.push(WorkerProcess::start(&workers, sender.clone()).await?);
    }
    drop(sender);

    let mut memory = MemoryMonitor::default();
    let mut interval = tokio::time::interval(MEMORY_INTERVAL);
    loop {
        tokio::select! {
            line = lines.recv() => match line {
                Some(line) => gateway.record(&line),
                None => break,
            },
            _ = interval.tick() => memory.sample(running.iter().filter_map(WorkerProcess::id)),
        }
    }
    let elapsed = start.elapsed();
    for process in running {
        if let Err(problem) = process.finish().await {
            gateway.workers_failed(problem);
        }
    }
    let growth: Option<MemoryGrowth> = memory.growth();
    let audit = gateway.finish();
    report::print(args, elapsed, growth, &audit)?;
    Ok(audit.findings.is_empty() && growth.is_none_or(MemoryGrowth::is_flat))
}
