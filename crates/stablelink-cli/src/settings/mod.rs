//! The settings of a user.
//!
//! `directories` holds the paths of the files, `config` the configuration file with the profiles, `secrets` the secrets of each
//! profile, `network` the proxy and the trusted certificates.

mod config;
mod directories;
mod network;
mod secrets;

pub(crate) use config::{Config, Profile};
pub(crate) use directories::Directories;
pub(crate) use network::{NetworkSettings, PROFILE_PROXY, USER_AGENT};
pub(crate) use secrets::{API_KEY, API_SECRET, ProfileSecrets, SIGN_KEY, SecretsFile};
