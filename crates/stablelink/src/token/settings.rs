//! Settings of the token.

use std::time::Duration;

/// When tokens are requested and refreshed. The defaults fit a server with several processes.
///
/// Not part of the public API: for the tests of this crate.
#[doc(hidden)]
#[derive(Clone, Debug, PartialEq)]
pub struct TokenSettings {
    pub(super) refresh_after: f64,
    pub(super) jitter: f64,
    pub(super) cooldown: Duration,
    pub(super) max_refreshes_per_cooldown: u32,
    pub(super) lock_ttl: Duration,
    pub(super) lock_timeout: Duration,
    pub(super) allow_unshared_token: bool,
}

impl Default for TokenSettings {
    fn default() -> Self {
        Self {
            refresh_after: 0.8,
            jitter: 0.1,
            cooldown: Duration::from_secs(30),
            max_refreshes_per_cooldown: 10,
            lock_ttl: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(40),
            allow_unshared_token: false,
        }
    }
}

const MAX_DURATION: Duration = Duration::from_secs(24 * 60 * 60);

/// Below this share every call would refresh the token.
const MIN_REFRESH_AFTER: f64 = 0.1;

/// Above this share a refresh may not finish before the token expires.
const MAX_REFRESH_AFTER: f64 = 0.95;

impl TokenSettings {
    /// Sets the share of the token's lifetime after which it is refreshed, from 0.1 to 0.95. Default: 0.8.
    ///
    /// A call starts the refresh and does not wait for it: it uses the token that is still valid. A client that makes no
    /// calls refreshes nothing.
    #[must_use]
    pub fn refresh_after(mut self, share: f64) -> Self {
        self.refresh_after = share;
        self
    }

    /// Sets the maximum random delay of a refresh, as a share of the token's lifetime. Default: 0.1.
    #[must_use]
    pub fn jitter(mut self, share: f64) -> Self {
        self.jitter = share;
        self
    }

    /// Sets how long no token is requested after the gateway rejected the credentials; calls fail immediately meanwhile.
    /// Default: 30 s; at most one day; zero disables the cooldown.
    ///
    /// The cooldown ends early when the API key changes. It is also the longest delay between two failed early refreshes, and
    /// the period in which at most 10 tokens are requested because the gateway rejected the previous one.
    ///
    /// A `Retry-After` of the gateway is honoured independently of this setting, up to 5 minutes.
    #[must_use]
    pub fn cooldown(mut self, duration: Duration) -> Self {
        self.cooldown = duration.min(MAX_DURATION);
        self
    }

    /// Sets how many tokens are requested within one cooldown because the gateway rejected the previous one. Default: 10; at
    /// least 1.
    ///
    /// Without this limit, each call would request a token from a gateway that rejects every token. After the last one, calls
    /// fail immediately until the cooldown since the first one has passed.
    #[must_use]
    pub fn max_refreshes_per_cooldown(mut self, count: u32) -> Self {
        self.max_refreshes_per_cooldown = count.max(1);
        self
    }

    /// Sets the TTL of the refresh lock, which is also the timeout of one refresh. Other processes wait this long for a process
    /// that was killed during a refresh. Default: 30 s; from 1 s to one day.
    #[must_use]
    pub fn lock_ttl(mut self, ttl: Duration) -> Self {
        self.lock_ttl = ttl.clamp(Duration::from_secs(1), MAX_DURATION);
        self
    }

    /// Sets how long a call waits for a refresh in another process. Default: 40 s, which is longer than the
    /// [`lock_ttl`](Self::lock_ttl), so that a killed process does not fail a call. At most one day. The deadline of the call
    /// also applies.
    #[must_use]
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout.min(MAX_DURATION);
        self
    }

    /// Sets whether this client requests its own token while the store is unavailable. Default: `false`, because that token
    /// invalidates the token of every other process. Set it only if no other process uses the account.
    #[must_use]
    pub fn allow_unshared_token(mut self, allowed: bool) -> Self {
        self.allow_unshared_token = allowed;
        self
    }

    /// Returns the share of the lifetime after which a token is refreshed, for a random number from 0 to 1.
    pub(super) fn refresh_share(&self, random: f64) -> f64 {
        // `max` returns the other operand if one is NaN.
        let share = self.refresh_after.max(MIN_REFRESH_AFTER)
            + self.jitter.max(0.0) * random.clamp(0.0, 1.0);
        if share.is_finite() {
            share.min(MAX_REFRESH_AFTER)
        } else {
            MAX_REFRESH_AFTER
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refresh_share_is_within_bounds() {
        const MIN: f64 = MIN_REFRESH_AFTER;
        const MAX: f64 = MAX_REFRESH_AFTER;
        for (after, jitter, random, share) in [
            (0.8, 0.1, 0.0, 0.8),
            (0.8, 0.1, 1.0, 0.9),
            (0.9, 0.9, 1.0, MAX),
            (7.0, 0.0, 0.5, MAX),
            (0.0, 0.0, 0.5, MIN),
            (-1.0, -1.0, 0.5, MIN),
            (f64::NAN, 0.1, 0.0, MIN),
            (f64::NEG_INFINITY, 0.1, 0.0, MIN),
            (f64::INFINITY, 0.1, 0.0, MAX),
            (0.5, f64::NAN, 0.5, 0.5),
            (0.8, 0.1, 7.0, 0.9),
        ] {
            let settings = TokenSettings::default().refresh_after(after).jitter(jitter);
            let actual = settings.refresh_share(random);
            assert!((actual - share).abs() < 1e-9, "{after} {jitter}: {actual}");
        }
    }
}
