//! The commands: one file or folder for each, except that `account` holds `login`, `logout`, `whoami` and `token`.

pub(crate) mod account;
pub(crate) mod api;
pub(crate) mod demo;
pub(crate) mod operations;
pub(crate) mod probe;
pub(crate) mod sandbox;
pub(crate) mod sign;
pub(crate) mod verify;
pub(crate) mod webhook;
