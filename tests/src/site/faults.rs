//! Deterministic failures: by seed, path and number of the request.

use super::server::Reply;

/// The share of requests that fail.
#[derive(Debug, Clone, Copy)]
pub struct Faults {
    /// The seed. Other seeds cause other failures.
    pub seed: u64,
    /// The percentage of failing requests.
    pub percent: u64,
}

impl Faults {
    /// Returns the reply or a failure: 403, 500, truncated, or never ending.
    pub(super) fn apply(&self, target: &str, times: usize, reply: Reply) -> Reply {
        let mut hash = self.seed ^ 0xcbf2_9ce4_8422_2325;
        for byte in target.bytes().chain(times.to_le_bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        // The low bits of this hash are weak.
        let hash = (hash ^ (hash >> 29)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16;
        if hash % 100 >= self.percent {
            return reply;
        }
        match (hash / 100) % 8 {
            0..=2 => Reply::status(403),
            3..=4 => Reply::status(500),
            5..=6 => reply.cut(),
            _ => reply.stalled(),
        }
    }
}
