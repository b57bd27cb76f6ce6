//! For the tests of those who depend on this crate: a clock that never waits, deliveries as the gateway signs them.

mod delivery;
mod manual_clock;

pub use delivery::{SignedDelivery, TestDelivery};
pub use manual_clock::ManualClock;
