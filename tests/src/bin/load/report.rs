//! The figures, for people.

use std::io::{self, Write as _};
use std::time::Duration;

use stablelink_tests::load::{Audit, Growth};

use super::Args;

/// So many findings are shown one by one.
const SHOWN: usize = 20;

pub(super) fn print(
    args: &Args,
    took: Duration,
    growth: Option<Growth>,
    audit: &Audit,
) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let figures = &audit.figures;
    let seconds = took.as_secs_f64();
    writeln!(
        out,
        "{} clients in {} processes, {} accounts, seed {}",
        args.clients, args.processes, args.accounts, args.seed
    )?;
    let rate = figures.calls as f64 / seconds;
    writeln!(
        out,
        "  calls        {:>8}  in {seconds:.1} s: {rate:.0} a second",
        figures.calls
    )?;
    let struck: u64 = audit.strikes.iter().map(|(_, count)| count).sum();
    let share = 100.0 * struck as f64 / audit.requests.max(1) as f64;
    writeln!(
        out,
        "  requests     {:>8}  at the gateway, {struck} faults struck: {share:.1} %",
        audit.requests
    )?;
    writeln!(
        out,
        "  latency      {:>8}  half of the calls",
        shown(figures.latency(0.5))
    )?;
    writeln!(
        out,
        "               {:>8}  99 of 100, with their repeats",
        shown(figures.latency(0.99))
    )?;
    writeln!(
        out,
        "  in doubt     {:>8}  payments whose outcome was not known for a while",
        figures.doubtful
    )?;
    writeln!(out, "  reconciled   {:>8}  of them", figures.reconciled)?;
    writeln!(out, "  tokens       {:>8}  granted", audit.tokens)?;
    match growth {
        Some(growth) => {
            writeln!(
                out,
                "  memory       {:>8}  at most, resident, of the processes of clients together",
                mib(growth.peak)
            )?;
            writeln!(
                out,
                "               {:>8}  in the second quarter",
                mib(growth.early)
            )?;
            let verdict = if growth.is_flat() { "flat" } else { "IT GROWS" };
            writeln!(
                out,
                "               {:>8}  in the last: {verdict}",
                mib(growth.late)
            )?;
        }
        None => writeln!(
            out,
            "  memory       not measured: too short a run, or no /proc here"
        )?,
    }
    writeln!(out, "took effect")?;
    for (operation, count) in &audit.effects {
        writeln!(out, "  {count:>8}  {operation}")?;
    }
    writeln!(out, "errors that the callers met")?;
    for (kind, count) in &figures.errors {
        writeln!(out, "  {count:>8}  {kind}")?;
    }
    writeln!(out, "faults that struck")?;
    for (name, count) in &audit.strikes {
        writeln!(out, "  {count:>8}  {name}")?;
    }
    if audit.findings.is_empty() {
        return writeln!(out, "nothing doubled, nothing lost, every balance right");
    }
    writeln!(out, "{} FINDINGS", audit.findings.len())?;
    for finding in audit.findings.iter().take(SHOWN) {
        writeln!(out, "  {finding}")?;
    }
    Ok(())
}

fn shown(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

fn mib(kib: u64) -> String {
    format!("{}.{} MiB", kib / 1024, kib % 1024 * 10 / 1024)
}
