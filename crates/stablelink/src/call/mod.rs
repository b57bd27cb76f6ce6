//! One call, from its request to its answer.
//!
//! Layers, outermost first, each of which knows only those below it: deadline ([`run`]), retry ([`deliver`]), token, clock
//! offset and signature ([`attempt`]), what the call remembers ([`session`]), the exchange of bytes ([`exchange`]), what the
//! answer means ([`verdict`]). Every attempt has a current token and a fresh signature over the final bytes.

mod attempt;
mod budget;
mod builder;
mod deliver;
mod exchange;
mod failure;
mod glance;
mod limits;
mod offset;
mod policy;
mod request;
mod run;
mod session;
mod shared;
mod source;
mod verdict;

pub use builder::Call;
pub use policy::RetryPolicy;
pub use request::RawRequest;

pub(crate) use budget::Budget;
pub(crate) use exchange::{Exchanged, Limits, exchange};
pub(crate) use failure::Failure;
pub(crate) use offset::Offset;
pub(crate) use run::Run;
#[cfg(feature = "provisional")]
pub(crate) use run::{MISSING, envelope};
pub(crate) use session::Plan;
pub(crate) use shared::Shared;
#[cfg(feature = "provisional")]
pub(crate) use source::Source;
pub(crate) use verdict::{Verdict, judge};
