//! Randomness: of the operating system for secrets, from a seed for what a test must repeat.

/// The operating system gives no random bytes.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the operating system gives no random bytes: {0}")]
pub struct RandomnessError(getrandom::Error);

/// That many letters and digits, each of a set of 32, so that no value is likelier than another.
pub(crate) fn text(length: usize) -> Result<String, RandomnessError> {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let mut bytes = vec![0_u8; length];
    getrandom::fill(&mut bytes).map_err(RandomnessError)?;
    Ok(bytes
        .into_iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
        .collect())
}

/// SplitMix64: the same numbers for the same seed, on every machine and in every version.
#[derive(Clone, Debug)]
pub(crate) struct Seeded(u64);

impl Seeded {
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

    /// True in `parts` of a million cases.
    pub(crate) const fn hits(&mut self, parts: u32) -> bool {
        // The bias of the remainder is one in 10^13.
        self.next() % 1_000_000 < parts as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_published_sequence() {
        // The first numbers of SplitMix64 from the seed 1234567, as its author publishes them.
        let mut seeded = Seeded::new(1_234_567);
        let numbers = [(); 3].map(|()| seeded.next());
        assert_eq!(
            numbers,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn hits_as_often_as_asked() {
        let mut seeded = Seeded::new(1);
        assert!((0..1000).all(|_| seeded.hits(1_000_000)));
        assert!(!(0..1000).any(|_| seeded.hits(0)));
        let hits = (0..10_000).filter(|_| seeded.hits(200_000)).count();
        assert!((1_900..2_100).contains(&hits), "{hits}");
    }
}
