//! Credentials of a client, and the random numbers that the sandbox needs.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// API key, API secret and sign key of one client.
///
/// The credentials are useless outside the sandbox. `Debug` hides them anyway, because a program
/// under test must not print them.
#[derive(Clone)]
pub struct SandboxCredentials {
    api_key: SecretString,
    api_secret: SecretString,
    sign_key: SecretString,
}

impl SandboxCredentials {
    /// Creates credentials with these values.
    #[must_use]
    pub fn new(
        api_key: impl Into<SecretString>,
        api_secret: impl Into<SecretString>,
        sign_key: impl Into<SecretString>,
    ) -> Self {
        Self {
            api_key: api_key.into(),
            api_secret: api_secret.into(),
            sign_key: sign_key.into(),
        }
    }

    /// Creates random credentials.
    ///
    /// # Errors
    ///
    /// Fails if the operating system provides no random bytes.
    pub fn random() -> Result<Self, RandomnessError> {
        Ok(Self::new(
            format!("sandbox-key-{}", random_string(16)?),
            format!("sandbox-secret-{}", random_string(24)?),
            format!("sandbox-sign-{}", random_string(24)?),
        ))
    }

    /// Returns the API key.
    #[must_use]
    pub const fn api_key(&self) -> &SecretString {
        &self.api_key
    }

    /// Returns the API secret.
    #[must_use]
    pub const fn api_secret(&self) -> &SecretString {
        &self.api_secret
    }

    /// Returns the sign key.
    #[must_use]
    pub const fn sign_key(&self) -> &SecretString {
        &self.sign_key
    }

    pub(crate) fn matches(&self, api_key: &str, api_secret: &str) -> bool {
        self.api_key.expose_secret() == api_key && self.api_secret.expose_secret() == api_secret
    }
}

impl fmt::Debug for SandboxCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxCredentials").finish_non_exhaustive()
    }
}

/// The operating system provides no random bytes.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the operating system provides no random bytes: {0}")]
pub struct RandomnessError(getrandom::Error);

/// Returns `length` random letters and digits from the operating system.
pub(crate) fn random_string(length: usize) -> Result<String, RandomnessError> {
    // 32 characters, so that every remainder of a byte is equally likely.
    const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let mut bytes = vec![0_u8; length];
    getrandom::fill(&mut bytes).map_err(RandomnessError)?;
    let characters = bytes
        .into_iter()
        .map(|byte| ALPHABET[usize::from(byte % 32)]);
    Ok(characters.map(char::from).collect())
}

/// A SplitMix64 generator: a seed gives the same numbers on every machine and in every version.
///
/// `fastrand` was considered, but it does not guarantee the same numbers in future versions: after
/// an update, the seed of a test could select different requests.
#[derive(Clone, Debug)]
pub(crate) struct SeededRandom(u64);

impl SeededRandom {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns true in `millionths` of a million cases.
    pub(crate) const fn hits(&mut self, millionths: u32) -> bool {
        // The bias of the remainder is one in 10^13.
        self.next() % 1_000_000 < millionths as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_credentials_differ_and_are_redacted() {
        let (a, b) = (
            SandboxCredentials::random().unwrap(),
            SandboxCredentials::random().unwrap(),
        );
        for secret in [
            SandboxCredentials::api_key,
            SandboxCredentials::api_secret,
            SandboxCredentials::sign_key,
        ] {
            assert_ne!(secret(&a).expose_secret(), secret(&b).expose_secret());
        }
        assert_eq!(format!("{a:?}"), "SandboxCredentials { .. }");
    }

    #[test]
    fn seeded_random_matches_published_sequence() {
        // The first numbers of the SplitMix64 reference implementation for the seed 1234567.
        let mut random = SeededRandom::new(1_234_567);
        let expected = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
        ];
        assert_eq!([(); 3].map(|()| random.next()), expected);
    }

    #[test]
    fn seeded_random_hits_at_the_requested_rate() {
        let mut random = SeededRandom::new(1);
        assert!((0..1000).all(|_| random.hits(1_000_000)));
        assert!(!(0..1000).any(|_| random.hits(0)));
        let hits = (0..10_000).filter(|_| random.hits(200_000)).count();
        assert!((1_900..2_100).contains(&hits), "{hits}");
    }
}
