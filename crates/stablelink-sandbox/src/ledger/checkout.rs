//! Records of W Checkout: orders, abnormal payments, refunds and settlements.

use rust_decimal::Decimal;
use serde::{Serialize, Serializer};

use crate::clock::{after, as_iso_local};
use crate::money::{as_number, as_string};
use crate::settings::IdForm;

/// Number of decimal places of a stablecoin.
pub(crate) const COIN_DIGITS: u32 = 6;

/// An id in the responses of checkout, in the configured form.
#[derive(Clone, Debug)]
pub(crate) struct CheckoutId {
    text: String,
    form: IdForm,
}

impl CheckoutId {
    pub(crate) fn new(text: impl Into<String>, form: IdForm) -> Self {
        let text = text.into();
        Self { text, form }
    }

    /// Returns the `sysid` of a record. The prefix, `OR`, `RF` or `ST`, is omitted in an integer.
    pub(crate) fn sysid(prefix: &str, id: i64, form: IdForm) -> Self {
        let prefix = if form == IdForm::String { prefix } else { "" };
        Self::new(format!("{prefix}{id}"), form)
    }
}

impl Serialize for CheckoutId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.form, self.text.parse::<i64>()) {
            (IdForm::Integer, Ok(number)) => serializer.serialize_i64(number),
            _ => serializer.serialize_str(&self.text),
        }
    }
}

/// A checkout order. Times are in milliseconds since the epoch.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrderRecord {
    /// Orders records by creation.
    #[serde(skip)]
    pub(crate) id: i64,
    pub(crate) sysid: CheckoutId,
    pub(crate) order_no: String,
    #[serde(serialize_with = "as_number")]
    pub(crate) order_amount: Decimal,
    #[serde(serialize_with = "as_number")]
    pub(crate) paying_amount: Decimal,
    pub(crate) customer_id: CheckoutId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) merchant_id: Option<CheckoutId>,
    /// Seconds after the creation.
    pub(crate) expired_in: u64,
    pub(crate) token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tx_hash: Option<String>,
    pub(crate) deposit_address: String,
    #[serde(rename = "orderStatus")]
    pub(crate) status: String,
    #[serde(rename = "createdTime", serialize_with = "as_iso_local")]
    pub(crate) created: i64,
    #[serde(rename = "updatedTime", serialize_with = "as_iso_local")]
    pub(crate) updated: i64,
    #[serde(serialize_with = "as_number")]
    pub(crate) refunded_amount: Decimal,
}

impl OrderRecord {
    pub(crate) const PAYING: &'static str = "PAYING";
    pub(crate) const PAID: &'static str = "PAID";
    pub(crate) const TIMEOUT: &'static str = "TIMEOUT";
    pub(crate) const CANCELLED: &'static str = "CANCELLED";
    pub(crate) const REFUNDING: &'static str = "REFUNDING";
    pub(crate) const PARTIAL_REFUNDED: &'static str = "PARTIAL_REFUNDED";
    pub(crate) const REFUNDED: &'static str = "REFUNDED";

    /// Returns true if the order was paid, even if it was refunded later.
    pub(crate) fn was_paid(&self) -> bool {
        matches!(
            self.status.as_str(),
            Self::PAID | Self::REFUNDING | Self::PARTIAL_REFUNDED | Self::REFUNDED
        )
    }

    /// Returns when the order times out.
    pub(super) fn expires_at(&self) -> i64 {
        after(self.created, self.expired_in)
    }
}

/// A payment that does not match its order. Times are in milliseconds since the epoch.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AbnormalPaymentRecord {
    #[serde(rename = "abnormalPaymentNo")]
    pub(crate) number: String,
    pub(crate) order_no: String,
    pub(crate) token: String,
    /// The whole payment.
    #[serde(serialize_with = "as_string")]
    pub(crate) amount: Decimal,
    /// The part of the payment that the order does not need.
    #[serde(serialize_with = "as_string")]
    pub(crate) pending_amount: Decimal,
    pub(crate) hash: String,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) status: &'static str,
    #[serde(rename = "createdTime", serialize_with = "as_iso_local")]
    pub(crate) created: i64,
    #[serde(rename = "updatedTime", serialize_with = "as_iso_local")]
    pub(crate) updated: i64,
}

impl AbnormalPaymentRecord {
    pub(crate) const OVER_PAID: &'static str = "OVER_PAID";
    pub(crate) const UNDER_PAID: &'static str = "UNDER_PAID";
    pub(crate) const LATE_PAYMENT: &'static str = "LATE_PAYMENT";
    pub(crate) const PENDING: &'static str = "PENDING";
    pub(crate) const HANDLED: &'static str = "HANDLED";
}

/// A settlement order. Times are in milliseconds since the epoch.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SettlementRecord {
    #[serde(skip)]
    pub(crate) id: i64,
    pub(crate) sysid: CheckoutId,
    #[serde(rename = "settlementOrderNo")]
    pub(crate) number: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) merchant_id: Option<CheckoutId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<String>,
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "as_optional_string"
    )]
    pub(crate) amount: Option<Decimal>,
    pub(crate) order_nos: Vec<String>,
    pub(crate) status: String,
    /// Whether the amount was transferred.
    #[serde(skip)]
    pub(crate) is_transferred: bool,
    #[serde(rename = "createdTime", serialize_with = "as_iso_local")]
    pub(crate) created: i64,
    #[serde(rename = "updatedTime", serialize_with = "as_iso_local")]
    pub(crate) updated: i64,
}

fn as_optional_string<S: Serializer>(amount: &Option<Decimal>, to: S) -> Result<S::Ok, S::Error> {
    as_string(&amount.unwrap_or_default(), to)
}

impl SettlementRecord {
    pub(crate) const PENDING: &'static str = "PENDING_SETTLEMENT";
    pub(crate) const SETTLING: &'static str = "SETTLING";
    pub(crate) const SETTLED: &'static str = "SETTLED";
    pub(crate) const FAILED: &'static str = "FAILED";
    pub(crate) const CANCELLED: &'static str = "CANCELLED";
}

/// A refund order. Times are in milliseconds since the epoch.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RefundRecord {
    #[serde(skip)]
    pub(crate) id: i64,
    pub(crate) sysid: CheckoutId,
    #[serde(rename = "refundOrderNo")]
    pub(crate) number: String,
    #[serde(flatten)]
    pub(crate) source: RefundSource,
    /// The amount in the coin of the payment.
    #[serde(serialize_with = "as_number")]
    pub(crate) amount: Decimal,
    pub(crate) status: String,
    /// Whether the amount was transferred.
    #[serde(skip)]
    pub(crate) is_transferred: bool,
    #[serde(rename = "createdTime", serialize_with = "as_iso_local")]
    pub(crate) created: i64,
    #[serde(rename = "updatedTime", serialize_with = "as_iso_local")]
    pub(crate) updated: i64,
}

/// The payment that is refunded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum RefundSource {
    /// The payment of this order.
    #[serde(rename = "orderNo")]
    Order(String),
    /// The pending amount of this abnormal payment.
    #[serde(rename = "abnormalPaymentNo")]
    AbnormalPayment(String),
}

impl RefundRecord {
    pub(crate) const PENDING: &'static str = "PENDING_REFUND";
    pub(crate) const REFUNDING: &'static str = "REFUNDING";
    pub(crate) const REFUNDED: &'static str = "REFUNDED";
    pub(crate) const CANCELLED: &'static str = "CANCELLED";
    pub(crate) const FAILED: &'static str = "FAILED";

    /// Returns true if the amount was refunded or is reserved for the refund.
    pub(super) fn is_active(&self) -> bool {
        self.status != Self::CANCELLED && self.status != Self::FAILED
    }
}
