//! What the two files hold.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::token::store::stored::unix_millis;
use crate::token::store::{StoreError, StoredToken};

/// The file of the tokens.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Book {
    /// By the text of their keys. Each has a version of its own.
    #[serde(rename = "stablelink_tokens")]
    tokens: BTreeMap<String, Box<RawValue>>,
}

impl Book {
    pub(super) fn token(&self, key: &str) -> Result<Option<StoredToken>, StoreError> {
        match self.tokens.get(key) {
            Some(text) => StoredToken::from_json(text.get()),
            None => Ok(None),
        }
    }

    /// That of the token; 0 without one.
    pub(super) fn generation(&self, key: &str) -> Result<u64, StoreError> {
        Ok(self.token(key)?.map_or(0, |token| token.generation()))
    }

    /// Forgets tokens that have ended, refresh tokens too: nothing else would ever remove those of old accounts.
    pub(super) fn put(
        &mut self,
        key: String,
        token: &StoredToken,
        now: SystemTime,
    ) -> Result<(), StoreError> {
        self.tokens.retain(|_, text| {
            StoredToken::from_json(text.get())
                .ok()
                .flatten()
                .is_none_or(|token| token.forget_at_ms() > unix_millis(now))
        });
        let text = token.to_json()?.expose_secret().to_owned();
        let text = RawValue::from_string(text)
            .map_err(|_| StoreError::new("a token could not be written as JSON"))?;
        self.tokens.insert(key, text);
        Ok(())
    }
}

/// The file of the locks.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Ledger {
    /// By the text of their keys.
    #[serde(default)]
    locks: BTreeMap<String, Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    /// The newest that was given out.
    generation: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    held: Option<Held>,
}

#[derive(Serialize, Deserialize)]
struct Held {
    owner: String,
    since_ms: u64,
    until_ms: u64,
}

impl Ledger {
    /// The generation of a new lock, if nobody else has it.
    ///
    /// Generations begin at the time of day, so that none is given out again when the files were deleted.
    pub(super) fn take(
        &mut self,
        key: &str,
        owner: &str,
        life: Duration,
        now: SystemTime,
        saved: u64,
    ) -> Option<u64> {
        let now = unix_millis(now);
        let entry = self.locks.entry(key.to_owned()).or_insert(Entry {
            generation: 0,
            held: None,
        });
        // A lock from the future was taken before the clock went back: nobody can tell its end.
        let taken = entry.held.as_ref().is_some_and(|held| {
            held.owner != owner && (held.since_ms..held.until_ms).contains(&now)
        });
        if taken {
            return None;
        }
        entry.generation = entry.generation.max(saved).saturating_add(1).max(now);
        entry.held = Some(Held {
            owner: owner.to_owned(),
            since_ms: now,
            until_ms: now.saturating_add(u64::try_from(life.as_millis()).unwrap_or(u64::MAX)),
        });
        Some(entry.generation)
    }

    pub(super) fn newest(&self, key: &str) -> u64 {
        self.locks.get(key).map_or(0, |entry| entry.generation)
    }

    pub(super) fn give_back(&mut self, key: &str, owner: &str) -> bool {
        let Some(entry) = self.locks.get_mut(key) else {
            return false;
        };
        entry.held.take_if(|held| held.owner == owner).is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_lock_lasts_as_long_as_the_clock_says() {
        let start = UNIX_EPOCH + 1_000 * SECOND;
        for (owner, now, taken) in [
            ("b", start, false),
            ("b", start + 9 * SECOND, false),
            ("b", start + 10 * SECOND, true),
            ("b", start - SECOND, true),
            ("a", start + SECOND, true),
        ] {
            let mut ledger = Ledger::default();
            let first = ledger.take("key", "a", 10 * SECOND, start, 7).unwrap();
            assert_eq!(first, 1_000_000);
            let second = ledger.take("key", owner, 10 * SECOND, now, 7);
            assert_eq!(second.is_some(), taken, "{owner} {now:?}");
            assert!(second.is_none_or(|second| second > first));
        }
    }

    #[test]
    fn a_generation_is_greater_than_every_one_before() {
        let mut ledger = Ledger::default();
        let saved = 5_000_000_000_000;
        let take = |ledger: &mut Ledger, saved| ledger.take("key", "a", SECOND, UNIX_EPOCH, saved);
        assert_eq!(take(&mut ledger, saved), Some(saved + 1));
        assert_eq!(take(&mut ledger, 0), Some(saved + 2));
        assert_eq!(ledger.newest("key"), saved + 2);
        assert_eq!(ledger.newest("other"), 0);
    }

    #[test]
    fn what_has_ended_is_forgotten() {
        let mut book = Book::default();
        let token = |end| StoredToken::new(1, "a".into(), UNIX_EPOCH + end * SECOND);
        for (key, end) in [("old", 9), ("young", 11)] {
            book.put(key.to_owned(), &token(end), UNIX_EPOCH).unwrap();
        }
        book.put("new".to_owned(), &token(20), UNIX_EPOCH + 10 * SECOND)
            .unwrap();
        assert_eq!(book.tokens.keys().collect::<Vec<_>>(), ["new", "young"]);
    }
}
