//! Resident memory of the client processes.

use std::fs;

/// Samples of the total resident memory of several processes. Has no samples on systems without `/proc`.
#[derive(Clone, Debug, Default)]
pub struct MemoryMonitor {
    /// Total resident memory in KiB, in order of time.
    samples: Vec<u64>,
    /// Largest sample in KiB.
    peak: u64,
}

/// Memory growth over a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryGrowth {
    /// Largest sample in KiB.
    pub peak: u64,
    /// Median of the second quarter of the run in KiB, when all caches are filled.
    pub early: u64,
    /// Median of the last quarter in KiB.
    pub late: u64,
}

/// Tolerated growth in KiB between the two quarters, since the allocator's reserve varies. With 100,000 calls, a leak of
/// 40 bytes per call exceeds it.
const TOLERANCE: u64 = 2048;

impl MemoryMonitor {
    /// Samples the total memory of these processes.
    pub fn sample(&mut self, processes: impl IntoIterator<Item = u32>) {
        let sum: Option<u64> = processes.into_iter().map(resident_kib).sum();
        if let Some(sum) = sum {
            self.add(sum);
        }
    }

    fn add(&mut self, kib: u64) {
        self.samples.push(kib);
        self.peak = self.peak.max(kib);
    }

    /// Returns the growth, or `None` for fewer than 12 samples.
    #[must_use]
    pub fn growth(&self) -> Option<MemoryGrowth> {
        let quarter = self.samples.len() / 4;
        if quarter < 3 {
            return None;
        }
        Some(MemoryGrowth {
            peak: self.peak,
            early: median(&self.samples[quarter..2 * quarter]),
            late: median(&self.samples[self.samples.len() - quarter..]),
        })
    }
}

impl MemoryGrowth {
    /// Returns whether memory stayed within the tolerance.
    #[must_use]
    pub const fn is_flat(self) -> bool {
        self.late <= self.early + TOLERANCE
    }
}

fn median(samples: &[u64]) -> u64 {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// Returns the resident memory in KiB, or `None` if the process has ended or there is no `/proc`.
fn resident_kib(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn growth_of(of: impl Fn(u64) -> u64) -> MemoryGrowth {
        let mut monitor = MemoryMonitor::default();
        (0..100).for_each(|at| monitor.add(of(at)));
        monitor.growth().unwrap()
    }

    #[test]
    fn growth_detects_steady_and_late_leaks_only() {
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
            let growth = growth_of(of);
            assert_eq!(growth.is_flat(), flat, "{name}: {growth:?}");
        }
        assert_eq!(growth_of(|at| at).peak, 99);
        assert_eq!(MemoryMonitor::default().growth(), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn sample_reads_memory_of_own_process() {
        let mut monitor = MemoryMonitor::default();
        (0..12).for_each(|_| monitor.sample([std::process::id()]));
        assert!(monitor.growth().unwrap().peak > 100);
        assert_eq!(resident_kib(0), None);
    }
}
