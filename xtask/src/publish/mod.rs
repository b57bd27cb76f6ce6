//! Turns the document after the overlays into the files that users read. [`cleanup`] and [`order`]
//! finish the document, then [`format`](mod@format) writes it as JSON and YAML, then
//! [`evidence_report`], [`operations_table`] and [`review`] write the pages about it.

pub mod cleanup;
pub mod evidence_report;
pub mod format;
pub mod operations_table;
pub mod order;
pub mod review;
