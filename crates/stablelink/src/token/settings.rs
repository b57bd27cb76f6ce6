//! How tokens are kept and renewed.

use std::time::Duration;

/// How tokens are kept and renewed. The defaults fit a server with several processes.
///
/// ```
/// use std::time::Duration;
/// use stablelink::TokenSettings;
///
/// let settings = TokenSettings::default()
///     .renew_after(0.7)
///     .jitter(0.2)
///     .cool_down(Duration::from_secs(10));
/// # drop(settings);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct TokenSettings {
    pub(super) renew_after: f64,
    pub(super) jitter: f64,
    pub(super) cool_down: Duration,
    pub(super) renewals_per_cool_down: u32,
    pub(super) lock_life: Duration,
    pub(super) wait_for_other: Duration,
    pub(super) private_token_without_store: bool,
}

impl Default for TokenSettings {
    fn default() -> Self {
        Self {
            renew_after: 0.8,
            jitter: 0.1,
            cool_down: Duration::from_secs(30),
            renewals_per_cool_down: 10,
            lock_life: Duration::from_secs(30),
            wait_for_other: Duration::from_secs(40),
            private_token_without_store: false,
        }
    }
}

/// No setting is longer.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// No renewal begins earlier than after this share of a token's life: one that is due at once would be renewed by every call.
const EARLIEST: f64 = 0.1;

/// No renewal begins later than after this share of a token's life: it needs time.
const LATEST: f64 = 0.95;

impl TokenSettings {
    /// After which share of its life a token is renewed, from 0.1 to 0.95; what is beyond counts as the nearest of them. By
    /// default 0.8.
    ///
    /// The renewal runs beside the calls, which go on with the token that still lives. It is begun by a call: a client
    /// that is not used renews nothing.
    #[must_use]
    pub fn renew_after(mut self, share: f64) -> Self {
        self.renew_after = share;
        self
    }

    /// Up to which share of a token's life its early renewal is put off by chance, so that processes don't renew in
    /// step. By default 0.1; with [`renew_after`](Self::renew_after) never more than 0.95.
    #[must_use]
    pub fn jitter(mut self, share: f64) -> Self {
        self.jitter = share;
        self
    }

    /// How long nothing is asked for after the gateway refused the credentials; calls fail at once meanwhile. By
    /// default 30 s.
    ///
    /// A `Retry-After` with which a token is refused for now is kept to likewise, up to 5 min, whatever stands here.
    ///
    /// It ends early when the api key changes. A day at most; with zero nothing is held back. It is also the time in which
    /// [`renewals_per_cool_down`](Self::renewals_per_cool_down) counts, and the longest pause between two early
    /// renewals that fail.
    #[must_use]
    pub fn cool_down(mut self, time: Duration) -> Self {
        self.cool_down = time.min(DAY);
        self
    }

    /// How many tokens are asked for within a cool-down because the gateway refused the one before. By default 10; at
    /// least 1.
    ///
    /// A gateway that refuses every token would otherwise be asked for one more by each call. When they are used up,
    /// calls fail at once until the cool-down since the first of them has passed.
    #[must_use]
    pub fn renewals_per_cool_down(mut self, count: u32) -> Self {
        self.renewals_per_cool_down = count.max(1);
        self
    }

    /// How long a process may take for a renewal before others take over, and so how long others wait for one that was
    /// killed. By default 30 s; from 1 s to a day.
    #[must_use]
    pub fn lock_life(mut self, time: Duration) -> Self {
        self.lock_life = time.clamp(Duration::from_secs(1), DAY);
        self
    }

    /// How long a call waits, at most, for another process that renews the token. By default 40 s: longer than
    /// [`lock_life`](Self::lock_life), so that a killed process fails no call. A day at most. The deadline of the call
    /// holds all the same.
    #[must_use]
    pub fn wait_for_other(mut self, time: Duration) -> Self {
        self.wait_for_other = time.min(DAY);
        self
    }

    /// Whether this client gets a token of its own while the store can't be reached. By default not: it would end the
    /// token of everyone else. Only for an account that one process uses.
    #[must_use]
    pub fn private_token_without_store(mut self, allowed: bool) -> Self {
        self.private_token_without_store = allowed;
        self
    }

    /// The share of life after which a token is renewed, for a chance from 0 to 1.
    pub(super) fn early(&self, chance: f64) -> f64 {
        // `max` takes the other side of what is no number.
        let share = self.renew_after.max(EARLIEST) + self.jitter.max(0.0) * chance.clamp(0.0, 1.0);
        if share.is_finite() {
            share.min(LATEST)
        } else {
            LATEST
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_early_share_is_bounded() {
        for (after, jitter, chance, share) in [
            (0.8, 0.1, 0.0, 0.8),
            (0.8, 0.1, 1.0, 0.9),
            (0.9, 0.9, 1.0, LATEST),
            (7.0, 0.0, 0.5, LATEST),
            (0.0, 0.0, 0.5, EARLIEST),
            (-1.0, -1.0, 0.5, EARLIEST),
            (f64::NAN, 0.1, 0.0, EARLIEST),
            (f64::NEG_INFINITY, 0.1, 0.0, EARLIEST),
            (f64::INFINITY, 0.1, 0.0, LATEST),
            (0.5, f64::NAN, 0.5, 0.5),
            (0.8, 0.1, 7.0, 0.9),
        ] {
            let settings = TokenSettings::default().renew_after(after).jitter(jitter);
            let early = settings.early(chance);
            assert!((early - share).abs() < 1e-9, "{after} {jitter}: {early}");
        }
    }
}
