//! The bearer token: got when it is needed, shared, renewed before it ends.

mod grant;

pub(crate) use grant::{Grant, GrantError, Issued};
