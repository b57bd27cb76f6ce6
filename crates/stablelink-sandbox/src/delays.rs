//! How fast records move by themselves.

/// Seconds of the sandbox's clock that each step of a record takes; `None`: it waits for a test.
///
/// No page tells how long anything takes: these are the sandbox's choices. A step keeps the time
/// that it began with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delays {
    /// From a submitted KYB to its result. 60.
    pub kyb: Option<u64>,
    /// How a KYB ends: `APPROVED` or `REJECTED`.
    pub kyb_outcome: RecordOutcome,
    /// From a `Pending` trade that nobody confirms to `Expired`. 86400.
    pub trade_expiry: Option<u64>,
    /// From a confirmed trade to its end. 60.
    pub trade: Option<u64>,
    /// How a confirmed trade ends: `Completed` or `Failed`.
    pub trade_outcome: RecordOutcome,
    /// From `PENDING_REFUND` to `REFUNDING`, and from there to the end. 60.
    pub refund: Option<u64>,
    /// How a refund ends: `REFUNDED` or `FAILED`. It fails too if its money is no longer there.
    pub refund_outcome: RecordOutcome,
    /// From `PENDING_SETTLEMENT` to `SETTLING`, and from there to the end. 60.
    pub settlement: Option<u64>,
    /// How a settlement ends: `SETTLED` or `FAILED`. It fails too if its money is not there.
    pub settlement_outcome: RecordOutcome,
}

impl Default for Delays {
    fn default() -> Self {
        Self {
            kyb: Some(60),
            kyb_outcome: RecordOutcome::Success,
            trade_expiry: Some(86_400),
            trade: Some(60),
            trade_outcome: RecordOutcome::Success,
            refund: Some(60),
            refund_outcome: RecordOutcome::Success,
            settlement: Some(60),
            settlement_outcome: RecordOutcome::Success,
        }
    }
}

/// How something ends that the clock drives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordOutcome {
    /// As its owner hopes.
    Success,
    /// Otherwise.
    Failure,
}

impl RecordOutcome {
    pub(crate) const fn choose<T: Copy>(self, good: T, bad: T) -> T {
        match self {
            Self::Success => good,
            Self::Failure => bad,
        }
    }
}
