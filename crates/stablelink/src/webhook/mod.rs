//! Webhooks: verify deliveries, read their events, handle each event once.
//!
//! [`WebhookVerifier::verify`] checks the headers and the raw body of a delivery and returns a [`VerifiedDelivery`], the only
//! source of a [`WebhookEvent`]. [`handle`] runs a handler once per event; a [`Deduplicator`] remembers the events. The receiver
//! responds with an [`Acknowledgement`]. With the feature `axum`, `webhook::axum::router` does all of this.
//!
//! Deliveries are notifications, not the record: they may be late, duplicated, out of order or lost. Before you deliver
//! goods for a payment, look up the order.
//!
//! Read in this order: `verifier`, `event`, `payload`, `handle`, `deduplicator`, `axum`.

#[cfg(feature = "axum")]
pub mod axum;
mod deduplicator;
mod event;
mod handle;
mod memory_deduplicator;
mod payload;
#[cfg(feature = "redis")]
mod redis_deduplicator;
mod verifier;

pub use deduplicator::{ClaimResult, Deduplicator, DeduplicatorError, EventClaim, EventKey};
pub use event::WebhookEvent;
pub use handle::{Acknowledgement, HandleError, HandleOutcome, handle};
pub use memory_deduplicator::MemoryDeduplicator;
pub use payload::EventPayload;
#[cfg(feature = "redis")]
pub use redis_deduplicator::RedisDeduplicator;
pub use stablelink_signature::{Timestamp, VerifyError};
pub use verifier::{VerifiedDelivery, WebhookVerifier};
