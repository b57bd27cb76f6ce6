//! From the document after the overlays to the files that users read, in this order: [`cleanup`] and [`order`] finish
//! the document, [`format`](mod@format) writes it as JSON and YAML, and [`evidence_report`],
//! [`operations_table`] and [`review`] write the pages about it.

pub mod cleanup;
pub mod evidence_report;
pub mod format;
pub mod operations_table;
pub mod order;
pub mod review;
