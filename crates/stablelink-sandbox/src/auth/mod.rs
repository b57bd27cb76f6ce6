//! Who may call: tokens and signatures.

mod check;
mod grant;
mod signature;
mod timestamp;

pub(crate) use check::{Caller, check};
pub(crate) use grant::grant;
pub(crate) use signature::{of_webhook, sign};
