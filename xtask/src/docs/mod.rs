//! The captured pages in `spec/docs` and the lock that tells where each came from.

pub mod add;
pub mod captures;
pub mod evidence;
pub mod import;
pub mod lock;
pub mod names;
pub mod pull;
pub mod security;
