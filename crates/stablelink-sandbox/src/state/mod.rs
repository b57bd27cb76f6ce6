//! What a sandbox remembers.

pub(crate) mod books;
mod client;
mod effects;
mod gateway;
mod mismatches;
mod requests;
mod tokens;

pub(crate) use books::Books;
pub use books::{Account, Balances, UploadedFile};
pub(crate) use client::Client;
pub use effects::{Effect, Effects};
pub(crate) use gateway::Gateway;
pub use mismatches::Mismatch;
pub(crate) use mismatches::Mismatches;
pub use requests::RequestRecord;
pub(crate) use requests::{Arrival, RequestLog};
pub use tokens::TokenGrants;
pub(crate) use tokens::Tokens;
