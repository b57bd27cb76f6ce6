//! Payouts of paid orders to a merchant (W Checkout).

use std::fmt;

use rust_decimal::Decimal;
use stablelink_api::open_enums::CheckoutToken;
use stablelink_api::operations;
#[cfg(feature = "provisional")]
use stablelink_api::scalars::RawJson;
#[cfg(feature = "provisional")]
use stablelink_api::types::{CreateFiatSettlementOrderRequest, ListSettlementOrdersRequest};
use stablelink_api::types::{CreateSettlementOrderRequest, SettlementOrder};

use super::{debug_key, unique_number};
use crate::call::Call;
use crate::client::Client;

/// Payouts of paid orders to a merchant. Page: <https://developer.wcheckout.app/354525141e0>.
#[derive(Clone, Debug)]
pub struct Settlements(pub(super) Client);

impl Settlements {
    /// Pays out to a blockchain address. Sending the same value again is safe, because the gateway rejects a number that it
    /// knows.
    ///
    /// Page: <https://developer.wcheckout.app/354525141e0>
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). The error is
    /// [ambiguous](crate::Error::is_ambiguous) and contains the `settlementOrderNo` if the outcome is unknown. It is a
    /// [duplicate](crate::Error::is_duplicate) if the key was used before.
    pub fn create(&self, order: &NewSettlement) -> Call<SettlementOrder> {
        call!(
            &self.0,
            operations::CREATE_SETTLEMENT_ORDER,
            order.0.clone(),
            |api, request| api.create_settlement_order(request),
            required
        )
        .key(&order.0.settlement_order_no)
    }

    /// Pays out in a fiat currency. **Inferred**: only the number is documented, neither the path nor the other fields.
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). The error is
    /// [ambiguous](crate::Error::is_ambiguous) and contains the `settlementOrderNo` if the outcome is unknown. It is a
    /// [duplicate](crate::Error::is_duplicate) if the key was used before.
    #[cfg(feature = "provisional")]
    pub fn create_fiat(&self, order: &NewFiatSettlement) -> Call<SettlementOrder> {
        call!(
            &self.0,
            operations::CREATE_FIAT_SETTLEMENT_ORDER,
            order.0.clone(),
            |api, request| api.create_fiat_settlement_order(request),
            required
        )
        .key(&order.0.settlement_order_no)
    }

    /// Returns the settlement with this number. **Inferred**: the path of this operation is not documented.
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). It only reads
    /// data, so no error is ambiguous.
    #[cfg(feature = "provisional")]
    pub fn get(&self, number: impl Into<String>) -> Call<SettlementOrder> {
        let number = number.into();
        call!(
            &self.0,
            operations::GET_SETTLEMENT_ORDER,
            number.clone(),
            |api, number| api.get_settlement_order(Some(number)),
            required
        )
        .identified_by("settlementOrderNo", Some(number))
    }

    /// Cancels the settlement with this number. **Inferred**: the path of this operation is not documented. The call is
    /// never retried.
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). If the error is
    /// [ambiguous](crate::Error::is_ambiguous), look up the settlement before you cancel it again.
    #[cfg(feature = "provisional")]
    pub fn cancel(&self, number: impl Into<String>) -> Call<Option<RawJson>> {
        let number = number.into();
        call!(
            &self.0,
            operations::CANCEL_SETTLEMENT_ORDER,
            number.clone(),
            |api, number| api.cancel_settlement_order(Some(number)),
            optional
        )
        .identified_by("settlementOrderNo", Some(number))
    }

    /// Lists settlements. **Inferred**: neither the path nor the fields of this operation are documented.
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). It only reads
    /// data, so no error is ambiguous.
    #[cfg(feature = "provisional")]
    pub fn list(
        &self,
        filter: ListSettlementOrdersRequest,
    ) -> Call<Option<RawJson>, ListSettlementOrdersRequest> {
        call!(&self.0, operations::LIST_SETTLEMENT_ORDERS, parameters: filter, |api, filter| api.list_settlement_orders(filter), optional)
    }
}

/// A new payout. Its number, the idempotency key, is generated with the value and stays the same however often the value is
/// sent.
#[derive(Clone)]
#[must_use = "a settlement is created when `create` is awaited"]
pub struct NewSettlement(CreateSettlementOrderRequest);

impl NewSettlement {
    /// Returns a payout for paid orders of a merchant. The amount is exact, in whole units of the token. The address must be on
    /// the blockchain of the token: money sent to another blockchain is lost.
    pub fn new(
        amount: impl Into<Decimal>,
        token: impl Into<CheckoutToken>,
        address: impl Into<String>,
        merchant_id: impl Into<String>,
        order_nos: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self(CreateSettlementOrderRequest {
            settlement_order_no: unique_number(),
            amount: Some(amount.into().into()),
            token: Some(token.into()),
            address: Some(address.into()),
            merchant_id: Some(merchant_id.into()),
            order_nos: Some(order_nos.into_iter().map(Into::into).collect()),
            extra: serde_json::Map::new(),
        })
    }

    /// Sets your own number, which must be unique. An empty number is rejected before anything is sent.
    pub fn with_settlement_order_no(mut self, number: impl Into<String>) -> Self {
        self.0.settlement_order_no = number.into();
        self
    }

    /// Returns the number, which is the idempotency key.
    #[must_use]
    pub fn settlement_order_no(&self) -> &str {
        &self.0.settlement_order_no
    }
}

impl From<CreateSettlementOrderRequest> for NewSettlement {
    fn from(request: CreateSettlementOrderRequest) -> Self {
        Self(request)
    }
}

impl fmt::Debug for NewSettlement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_key(
            f,
            "NewSettlement",
            "settlement_order_no",
            self.settlement_order_no(),
        )
    }
}

/// A new payout in a fiat currency. **Inferred**: only the number is documented.
#[cfg(feature = "provisional")]
#[derive(Clone)]
#[must_use = "a settlement is created when `create_fiat` is awaited"]
pub struct NewFiatSettlement(CreateFiatSettlementOrderRequest);

#[cfg(feature = "provisional")]
impl NewFiatSettlement {
    /// Returns a payout with these fields and a generated number.
    pub fn new(fields: serde_json::Map<String, serde_json::Value>) -> Self {
        Self(CreateFiatSettlementOrderRequest {
            settlement_order_no: unique_number(),
            extra: fields,
        })
    }

    /// Returns the number, which is the idempotency key.
    #[must_use]
    pub fn settlement_order_no(&self) -> &str {
        &self.0.settlement_order_no
    }
}

#[cfg(feature = "provisional")]
impl From<CreateFiatSettlementOrderRequest> for NewFiatSettlement {
    fn from(request: CreateFiatSettlementOrderRequest) -> Self {
        Self(request)
    }
}

#[cfg(feature = "provisional")]
impl fmt::Debug for NewFiatSettlement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_key(
            f,
            "NewFiatSettlement",
            "settlement_order_no",
            self.settlement_order_no(),
        )
    }
}
