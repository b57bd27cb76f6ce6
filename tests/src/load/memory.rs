//! How much memory processes have.

use std::fs;

/// The resident memory of some processes, looked at now and then. Empty where there is no `/proc`.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    /// KiB of all of them together, one after the other.
    samples: Vec<u64>,
    /// KiB.
    peak: u64,
}

/// How the memory of some processes grew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Growth {
    /// KiB at most.
    pub peak: u64,
    /// KiB in the middle of the second quarter of the run: everything that is kept is there by then.
    pub early: u64,
    /// KiB in the middle of its last quarter.
    pub late: u64,
}

/// KiB by which memory may grow between the two quarters: what the allocator holds back for itself moves. Of 100,000 calls,
/// half of which lie between them, some 40 bytes a call are more.
const SLACK: u64 = 2048;

impl Watch {
    /// Looks at these processes.
    pub fn look(&mut self, processes: impl IntoIterator<Item = u32>) {
        let sum: Option<u64> = processes.into_iter().map(resident).sum();
        if let Some(sum) = sum {
            self.add(sum);
        }
    }

    fn add(&mut self, kib: u64) {
        self.samples.push(kib);
        self.peak = self.peak.max(kib);
    }

    /// How it grew; `None` of too few samples.
    #[must_use]
    pub fn growth(&self) -> Option<Growth> {
        let quarter = self.samples.len() / 4;
        if quarter < 3 {
            return None;
        }
        Some(Growth {
            peak: self.peak,
            early: middle(&self.samples[quarter..2 * quarter]),
            late: middle(&self.samples[self.samples.len() - quarter..]),
        })
    }
}

impl Growth {
    /// Whether it stayed as it was.
    #[must_use]
    pub const fn is_flat(self) -> bool {
        self.late <= self.early + SLACK
    }
}

fn middle(samples: &[u64]) -> u64 {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// KiB; `None` of a process that has ended, and where there is no `/proc`.
fn resident(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched(of: impl Fn(u64) -> u64) -> Growth {
        let mut watch = Watch::default();
        (0..100).for_each(|at| watch.add(of(at)));
        watch.growth().unwrap()
    }

    #[test]
    fn what_grows_is_told_from_what_does_not() {
        for (name, of, flat) in [
            ("flat", (|_| 50_000) as fn(u64) -> u64, true),
            ("grows at its start", |at| 50_000 + 1_000 * at.min(20), true),
            ("goes up and down", |at| 50_000 + at % 7 * 500, true),
            ("grows all the time", |at| 50_000 + 100 * at, false),
            (
                "grows late",
                |at| 50_000 + 500 * at.saturating_sub(70),
                false,
            ),
        ] {
            let growth = watched(of);
            assert_eq!(growth.is_flat(), flat, "{name}: {growth:?}");
        }
        assert_eq!(watched(|at| at).peak, 99);
        assert_eq!(Watch::default().growth(), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_has_some() {
        let mut watch = Watch::default();
        (0..12).for_each(|_| watch.look([std::process::id()]));
        assert!(watch.growth().unwrap().peak > 100);
        assert_eq!(resident(0), None);
    }
}
