//! What a sandbox remembers.

pub(crate) mod books;
mod client;
mod deliveries;
mod effects;
mod gateway;
mod ids;
mod mismatches;
mod receiver;
mod requests;
mod tokens;

pub(crate) use books::Books;
pub use books::{Balances, LedgerAccount, UploadedFile};
pub(crate) use client::Client;
pub(crate) use deliveries::{Deliveries, Due};
pub use deliveries::{Delivery, DeliveryAttempt, DeliveryState};
pub use effects::{EffectCount, Effects};
pub(crate) use gateway::Gateway;
pub(crate) use ids::Ids;
pub(crate) use mismatches::Mismatches;
pub use mismatches::SchemaMismatch;
pub use receiver::InvalidWebhookUrl;
pub(crate) use receiver::Receiver;
pub use requests::RequestRecord;
pub(crate) use requests::{Arrival, RequestLog};
pub use tokens::TokenGrants;
pub(crate) use tokens::Tokens;
