//! From the curated document to the files that users take.

pub mod evidence_report;
pub mod json;
pub mod markers;
pub mod order;
pub mod part;
pub mod readme;
pub mod refs;
pub mod yaml;
