//! Payouts of paid orders to a merchant (W Checkout).

use std::fmt;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use stablelink_api::open_enums::CheckoutToken;
#[cfg(feature = "provisional")]
use stablelink_api::open_enums::SettlementOrderStatus;
use stablelink_api::operations;
#[cfg(feature = "provisional")]
use stablelink_api::scalars::RawJson;
#[cfg(feature = "provisional")]
use stablelink_api::types::{CreateFiatSettlementOrderRequest, ListSettlementOrdersRequest};
use stablelink_api::types::{CreateSettlementOrderRequest, SettlementOrder};

use super::existing::CreateParameters;
#[cfg(feature = "provisional")]
use super::existing::{Lookup, created_or_existing, optional, required};
use super::{debug_key, unique_number};
#[cfg(feature = "provisional")]
use super::{read_status, required_status};
use crate::call::{Call, CallContext};
use crate::client::Client;
#[cfg(feature = "provisional")]
use crate::error::DecodeError;
use crate::error::Error;
use crate::ids::{MerchantId, OrderNo};
#[cfg(feature = "provisional")]
use crate::poller::Poller;
use crate::response::Response;

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
    pub fn create(&self, order: &NewSettlement) -> Call<SettlementOrder, CreateParameters> {
        Call::with_parameters(
            &self.0,
            &operations::CREATE_SETTLEMENT_ORDER,
            order.0.clone(),
            CreateParameters::default(),
            |context, request, parameters| Box::pin(create(context, request, *parameters)),
        )
        .key(&order.0.settlement_order_no)
    }

    /// Pays out in a fiat currency. **Inferred**: the page of this operation is missing. The path is inferred, and
    /// `settlementOrderNo` is the only known field.
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

    /// Returns a poller of the settlement with this number. The settlement is final when it is settled, failed, rejected or
    /// cancelled. **Inferred**: see [`status`](Response::status).
    #[cfg(feature = "provisional")]
    pub fn wait(&self, number: impl Into<String>) -> Poller<SettlementOrder> {
        let (settlements, number) = (self.clone(), number.into());
        Poller::new(&self.0, is_final, move || {
            settlements.get(number.clone()).into_future()
        })
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
    pub fn list(&self) -> Call<Option<RawJson>, ListSettlementOrdersRequest> {
        let filter = ListSettlementOrdersRequest(serde_json::Map::new());
        call!(&self.0, operations::LIST_SETTLEMENT_ORDERS, parameters: filter, |api, filter| api.list_settlement_orders(filter), optional)
    }
}

#[cfg(feature = "provisional")]
crate::pages::list!(body: ListSettlementOrdersRequest, SettlementOrder);

#[cfg(feature = "provisional")]
impl Response<SettlementOrder> {
    /// Returns the status. **Inferred**: a guide lists the values, but no page has the name of the field. `settlementStatus` and
    /// `status` are read.
    ///
    /// # Errors
    ///
    /// [`Decode`](crate::ErrorKind::Decode) if the record has none of these fields, or one that is not a string.
    pub fn status(&self) -> Result<SettlementOrderStatus, Error> {
        required_status(self, &operations::GET_SETTLEMENT_ORDER, &STATUS)
    }
}

#[cfg(feature = "provisional")]
const STATUS: [&str; 2] = ["settlementStatus", "status"];

#[cfg(feature = "provisional")]
fn is_final(settlement: &Response<SettlementOrder>) -> Result<bool, DecodeError> {
    use SettlementOrderStatus::{Cancelled, Failed, Rejected, Settled};
    let status = read_status(settlement, &STATUS)?;
    Ok(matches!(
        status,
        Some(Settled | Failed | Rejected | Cancelled)
    ))
}

async fn create(
    context: &Arc<CallContext>,
    request: &CreateSettlementOrderRequest,
    #[cfg_attr(not(feature = "provisional"), expect(unused_variables))]
    parameters: CreateParameters,
) -> Result<Response<SettlementOrder>, Error> {
    let created = context.api().create_settlement_order(request).await;
    let created = context.required(created);
    #[cfg(feature = "provisional")]
    let created = {
        const LOOKUP: Lookup = Lookup {
            fields: &[
                required("settlementOrderNo"),
                required("amount"),
                optional("token"),
                optional("address"),
                optional("merchantId"),
            ],
            is_documented: false,
        };
        let number = &request.settlement_order_no;
        let found = lookup!(context, operations::GET_SETTLEMENT_ORDER, |api| api
            .get_settlement_order(Some(number)));
        created_or_existing(context, created, parameters, request, &LOOKUP, found).await
    };
    created
}

/// A new payout. Its number, the idempotency key, is generated with the value and stays the same however often the value is
/// sent.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
#[must_use = "a settlement is created when `create` is awaited"]
pub struct NewSettlement(CreateSettlementOrderRequest);

impl NewSettlement {
    /// Returns a payout for paid orders of a merchant. The amount is exact, in whole units of the token. The address must be on
    /// the blockchain of the token: money sent to another blockchain is lost.
    pub fn new(
        amount: impl Into<Decimal>,
        token: impl Into<CheckoutToken>,
        address: impl Into<String>,
        merchant_id: MerchantId,
        order_nos: impl IntoIterator<Item = impl Into<OrderNo>>,
    ) -> Self {
        Self(CreateSettlementOrderRequest {
            settlement_order_no: unique_number(),
            amount: Some(amount.into().into()),
            token: Some(token.into()),
            address: Some(address.into()),
            merchant_id: Some(merchant_id.into()),
            order_nos: Some(
                order_nos
                    .into_iter()
                    .map(|number| number.into().into())
                    .collect(),
            ),
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
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
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
