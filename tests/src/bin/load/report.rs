//! The text report of a load test.

use std::io::{self, Write as _};
use std::time::Duration;

use stablelink_tests::load::{Audit, MemoryGrowth};

use super::Args;

/// Number of findings that are listed.
const MAX_FINDINGS: usize = 20;

pub(super) fn print(
    args: &Args,
    elapsed: Duration,
    growth: Option<MemoryGrowth>,
    audit: &Audit,
) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let stats = &audit.stats;
    let seconds = elapsed.as_secs_f64();
    writeln!(
        out,
        "{} clients in {} processes, {} accounts, seed {}",
        args.clients, args.processes, args.accounts, args.seed
    )?;
    let rate = stats.calls as f64 / seconds;
    writeln!(
        out,
        "  calls        {:>8}  in {seconds:.1} s: {rate:.0} per second",
        stats.calls
    )?;
    let injected: u64 = audit.injected.iter().map(|(_, count)| count).sum();
    let share = 100.0 * injected as f64 / audit.requests.max(1) as f64;
    writeln!(
        out,
        "  requests     {:>8}  received by the sandbox, {injected} with a fault: {share:.1} %",
        audit.requests
    )?;
    writeln!(
        out,
        "  latency      {:>8}  median",
        millis(stats.latency(0.5))
    )?;
    writeln!(
        out,
        "               {:>8}  99th percentile, retries included",
        millis(stats.latency(0.99))
    )?;
    writeln!(
        out,
        "  ambiguous    {:>8}  payments whose outcome was unknown at some time",
        stats.ambiguous
    )?;
    writeln!(
        out,
        "  reconciled   {:>8}  of the ambiguous payments",
        stats.reconciled
    )?;
    writeln!(out, "  tokens       {:>8}  granted", audit.tokens)?;
    match growth {
        Some(growth) => {
            writeln!(
                out,
                "  memory       {:>8}  peak resident memory of all client processes",
                mib(growth.peak)
            )?;
            writeln!(
                out,
                "               {:>8}  median of the second quarter",
                mib(growth.early)
            )?;
            let verdict = if growth.is_flat() { "flat" } else { "GROWING" };
            writeln!(
                out,
                "               {:>8}  median of the last quarter: {verdict}",
                mib(growth.late)
            )?;
        }
        None => writeln!(
            out,
            "  memory       not measured: the run is too short, or the system has no /proc"
        )?,
    }
    writeln!(out, "effects by operation")?;
    for (operation, count) in &audit.effects {
        writeln!(out, "  {count:>8}  {operation}")?;
    }
    writeln!(out, "errors by kind")?;
    for (kind, count) in &stats.errors {
        writeln!(out, "  {count:>8}  {kind}")?;
    }
    writeln!(out, "injected faults")?;
    for (name, count) in &audit.injected {
        writeln!(out, "  {count:>8}  {name}")?;
    }
    if audit.findings.is_empty() {
        return writeln!(out, "no duplicate, no loss, all balances correct");
    }
    writeln!(out, "{} FINDINGS", audit.findings.len())?;
    for finding in audit.findings.iter().take(MAX_FINDINGS) {
        writeln!(out, "  {finding}")?;
    }
    Ok(())
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

fn mib(kib: u64) -> String {
    format!("{}.{} MiB", kib / 1024, kib % 1024 * 10 / 1024)
}
