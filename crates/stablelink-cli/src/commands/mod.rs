//! What can be done, a file or folder each.

pub(crate) mod api;
pub(crate) mod demo;
pub(crate) mod generate;
pub(crate) mod login;
pub(crate) mod operations;
pub(crate) mod probe;
pub(crate) mod sandbox;
pub(crate) mod sign;
pub(crate) mod token;
pub(crate) mod verify;
pub(crate) mod webhook;
pub(crate) mod whoami;
