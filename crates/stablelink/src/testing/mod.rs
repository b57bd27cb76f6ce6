//! For the tests of those who depend on this crate: a clock that never waits.

mod manual_clock;

pub use manual_clock::ManualClock;
