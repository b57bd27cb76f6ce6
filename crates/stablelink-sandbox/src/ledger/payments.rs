//! Records of payments: customers, their bank accounts and files, fees, trades and deposits.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::api_error::ApiError;
use crate::clock::as_local;
use crate::money::as_number;

/// A customer account of the developer.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Customer {
    pub(crate) id: i64,
    #[serde(flatten)]
    pub(crate) profile: CustomerProfile,
    /// `NONE` before a KYB is submitted.
    pub(crate) kyb_status: String,
}

impl Customer {
    pub(crate) const NO_KYB: &'static str = "NONE";
    pub(crate) const KYB_PENDING: &'static str = "PENDING";
    pub(crate) const APPROVED: &'static str = "APPROVED";
    pub(crate) const REJECTED: &'static str = "REJECTED";
}

/// The fields of the request for a customer that its record contains.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct CustomerProfile {
    pub(crate) email: String,
    pub(crate) full_name: String,
    pub(crate) country: String,
    pub(crate) city: String,
    pub(crate) postal_code: String,
}

/// The fields of a JSON object, with their text unchanged.
pub(crate) type RemitFields = BTreeMap<String, Box<RawValue>>;

/// A bank account of a payee.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RemitRecord {
    /// The fields of the request, without `id`.
    #[serde(flatten)]
    pub(crate) fields: RemitFields,
    pub(crate) id: i64,
    /// Milliseconds since the epoch.
    #[serde(serialize_with = "as_local")]
    pub(crate) updated_at: i64,
}

/// The metadata of an uploaded file. Its content is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SandboxFile {
    /// The `fileId` of the response.
    pub id: i64,
    /// The file name of the part.
    pub name: Option<String>,
    /// The media type of the part.
    pub content_type: Option<String>,
    /// The number in the part `scene`.
    pub scene: Option<i64>,
    /// The length in bytes.
    pub size: u64,
    /// The SHA-256 of the content in hexadecimal.
    pub sha256: String,
}

/// The developer's fee for the trades of a customer.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct FeeConfig {
    #[serde(rename = "developerFixAmount", serialize_with = "as_number")]
    pub(crate) fix_amount: Decimal,
    /// A fraction of the amount: 0.01 is one percent.
    #[serde(rename = "developerRate", serialize_with = "as_number")]
    pub(crate) rate: Decimal,
}

impl FeeConfig {
    /// Returns the exact fee for an amount.
    pub(crate) fn fee(self, amount: Decimal) -> Result<Decimal, ApiError> {
        let fee = amount.checked_mul(self.rate);
        fee.and_then(|fee| fee.checked_add(self.fix_amount))
            .map(|fee| fee.normalize())
            .ok_or_else(|| ApiError::field("amount has too many digits"))
    }
}

/// An on-ramp or off-ramp trade.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TradeRecord {
    pub(crate) id: i64,
    pub(crate) tx_no: String,
    pub(crate) client_id: i64,
    pub(crate) request_id: String,
    pub(crate) from_currency: String,
    pub(crate) to_currency: String,
    #[serde(serialize_with = "as_number")]
    pub(crate) amount: Decimal,
    /// The amount without the fee.
    #[serde(serialize_with = "as_number")]
    pub(crate) really_amount: Decimal,
    #[serde(serialize_with = "as_number")]
    pub(crate) total_fee: Decimal,
    pub(crate) request_type: &'static str,
    pub(crate) status: String,
    /// Whether the amount was transferred.
    #[serde(skip)]
    pub(crate) is_transferred: bool,
    /// Milliseconds since the epoch.
    #[serde(rename = "createdAt", serialize_with = "as_local")]
    pub(crate) created: i64,
}

impl TradeRecord {
    pub(crate) const ON_RAMP: &'static str = "OnRamp";
    pub(crate) const OFF_RAMP: &'static str = "OffRamp";
    pub(crate) const PENDING: &'static str = "Pending";
    pub(crate) const PROCESSING: &'static str = "Processing";
    pub(crate) const COMPLETED: &'static str = "Completed";
    pub(crate) const FAILED: &'static str = "Failed";
    pub(crate) const EXPIRED: &'static str = "Expired";
}

/// Coins that arrived at the deposit address of a customer.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Deposit {
    pub(crate) id: i64,
    pub(crate) client_id: i64,
    pub(crate) currency: String,
    pub(crate) network: String,
    #[serde(serialize_with = "as_number")]
    pub(crate) amount: Decimal,
    pub(crate) address: String,
    /// Milliseconds since the epoch.
    #[serde(serialize_with = "as_local")]
    pub(crate) created_at: i64,
}

/// Returns the deposit address of a customer. It is a hash of the arguments, not the address of a
/// real wallet.
pub(crate) fn deposit_address(client_id: i64, currency: &str, network: &str) -> String {
    let digest = Sha256::digest(format!("{client_id}/{currency}/{network}"));
    let digits = digest.iter().take(20).map(|byte| format!("{byte:02x}"));
    std::iter::once("0x".to_owned()).chain(digits).collect()
}
