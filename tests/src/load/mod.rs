//! Many clients at once on a gateway that fails on purpose, and the proof that no money was doubled or lost.
//!
//! [`Crew`] is some of the clients: a process of its own in `cargo xtask load`, a task in the short form of it. What they
//! believe to have done they tell as [`Entry`] after entry. [`World`] is the other side: it has the gateway, adds the
//! faults, pays the orders that it is told of, and in the end holds what the clients believe to what the gateway did.

mod audit;
mod business;
mod caller;
mod crew;
mod figures;
mod journal;
mod memory;
mod mix;
mod world;

pub use audit::{Audit, Finding};
pub use caller::Conduct;
pub use crew::{Account, Crew, CrewError};
pub use figures::Figures;
pub use journal::{Entry, Line};
pub use memory::{Growth, Watch};
pub use mix::Strikes;
pub use world::{World, WorldError};
