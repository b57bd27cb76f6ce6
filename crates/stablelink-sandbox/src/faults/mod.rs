//! Faults on demand: what they are, and which are due. `server::strike` carries them out.

mod fault;
mod plan;
mod text;

pub use fault::Fault;
pub(crate) use fault::{Answer, Kind, Stage};
pub use plan::{FaultId, Faults};
pub use text::InvalidFault;
