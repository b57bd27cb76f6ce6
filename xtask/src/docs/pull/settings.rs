//! Limits and timeouts of a pull.

use std::time::Duration;

/// Limits and timeouts of a pull. The defaults are for a live site; tests use shorter times.
#[derive(Debug, Clone)]
pub struct PullSettings {
    /// The number of concurrent requests in the first round.
    pub concurrency: usize,
    /// The timeout for a connection.
    pub connect_timeout: Duration,
    /// The timeout for the next bytes of a response.
    pub read_timeout: Duration,
    /// The timeout for a whole response.
    pub total_timeout: Duration,
    /// The number of attempts for a URL in one round.
    pub attempts: u32,
    /// The delay after the first failure. It doubles after each further one, with jitter.
    pub backoff: Duration,
    /// The maximum delay between two attempts, even if `Retry-After` is longer.
    pub max_backoff: Duration,
    /// The number of consecutive failed pages in the last round after which the run is aborted.
    pub max_failures: usize,
    /// The maximum size of a page, in bytes.
    pub page_bytes: usize,
    /// The maximum size of the list of pages, in bytes.
    pub listing_bytes: usize,
    /// The maximum size of all pages together, in bytes.
    pub total_bytes: usize,
    /// The maximum number of pages.
    pub pages: usize,
    /// The maximum duration of the whole pull.
    pub deadline: Duration,
    /// The age from which a cached page is fetched again.
    pub cache_lifetime: Duration,
}

impl Default for PullSettings {
    fn default() -> Self {
        Self {
            concurrency: 4,
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(20),
            total_timeout: Duration::from_secs(120),
            attempts: 4,
            backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(30),
            max_failures: 5,
            page_bytes: apifox::MAX_PAGE_BYTES,
            listing_bytes: 64 * 1024 * 1024,
            total_bytes: 512 * 1024 * 1024,
            pages: 20_000,
            deadline: Duration::from_secs(60 * 60),
            cache_lifetime: Duration::from_secs(24 * 60 * 60),
        }
    }
}

impl PullSettings {
    /// Returns the delay before attempt `attempt + 1`. `chance` (0 to 1) selects a value between half of
    /// the backoff and the whole. `asked` (`Retry-After`) is honoured up to the maximum delay.
    pub fn backoff_delay(&self, attempt: u32, asked: Option<Duration>, chance: f64) -> Duration {
        let doubled = self
            .backoff
            .saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)))
            .min(self.max_backoff);
        let own = doubled.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0);
        asked.map_or(own, |asked| own.max(asked.min(self.max_backoff)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_delay_doubles_with_jitter_and_limit() {
        let settings = PullSettings::default();
        let milliseconds = |attempt, asked: Option<u64>, chance| {
            settings
                .backoff_delay(attempt, asked.map(Duration::from_secs), chance)
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
