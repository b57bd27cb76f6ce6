//! Profiles in a file, secrets in another.

mod config;
mod folders;
mod private;
mod secrets;

pub(crate) use config::{Config, Profile};
pub(crate) use folders::Folders;
pub(crate) use secrets::{Given, SecretBook};
