//! A local emulation of the StableLink payment gateway for tests, examples and demos.
//! **Unofficial**: it follows the public documentation. Where the documentation is silent, it
//! follows the table in this crate's README. It proves nothing about the live service.
//!
//! ```
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use stablelink_sandbox::{Fault, Sandbox, SandboxOperation};
//!
//! let sandbox = Sandbox::builder().token_lifetime(60).start().await?;
//! let (url, credentials) = (sandbox.url(), sandbox.credentials());
//! // ... create a client for this URL with these credentials ...
//!
//! // The next order is created, but the client does not receive the response.
//! sandbox.faults().add(Fault::reset().on(SandboxOperation::CreateCheckoutOrder).after_effect());
//! // ... the client creates an order with the number "A1" ...
//! assert!(sandbox.effects().count(SandboxOperation::CreateCheckoutOrder, "A1") <= 1);
//! # let _ = (url, credentials);
//! # Ok(())
//! # }
//! ```
//!
//! Each sandbox listens on its own port of the loopback interface and keeps all of its state in
//! memory, so any number of sandboxes can run at the same time. The crate shares no code with the
//! client: it verifies signatures with its own implementation, tested against the same vectors.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod api_error;
mod auth;
mod clock;
mod control;
mod credentials;
mod document;
mod effects;
mod envelope;
mod external_events;
mod faults;
mod gateway;
mod ledger;
mod money;
mod operations;
mod request;
mod request_log;
mod sandbox;
mod server;
mod settings;
mod sync;
mod webhooks;

pub use auth::TokenGrants;
pub use clock::SandboxClock;
pub use credentials::{RandomnessError, SandboxCredentials};
pub use document::{OtherOperation, SandboxOperation, SchemaMismatch, UnknownOperation};
pub use effects::{EffectCount, Effects};
pub use external_events::{SandboxRecordKind, UnknownRecord};
pub use faults::{Fault, FaultId, FaultList, InvalidFault};
pub use ledger::{Balances, LedgerAccount, SandboxFile};
pub use request_log::RequestRecord;
pub use sandbox::{Sandbox, SandboxBuilder, StartError};
pub use settings::{
    Delays, ErrorStatus, IdForm, RateForm, RecordOutcome, RejectedToken, RetcodeForm, Retmsg,
    SandboxQueryForm, SandboxSettings, TokenShape, WebhookAcknowledgement, WebhookData,
};
pub use webhooks::{Delivery, DeliveryAttempt, DeliveryState, InvalidWebhookUrl};
