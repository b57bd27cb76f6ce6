//! How fast records move by themselves.

/// Seconds of the sandbox's clock that each step of a record takes; `None`: it waits for a test.
///
/// No page tells how long anything takes: these are the sandbox's choices. A step keeps the time
/// that it began with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pace {
    /// From a submitted KYB to its result. 60.
    pub kyb: Option<u64>,
    /// How a KYB ends: `APPROVED` or `REJECTED`.
    pub kyb_ends: Ending,
    /// From a `Pending` trade that nobody confirms to `Expired`. 86400.
    pub trade_wait: Option<u64>,
    /// From a confirmed trade to its end. 60.
    pub trade: Option<u64>,
    /// How a confirmed trade ends: `Completed` or `Failed`.
    pub trade_ends: Ending,
    /// From `PENDING_REFUND` to `REFUNDING`, and from there to the end. 60.
    pub refund: Option<u64>,
    /// How a refund ends: `REFUNDED` or `FAILED`. It fails too if its money is no longer there.
    pub refund_ends: Ending,
    /// From `PENDING_SETTLEMENT` to `SETTLING`, and from there to the end. 60.
    pub settlement: Option<u64>,
    /// How a settlement ends: `SETTLED` or `FAILED`. It fails too if its money is not there.
    pub settlement_ends: Ending,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            kyb: Some(60),
            kyb_ends: Ending::Good,
            trade_wait: Some(86_400),
            trade: Some(60),
            trade_ends: Ending::Good,
            refund: Some(60),
            refund_ends: Ending::Good,
            settlement: Some(60),
            settlement_ends: Ending::Good,
        }
    }
}

/// How something ends that the clock drives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// As its owner hopes.
    Good,
    /// Otherwise.
    Bad,
}

impl Ending {
    pub(crate) const fn choose<T: Copy>(self, good: T, bad: T) -> T {
        match self {
            Self::Good => good,
            Self::Bad => bad,
        }
    }
}
