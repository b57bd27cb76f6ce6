//! Webhooks: verified, told apart, handled once.
//!
//! [`Webhooks::verify`] takes headers and raw body and gives a [`Verified`], the only thing that an [`Event`] is read
//! from; [`handle`] runs a handler once for each event, with a [`ReplayGuard`] that remembers them; the sender is
//! answered with an [`Acknowledgement`]. With the feature `axum` all of this is one router: `webhook::axum::router`.
//!
//! Deliveries are a hint, not the record: they may be late, come twice, come out of order or, where the network does
//! not let the gateway through, not at all. Before something is handed over for money, look the order up.

mod acknowledgement;
#[cfg(feature = "axum")]
pub mod axum;
mod data;
mod event;
mod guard;
mod handling;
mod members;
mod payload;
mod verified;
mod webhooks;

pub use acknowledgement::Acknowledgement;
pub use event::Event;
#[cfg(feature = "redis")]
pub use guard::RedisGuard;
pub use guard::{Claim, EventKey, GuardError, Lease, MemoryGuard, REDELIVERIES, ReplayGuard};
pub use handling::{HandleError, Outcome, handle};
pub use payload::Payload;
pub use stablelink_signature::{Timestamp, VerifyError};
pub use verified::Verified;
pub use webhooks::Webhooks;
