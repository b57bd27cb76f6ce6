//! How patient a pull is, and how much it takes from a site.

use std::time::Duration;

/// Limits and times of a pull. The defaults are for a live site; tests shorten the times.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Requests under way at once in the first round.
    pub concurrency: usize,
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest wait for the next bytes of an answer.
    pub read_timeout: Duration,
    /// Longest time for one whole answer.
    pub total_timeout: Duration,
    /// How often an address is asked in one round before it is left to the next one.
    pub attempts: u32,
    /// Wait after the first failure; doubled after each further one, with jitter.
    pub backoff: Duration,
    /// Longest wait between two attempts, also where a site asks for more by `Retry-After`.
    pub longest_backoff: Duration,
    /// Failed pages in a row, in the last round, after which the site counts as out of reach.
    pub patience: usize,
    /// Largest page, in bytes.
    pub page_bytes: usize,
    /// Largest list of pages, in bytes.
    pub listing_bytes: usize,
    /// Most bytes of all pages together.
    pub total_bytes: usize,
    /// Most pages of a site.
    pub pages: usize,
    /// Age from which a page that an interrupted run kept is fetched anew.
    pub keep_for: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            concurrency: 4,
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(20),
            total_timeout: Duration::from_secs(120),
            attempts: 4,
            backoff: Duration::from_millis(500),
            longest_backoff: Duration::from_secs(30),
            patience: 5,
            page_bytes: apifox::MAX_PAGE_BYTES,
            listing_bytes: 64 * 1024 * 1024,
            total_bytes: 512 * 1024 * 1024,
            pages: 20_000,
            keep_for: Duration::from_secs(24 * 60 * 60),
        }
    }
}

impl Settings {
    /// The wait before attempt `attempt + 1`: doubled each time, and with `chance` (0 to 1) between half of
    /// that and the whole. What the site asks for is honoured up to the longest wait.
    pub fn wait(&self, attempt: u32, asked: Option<Duration>, chance: f64) -> Duration {
        let doubled = self
            .backoff
            .saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)))
            .min(self.longest_backoff);
        let own = doubled.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0);
        asked.map_or(own, |asked| own.max(asked.min(self.longest_backoff)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_have_jitter_and_a_bound() {
        let settings = Settings::default();
        let milliseconds = |attempt, asked: Option<u64>, chance| {
            settings
                .wait(attempt, asked.map(Duration::from_secs), chance)
                .as_millis()
        };
        for (attempt, asked, chance, expected) in [
            (1, None, 1.0, 500),
            (1, None, 0.0, 250),
            (3, None, 1.0, 2_000),
            (40, None, 1.0, 30_000),
            (1, Some(7), 1.0, 7_000),
            (1, Some(0), 1.0, 500),
            (1, Some(86_400), 1.0, 30_000),
        ] {
            assert_eq!(milliseconds(attempt, asked, chance), expected);
        }
    }
}
