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

use super::{keyed, unique_number};
use crate::call::Call;
use crate::client::Client;

/// Payouts of paid orders to a merchant. Page: <https://developer.wcheckout.app/354525141e0>.
#[derive(Clone, Debug)]
pub struct Settlements(Client);

impl Settlements {
    pub(super) fn new(client: &Client) -> Self {
        Self(client.clone())
    }

    /// Pays out to an address on a chain, under the number that stands in the value. Awaiting it again with the same value is
    /// safe: the gateway refuses a number that it has.
    ///
    /// Page: <https://developer.wcheckout.app/354525141e0>
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)): [ambiguous](crate::Error::is_ambiguous), with the `settlementOrderNo`, where it was sent and
    /// nobody knows its outcome; refused of one that was used before ([`is_duplicate`](crate::Error::is_duplicate)).
    pub fn create(
        &self,
        order: &NewSettlement,
    ) -> Call<CreateSettlementOrderRequest, SettlementOrder> {
        let request = order.0.clone();
        let number = request.settlement_order_no.clone();
        Call::new(
            &self.0,
            &operations::CREATE_SETTLEMENT_ORDER,
            request,
            |run, request| {
                Box::pin(async move {
                    run.answer(run.api().create_settlement_order(request).await, |found| {
                        found.retdata
                    })
                })
            },
        )
        .keyed(number)
    }

    /// Pays out in a fiat currency. **Inferred**: neither path nor fields but the number were seen.
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)): [ambiguous](crate::Error::is_ambiguous), with the `settlementOrderNo`, where it was sent and
    /// nobody knows its outcome; refused of one that was used before ([`is_duplicate`](crate::Error::is_duplicate)).
    #[cfg(feature = "provisional")]
    pub fn create_fiat(
        &self,
        order: &NewFiatSettlement,
    ) -> Call<CreateFiatSettlementOrderRequest, SettlementOrder> {
        let request = order.0.clone();
        let number = request.settlement_order_no.clone();
        Call::new(
            &self.0,
            &operations::CREATE_FIAT_SETTLEMENT_ORDER,
            request,
            |run, request| {
                Box::pin(async move {
                    run.answer(
                        run.api().create_fiat_settlement_order(request).await,
                        |found| found.retdata,
                    )
                })
            },
        )
        .keyed(number)
    }

    /// The settlement with this number. **Inferred**: its path was not seen.
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)). It only reads: none of them is [ambiguous](crate::Error::is_ambiguous).
    #[cfg(feature = "provisional")]
    pub fn get(&self, number: impl Into<String>) -> Call<String, SettlementOrder> {
        let number = number.into();
        Call::new(
            &self.0,
            &operations::GET_SETTLEMENT_ORDER,
            number,
            |run, number| {
                Box::pin(async move {
                    run.answer(
                        run.api().get_settlement_order(Some(number)).await,
                        |found| found.retdata,
                    )
                })
            },
        )
    }

    /// Cancels the settlement with this number. **Inferred**: its path was not seen. Sent once, never repeated.
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)): [ambiguous](crate::Error::is_ambiguous) where it was sent and nobody knows its
    /// outcome; look for what it did before you make it again.
    #[cfg(feature = "provisional")]
    pub fn cancel(&self, number: impl Into<String>) -> Call<String, Option<RawJson>> {
        let number = number.into();
        Call::new(
            &self.0,
            &operations::CANCEL_SETTLEMENT_ORDER,
            number,
            |run, number| {
                Box::pin(async move {
                    run.opened(
                        run.api().cancel_settlement_order(Some(number)).await,
                        |found| found.retdata,
                    )
                })
            },
        )
    }

    /// Settlements. **Inferred**: neither path nor fields were seen.
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)). It only reads: none of them is [ambiguous](crate::Error::is_ambiguous).
    #[cfg(feature = "provisional")]
    pub fn list(
        &self,
        filter: ListSettlementOrdersRequest,
    ) -> Call<ListSettlementOrdersRequest, Option<RawJson>> {
        Call::new(
            &self.0,
            &operations::LIST_SETTLEMENT_ORDERS,
            filter,
            |run, filter| {
                Box::pin(async move {
                    run.opened(run.api().list_settlement_orders(filter).await, |found| {
                        found.retdata
                    })
                })
            },
        )
    }
}

/// A payout to be made. Its number, the idempotency key, is made with the value and stays the same however often
/// it is sent.
#[derive(Clone)]
#[must_use = "a settlement is made when `create` is awaited"]
pub struct NewSettlement(CreateSettlementOrderRequest);

impl NewSettlement {
    /// A payout of this amount of a coin, in whole coins and exact to the digit, for these paid orders of a merchant, to an address on the coin's chain. An address
    /// of another chain loses the money.
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

    /// Your own number. It must be new; an empty one is refused here.
    pub fn with_settlement_order_no(mut self, number: impl Into<String>) -> Self {
        self.0.settlement_order_no = number.into();
        self
    }

    /// Its number.
    #[must_use]
    pub fn settlement_order_no(&self) -> &str {
        &self.0.settlement_order_no
    }

    /// The request as it will be sent.
    #[must_use]
    pub const fn request(&self) -> &CreateSettlementOrderRequest {
        &self.0
    }
}

impl From<CreateSettlementOrderRequest> for NewSettlement {
    fn from(request: CreateSettlementOrderRequest) -> Self {
        Self(request)
    }
}

impl fmt::Debug for NewSettlement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        keyed(
            f,
            "NewSettlement",
            "settlement_order_no",
            self.settlement_order_no(),
        )
    }
}

/// A payout in a fiat currency to be made. **Inferred**: no field but the number was seen; others go in by
/// [`From`] a request.
#[cfg(feature = "provisional")]
#[derive(Clone)]
#[must_use = "a settlement is made when `create_fiat` is awaited"]
pub struct NewFiatSettlement(CreateFiatSettlementOrderRequest);

#[cfg(feature = "provisional")]
impl NewFiatSettlement {
    /// A payout with these members, and a number that is made here.
    pub fn new(members: serde_json::Map<String, serde_json::Value>) -> Self {
        Self(CreateFiatSettlementOrderRequest {
            settlement_order_no: unique_number(),
            extra: members,
        })
    }

    /// Its number.
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
        keyed(
            f,
            "NewFiatSettlement",
            "settlement_order_no",
            self.settlement_order_no(),
        )
    }
}
