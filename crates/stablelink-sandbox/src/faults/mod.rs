//! Faults on demand.

mod cut;
mod edit;
mod fault;
mod inject;
mod plan;

pub use fault::Fault;
pub(crate) use fault::{Kind, Stage};
pub(crate) use inject::{DateSkew, inject};
pub use plan::{FaultId, Faults};
