//! The StableLink payment gateway on localhost, for tests, examples and demos. **Unofficial**: it
//! behaves as the public documentation says, and where that is silent, as the table in this
//! crate's README says. It proves nothing about the live service.
//!
//! ```
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use stablelink_sandbox::{Fault, Operation, Sandbox};
//!
//! let sandbox = Sandbox::builder().token_lifetime(60).start().await?;
//! let (url, credentials) = (sandbox.url(), sandbox.credentials());
//! // ... a client for that URL and those credentials ...
//!
//! // The next order is made, but the client never learns of it.
//! sandbox.faults().add(Fault::reset().on(Operation::CreateCheckoutOrder).after_effect());
//! // ... the client makes an order with the number "A1" ...
//! assert!(sandbox.effects().count(Operation::CreateCheckoutOrder, "A1") <= 1);
//! # let _ = (url, credentials);
//! # Ok(())
//! # }
//! ```
//!
//! Each sandbox has a port of its own on the loopback interface, and all of its state in memory:
//! any number of them live side by side. It shares no code with the client: signatures are
//! checked by an implementation of its own, held to the same vectors.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod auth;
mod clock;
mod connection;
mod control;
mod credentials;
mod delays;
mod document;
mod envelope;
mod exact;
mod faults;
mod money;
mod operation;
mod operations;
mod outside;
mod random;
mod refusal;
mod sandbox;
mod server;
mod settings;
mod state;
mod webhooks;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use clock::SandboxClock;
pub use credentials::SandboxCredentials;
pub use delays::{Delays, RecordOutcome};
pub use faults::{Fault, FaultId, Faults, InvalidFault};
pub use operation::{Operation, UnknownOperation};
pub use outside::UnknownRecord;
pub use random::RandomnessError;
pub use sandbox::{Sandbox, SandboxBuilder, StartError};
pub use settings::{
    ErrorStatus, RateVersion, RejectedToken, RetcodeForm, Retmsg, SandboxQueryForm,
    SandboxSettings, TokenShape, WebhookData,
};
pub use state::{
    Balances, Delivery, DeliveryAttempt, DeliveryState, EffectCount, Effects, InvalidWebhookUrl,
    LedgerAccount, RequestRecord, SchemaMismatch, TokenGrants, UploadedFile,
};

/// Locks. A panic of another holder leaves no half-made change behind worth dying for.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
