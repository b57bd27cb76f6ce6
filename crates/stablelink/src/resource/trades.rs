//! On-ramp and off-ramp trades. All operations are inferred: the pages only name them.

use std::fmt;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use stablelink_api::open_enums::TradeCurrency;
use stablelink_api::operations;
use stablelink_api::scalars::{IntegerOrText, RawJson};
use stablelink_api::types::{ConfirmTransactionRequest, CreateTradeRequest, Trade};

use super::debug_key;
use super::existing::{CreateParameters, Lookup, created_or_existing, optional, required};
use crate::call::{Call, CallContext};
use crate::client::Client;
use crate::error::{DecodeError, Error};
use crate::poller::Poller;
use crate::response::Response;

/// On-ramp and off-ramp trades, which the pages call trade requests. **Inferred**: the paths are not documented, and the
/// records are documented only in guides (<https://developer.stablelink.app/6948685m0>,
/// <https://developer.stablelink.app/6948696m0>).
#[derive(Clone, Debug)]
pub struct Trades(pub(super) Client);

impl Trades {
    /// Creates a trade. Sending the same value again is safe, because the gateway rejects a `requestId` that it knows. The
    /// customer needs a fee config. **Inferred**: the vendor's page of this operation is missing.
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). The error is
    /// [ambiguous](crate::Error::is_ambiguous) and contains the `requestId` if the outcome is unknown. It is a
    /// [duplicate](crate::Error::is_duplicate) if the key was used before.
    pub fn create(&self, trade: &NewTrade) -> Call<Trade, CreateParameters> {
        Call::with_parameters(
            &self.0,
            &operations::CREATE_TRADE,
            trade.0.clone(),
            CreateParameters::default(),
            |context, request, parameters| Box::pin(create(context, request, *parameters)),
        )
        .key(&trade.0.request_id)
    }

    /// Returns the trade with this `requestId`. **Inferred**: the vendor's page of this operation is missing.
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). It only reads
    /// data, so no error is ambiguous.
    pub fn get(&self, request_id: impl Into<String>) -> Call<Trade> {
        let id = request_id.into();
        call!(
            &self.0,
            operations::GET_TRADE,
            id.clone(),
            |api, id| api.get_trade(Some(id)),
            required
        )
        .identified_by("requestId", Some(id))
    }

    /// Returns a poller of the trade with this `requestId`. Only the status "Pending" is documented: the final ones are
    /// inferred. [`until_final`](Poller::until_final) ends at the usual names of final statuses and continues at all others.
    /// To be sure, specify a condition with [`until`](Poller::until).
    pub fn wait(&self, request_id: impl Into<String>) -> Poller<Trade> {
        let (trades, id) = (self.clone(), request_id.into());
        Poller::new(&self.0, is_final, move || {
            trades.get(id.clone()).into_future()
        })
    }

    /// Lists the trades of all customers, or of the one that `client_id` sets. **Inferred**: the vendor's page of this
    /// operation is missing.
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). It only reads
    /// data, so no error is ambiguous.
    pub fn list(&self) -> Call<Option<RawJson>, ListTradesParameters> {
        call!(
            &self.0,
            operations::LIST_TRADES,
            parameters: ListTradesParameters::default(),
            |api, parameters| api.list_trades(parameters.client_id),
            optional
        )
    }

    /// Confirms a transaction. The call is never retried, because it moves money. **Inferred**: the vendor's page of this
    /// operation is missing.
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). If the error is
    /// [ambiguous](crate::Error::is_ambiguous), look up the transaction before you confirm it again.
    pub fn confirm(&self, confirmation: ConfirmTransactionRequest) -> Call<Option<RawJson>> {
        let number = confirmation.tx_no.clone();
        call!(
            &self.0,
            operations::CONFIRM_TRANSACTION,
            confirmation,
            |api, confirmation| api.confirm_transaction(confirmation),
            optional
        )
        .identified_by("txNo", number)
    }

    /// Returns the transaction with this number. **Inferred**: the vendor's page of this operation is missing.
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). It only reads
    /// data, so no error is ambiguous.
    pub fn transaction(&self, tx_no: impl Into<String>) -> Call<Option<RawJson>> {
        let number = tx_no.into();
        call!(
            &self.0,
            operations::GET_TRANSACTION,
            number.clone(),
            |api, number| api.get_transaction(Some(number)),
            optional
        )
        .identified_by("txNo", Some(number))
    }

    /// Returns the deposit address of a customer, for a currency such as `USDC` on a network such as `ethereum`. Money that
    /// is sent on another network is lost. **Inferred**: the vendor's page of this operation is missing.
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). It only reads
    /// data, so no error is ambiguous.
    pub fn deposit_address(
        &self,
        client_id: i64,
        currency: impl Into<String>,
        network: impl Into<String>,
    ) -> Call<Option<RawJson>> {
        let (currency, network) = (currency.into(), network.into());
        call!(
            &self.0,
            operations::GET_DEPOSIT_ADDRESS,
            (client_id, currency.clone(), network.clone()),
            |api, (id, currency, network)| api.get_deposit_address(
                Some(*id),
                Some(currency),
                Some(network)
            ),
            optional
        )
        .identified_by("clientId", Some(client_id))
        .identified_by("currency", Some(currency))
        .identified_by("network", Some(network))
    }

    /// Lists the deposits of all customers, or of the one that `client_id` sets. **Inferred**: the vendor's page of this
    /// operation is missing.
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). It only reads
    /// data, so no error is ambiguous.
    pub fn receive_transactions(&self) -> Call<Option<RawJson>, ListReceiveTransactionsParameters> {
        call!(
            &self.0,
            operations::LIST_RECEIVE_TRANSACTIONS,
            parameters: ListReceiveTransactionsParameters::default(),
            |api, parameters| api.list_receive_transactions(parameters.client_id),
            optional
        )
    }

    /// Returns the [deposit](Self::receive_transactions) with this ID. **Inferred**: the vendor's page of this operation is
    /// missing.
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). It only reads
    /// data, so no error is ambiguous.
    pub fn receive_transaction(&self, id: i64) -> Call<Option<RawJson>> {
        call!(
            &self.0,
            operations::GET_RECEIVE_TRANSACTION,
            id,
            |api, id| api.get_receive_transaction(Some(*id)),
            optional
        )
        .identified_by("id", Some(id))
    }
}

/// The optional arguments of [`Trades::list`].
#[derive(Clone, Copy, Debug, Default)]
pub struct ListTradesParameters {
    client_id: Option<i64>,
}

crate::pages::list!(query: ListTradesParameters, Trade);

/// The optional arguments of [`Trades::receive_transactions`].
#[derive(Clone, Copy, Debug, Default)]
pub struct ListReceiveTransactionsParameters {
    client_id: Option<i64>,
}

// The record of a deposit is not known.
crate::pages::list!(query: ListReceiveTransactionsParameters, RawJson);

const LOOKUP: Lookup = Lookup {
    fields: &[
        required("requestId"),
        required("amount"),
        optional("clientId"),
        optional("fromCurrency"),
        optional("toCurrency"),
    ],
    is_documented: false,
};

async fn create(
    context: &Arc<CallContext>,
    request: &CreateTradeRequest,
    parameters: CreateParameters,
) -> Result<Response<Trade>, Error> {
    let created = context.api().create_trade(request).await;
    let created = context.required(created);
    let id = &request.request_id;
    let found = lookup!(context, operations::GET_TRADE, |api| api
        .get_trade(Some(id)));
    created_or_existing(context, created, parameters, request, &LOOKUP, found).await
}

/// The usual names of final statuses. None of them is documented.
const FINAL_STATUSES: [&str; 12] = [
    "completed",
    "complete",
    "success",
    "successful",
    "succeeded",
    "failed",
    "failure",
    "rejected",
    "cancelled",
    "canceled",
    "expired",
    "refunded",
];

fn is_final(trade: &Response<Trade>) -> Result<bool, DecodeError> {
    let status = trade.status.as_ref();
    Ok(status
        .is_some_and(|status| FINAL_STATUSES.contains(&status.as_str().to_lowercase().as_str())))
}

/// A new trade. Its `requestId`, the idempotency key, is generated with the value and stays the same however often the value is
/// sent. **Inferred**: the fields are those of the record and of guides.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
#[must_use = "a trade is created when `create` is awaited"]
pub struct NewTrade(CreateTradeRequest);

/// The `requestType` of an on-ramp in requests, according to a guide; in records it is "OnRamp".
const ON_RAMP: i128 = 1;

/// The `requestType` of an off-ramp, inferred from that of an on-ramp: no page has it.
const OFF_RAMP: i128 = 2;

impl NewTrade {
    /// Returns a trade from a fiat currency to a token: `requestType` 1. The amount is exact, in the currency `from`. Page:
    /// <https://developer.stablelink.app/6948685m0>
    pub fn on_ramp(
        client_id: i64,
        from: impl Into<TradeCurrency>,
        to: impl Into<TradeCurrency>,
        amount: impl Into<Decimal>,
    ) -> Self {
        Self::new(client_id, from, to, amount).request_type(IntegerOrText::Integer(ON_RAMP))
    }

    /// Returns a trade from a token to a fiat currency: `requestType` 2, which is inferred because no page has it. If the gateway
    /// expects another one, set it with [`request_type`](Self::request_type). The amount is exact, in the currency `from`.
    pub fn off_ramp(
        client_id: i64,
        from: impl Into<TradeCurrency>,
        to: impl Into<TradeCurrency>,
        amount: impl Into<Decimal>,
    ) -> Self {
        Self::new(client_id, from, to, amount).request_type(IntegerOrText::Integer(OFF_RAMP))
    }

    fn new(
        client_id: i64,
        from: impl Into<TradeCurrency>,
        to: impl Into<TradeCurrency>,
        amount: impl Into<Decimal>,
    ) -> Self {
        Self(CreateTradeRequest {
            request_id: request_id(),
            client_id: Some(client_id),
            from_currency: Some(from.into()),
            to_currency: Some(to.into()),
            amount: Some(amount.into().into()),
            request_type: None,
            file_id: None,
            green_link_va: None,
            reference_no: None,
            extra: serde_json::Map::new(),
        })
    }

    /// Replaces the `requestType`.
    pub fn request_type(mut self, kind: IntegerOrText) -> Self {
        self.0.request_type = Some(kind);
        self
    }

    /// Sets the uploaded receipt of a bank payment with WUSD, and its transaction number.
    pub fn receipt(mut self, file_id: IntegerOrText, reference_no: impl Into<String>) -> Self {
        self.0.green_link_va = Some("Yes".into());
        self.0.file_id = Some(file_id);
        self.0.reference_no = Some(reference_no.into());
        self
    }

    /// Sets your own `requestId`, which must be unique. The length of 1 to 64 characters is checked before anything is sent.
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.0.request_id = id.into();
        self
    }

    /// Returns the `requestId`.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.0.request_id
    }
}

impl From<CreateTradeRequest> for NewTrade {
    fn from(request: CreateTradeRequest) -> Self {
        Self(request)
    }
}

impl fmt::Debug for NewTrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_key(f, "NewTrade", "request_id", self.request_id())
    }
}

/// Returns a new `requestId`: a UUID, as in the examples of the pages.
#[must_use]
pub fn request_id() -> String {
    uuid::Uuid::new_v4().to_string()
}
