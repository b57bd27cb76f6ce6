//! Records of customers: who they are, their payees' bank accounts, their documents.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

/// A customer account of the developer.
#[derive(Clone, Debug)]
pub(crate) struct Customer {
    pub(crate) id: i64,
    pub(crate) profile: Profile,
    /// `NONE`, then what the review says.
    pub(crate) kyb_status: String,
}

impl Customer {
    pub(crate) const NO_KYB: &'static str = "NONE";
    pub(crate) const KYB_PENDING: &'static str = "PENDING";
    pub(crate) const APPROVED: &'static str = "APPROVED";
    pub(crate) const REJECTED: &'static str = "REJECTED";
}

/// What a customer says of itself; members that the record does not show are not kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Profile {
    #[serde(default)]
    pub(crate) email: String,
    #[serde(default)]
    pub(crate) full_name: String,
    #[serde(default)]
    pub(crate) country: String,
    #[serde(default)]
    pub(crate) city: String,
    #[serde(default)]
    pub(crate) postal_code: String,
}

/// A bank account of a payee: the members of the request as they came.
#[derive(Clone, Debug)]
pub(crate) struct Remit {
    pub(crate) id: i64,
    pub(crate) members: BTreeMap<String, Box<RawValue>>,
    /// Milliseconds since the epoch.
    pub(crate) updated: i64,
}

/// An uploaded file: what is known of it. Its content is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UploadedFile {
    /// The `fileId` that the upload was answered with.
    pub id: i64,
    /// The file name that its part gave.
    pub name: Option<String>,
    /// The media type that its part gave.
    pub content_type: Option<String>,
    /// The number in the part `scene`.
    pub scene: Option<i64>,
    /// Its length in bytes.
    pub size: u64,
    /// The SHA-256 of its content, in hexadecimal.
    pub sha256: String,
}
