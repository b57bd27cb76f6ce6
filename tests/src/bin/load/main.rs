//! Many clients at once on a gateway that fails on purpose: `cargo xtask load`.
//!
//! The gateway is in this process and the clients in others, which it starts: the memory of clients is measured apart from
//! that of the sandbox, which keeps all records of its life by design. Those processes share the tokens of each account
//! through a file, as the programs of a user would.

mod process;
mod report;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use stablelink_tests::load::{Crew, Growth, Watch, World};
use tokio::sync::mpsc;

use process::Process;

/// Many clients at once on a gateway that fails on purpose; ends with 1 if money was doubled or lost, or memory grew
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask load --",
    bin_name = "cargo xtask load --",
    max_term_width = 100
)]
struct Args {
    /// Clients, each with its own connections
    #[arg(long, default_value_t = 64, value_parser = at_least_one)]
    clients: usize,
    /// Processes that the clients are spread over; no more than there are clients
    #[arg(long, default_value_t = 4, value_parser = at_least_one)]
    processes: usize,
    /// Accounts that the clients share; each has one live token
    #[arg(long, default_value_t = 4, value_parser = at_least_one)]
    accounts: usize,
    /// Seconds that it lasts at least
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Calls that there are at least; on a slow machine they take longer than the seconds
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    calls: u64,
    /// Share of the requests that is struck by a fault, from 0 to 0.9
    #[arg(long, default_value_t = 0.2, value_parser = share)]
    faults: f64,
    /// What the clients do and which requests are struck follows from it
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Is a process of clients: its crew comes as JSON on standard input
    #[arg(long, hide = true)]
    crew: bool,
}

fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| "is no number".to_owned())?;
    if (0.0..=0.9).contains(&share) {
        Ok(share)
    } else {
        Err("must be from 0 to 0.9".to_owned())
    }
}

/// A load of nothing would prove nothing, and say that all is well.
fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(_) => Err("is no number".to_owned()),
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    let mut builder = if args.crew {
        tokio::runtime::Builder::new_current_thread()
    } else {
        tokio::runtime::Builder::new_multi_thread()
    };
    let ended = match builder.enable_all().build() {
        Ok(runtime) if args.crew => runtime.block_on(process::crew()).map(|()| true),
        Ok(runtime) => runtime.block_on(load(&args)),
        Err(error) => Err(error.into()),
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("the load broke off: {error}");
            ExitCode::FAILURE
        }
    }
}

/// How often the memory of the clients is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// So many lines wait to be taken, then those who write them wait.
const LINES: usize = 1024;

async fn load(args: &Args) -> Result<bool, Box<dyn std::error::Error>> {
    let mut world = World::start(args.accounts, args.faults, args.seed).await?;
    let (sender, mut lines) = mpsc::channel(LINES);
    let processes = args.processes.min(args.clients);
    let mut running = Vec::new();
    let start = Instant::now();
    let mut first = 0;
    for number in 0..processes {
        let clients = args.clients / processes + usize::from(number < args.clients % processes);
        let crew = Crew {
            url: world.url().to_owned(),
            tokens: world.tokens(),
            accounts: world.accounts().to_vec(),
            clients,
            calls: args.calls.div_ceil(args.clients as u64),
            seconds: args.seconds,
            seed: args.seed.wrapping_add(first),
            conduct: Default::default(),
        };
        first += clients as u64;
        running.push(Process::start(&crew, sender.clone()).await?);
    }
    drop(sender);

    let mut watch = Watch::default();
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            line = lines.recv() => match line {
                Some(line) => world.take(&line),
                None => break,
            },
            _ = look.tick() => watch.look(running.iter().filter_map(Process::id)),
        }
    }
    let took = start.elapsed();
    for process in running {
        if let Err(problem) = process.ended().await {
            world.broke_off(problem);
        }
    }
    let growth: Option<Growth> = watch.growth();
    let audit = world.close();
    report::print(args, took, growth, &audit)?;
    Ok(audit.findings.is_empty() && growth.is_none_or(Growth::is_flat))
}
