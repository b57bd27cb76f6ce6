//! The captured pages in `spec/docs`, and the lock that records the source of each.
//!
//! `lock` is the file format, `captures` reads all pages, `add`, `remove` and `pull` change captures, `status`
//! counts them, `prune` deletes the stand-ins whose pages are captured, `import` only reads pages, and `evidence`
//! adds the evidence of the captures to the document.

pub mod add;
pub mod captures;
pub mod evidence;
pub mod import;
pub mod lock;
pub mod names;
pub mod prune;
pub mod pull;
pub mod remove;
pub mod status;
