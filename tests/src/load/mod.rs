//! The load test: many concurrent clients against a sandbox with fault injection, and an audit that no money was
//! duplicated or lost.
//!
//! Reading order: [`Workers`] runs a group of clients (a process each in `cargo xtask load`, a task each in the short
//! form). Each client repeats a `Scenario` through a `LoadClient`, and reports every payment as a [`LogEntry`].
//! [`LoadGateway`] runs the sandbox, injects the faults, pays the reported orders, and finally compares the log with the
//! effects that the sandbox recorded: the [`Audit`].

mod audit;
mod client;
mod fault_mix;
mod gateway;
mod log;
mod memory;
mod scenario;
mod stats;
mod workers;

pub use audit::{Audit, AuditFinding};
pub use client::AmbiguityPolicy;
pub use fault_mix::FaultCounts;
pub use gateway::{LoadGateway, LoadGatewayError};
pub use log::{LogEntry, LogLine};
pub use memory::{MemoryGrowth, MemoryMonitor};
pub use stats::LoadStats;
pub use workers::{LoadAccount, Workers, WorkersError};
