//! On-ramp and off-ramp trades. All of it is inferred: the pages only name these operations.

use std::fmt;

use rust_decimal::Decimal;
use stablelink_api::open_enums::TradeCurrency;
use stablelink_api::operations;
use stablelink_api::scalars::{IntegerOrText, RawJson};
use stablelink_api::types::{ConfirmTransactionRequest, CreateTradeRequest, Trade};

use super::keyed;
use crate::call::Call;
use crate::client::Client;
use crate::poller::Poller;

/// On-ramp and off-ramp trades, which the pages call trade requests. **Inferred**: paths were not seen, records only in guides
/// (<https://developer.stablelink.app/6948685m0>, <https://developer.stablelink.app/6948696m0>).
#[derive(Clone, Debug)]
pub struct Trades(Client);

impl Trades {
    pub(super) fn new(client: &Client) -> Self {
        Self(client.clone())
    }

    /// Makes a trade, under the `requestId` that stands in the value. Awaiting it again with the same value is safe: the gateway
    /// refuses a `requestId` that it has. A fee config must exist before. **Inferred**: its page was not seen.
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)): [ambiguous](crate::Error::is_ambiguous), with the `requestId`, where it was sent and
    /// nobody knows its outcome; refused of one that was used before ([`is_duplicate`](crate::Error::is_duplicate)).
    pub fn create(&self, trade: &NewTrade) -> Call<CreateTradeRequest, Trade> {
        let request = trade.0.clone();
        let key = request.request_id.clone();
        Call::new(
            &self.0,
            &operations::CREATE_TRADE,
            request,
            |run, request| {
                Box::pin(async move {
                    run.answer(run.api().create_trade(request).await, |found| found.retdata)
                })
            },
        )
        .keyed(key)
    }

    /// The trade that was made with this `requestId`. **Inferred**: its page was not seen.
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)). It only reads: none of them is [ambiguous](crate::Error::is_ambiguous).
    pub fn get(&self, request_id: impl Into<String>) -> Call<String, Trade> {
        Call::new(
            &self.0,
            &operations::GET_TRADE,
            request_id.into(),
            |run, id| {
                Box::pin(async move {
                    run.answer(run.api().get_trade(Some(id)).await, |found| found.retdata)
                })
            },
        )
    }

    /// Waits for the trade that was made with this `requestId`. Of its statuses only "Pending" was seen: which words are final is inferred
    /// ([`until_final`](Poller::until_final) knows the usual ones, and waits others out); to be sure, say what you wait for with
    /// [`until`](Poller::until).
    pub fn wait(&self, request_id: impl Into<String>) -> Poller<Trade> {
        let (trades, id) = (self.clone(), request_id.into());
        Poller::new(&self.0, is_final, move || {
            trades.get(id.clone()).into_future()
        })
    }

    /// The trades of a customer, or of all of them; `client_id` is the number of the customer. **Inferred**: its page was not seen.
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)). It only reads: none of them is [ambiguous](crate::Error::is_ambiguous).
    pub fn list(&self, client_id: Option<i64>) -> Call<Option<i64>, Option<RawJson>> {
        Call::new(&self.0, &operations::LIST_TRADES, client_id, |run, id| {
            Box::pin(
                async move { run.opened(run.api().list_trades(*id).await, |found| found.retdata) },
            )
        })
    }

    /// Confirms a transaction. Sent once, never repeated: it moves money. **Inferred**: its page was not seen.
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)): [ambiguous](crate::Error::is_ambiguous) where it was sent and nobody knows its
    /// outcome; look for what it did before you make it again.
    pub fn confirm(
        &self,
        confirmation: ConfirmTransactionRequest,
    ) -> Call<ConfirmTransactionRequest, Option<RawJson>> {
        Call::new(
            &self.0,
            &operations::CONFIRM_TRANSACTION,
            confirmation,
            |run, confirmation| {
                Box::pin(async move {
                    run.opened(run.api().confirm_transaction(confirmation).await, |found| {
                        found.retdata
                    })
                })
            },
        )
    }

    /// The transaction with this number. **Inferred**: its page was not seen.
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)). It only reads: none of them is [ambiguous](crate::Error::is_ambiguous).
    pub fn transaction(&self, tx_no: impl Into<String>) -> Call<String, Option<RawJson>> {
        Call::new(
            &self.0,
            &operations::GET_TRANSACTION,
            tx_no.into(),
            |run, number| {
                Box::pin(async move {
                    run.opened(run.api().get_transaction(Some(number)).await, |found| {
                        found.retdata
                    })
                })
            },
        )
    }

    /// The address that a customer pays to, for a currency such as `USDC` on a network such as `ethereum`. **Inferred**: its page was not
    /// seen. Money that is sent on another network is lost.
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)). It only reads: none of them is [ambiguous](crate::Error::is_ambiguous).
    pub fn deposit_address(
        &self,
        client_id: i64,
        currency: impl Into<String>,
        network: impl Into<String>,
    ) -> Call<(i64, String, String), Option<RawJson>> {
        let of = (client_id, currency.into(), network.into());
        Call::new(
            &self.0,
            &operations::GET_DEPOSIT_ADDRESS,
            of,
            |run, (id, currency, network)| {
                Box::pin(async move {
                    let found = run
                        .api()
                        .get_deposit_address(Some(*id), Some(currency), Some(network))
                        .await;
                    run.opened(found, |found| found.retdata)
                })
            },
        )
    }

    /// What came in for a customer, or for all of them. **Inferred**: its page was not seen.
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)). It only reads: none of them is [ambiguous](crate::Error::is_ambiguous).
    pub fn receive_transactions(
        &self,
        client_id: Option<i64>,
    ) -> Call<Option<i64>, Option<RawJson>> {
        Call::new(
            &self.0,
            &operations::LIST_RECEIVE_TRANSACTIONS,
            client_id,
            |run, id| {
                Box::pin(async move {
                    run.opened(run.api().list_receive_transactions(*id).await, |found| {
                        found.retdata
                    })
                })
            },
        )
    }

    /// One [of them](Self::receive_transactions), by its id. **Inferred**: its page was not seen.
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)). It only reads: none of them is [ambiguous](crate::Error::is_ambiguous).
    pub fn receive_transaction(&self, id: i64) -> Call<i64, Option<RawJson>> {
        Call::new(
            &self.0,
            &operations::GET_RECEIVE_TRANSACTION,
            id,
            |run, id| {
                Box::pin(async move {
                    run.opened(
                        run.api().get_receive_transaction(Some(*id)).await,
                        |found| found.retdata,
                    )
                })
            },
        )
    }
}

/// Words by which a status usually says that it is the last. None of them was seen.
const FINAL: [&str; 12] = [
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

fn is_final(trade: &Trade) -> bool {
    trade
        .status
        .as_ref()
        .is_some_and(|status| FINAL.contains(&status.as_str().to_lowercase().as_str()))
}

/// A trade to be made. Its `requestId`, the idempotency key, is made with the value and stays the same however often it is
/// sent. **Inferred**: members of the record and of the guides.
#[derive(Clone)]
#[must_use = "a trade is made when `create` is awaited"]
pub struct NewTrade(CreateTradeRequest);

/// `requestType` of an on-ramp in requests (a guide); records call it "OnRamp".
const ON_RAMP: i128 = 1;

impl NewTrade {
    /// From a fiat currency to a coin: `requestType` 1. The amount is in the currency that it goes from, exact to the digit. Page:
    /// <https://developer.stablelink.app/6948685m0>
    pub fn on_ramp(
        client_id: i64,
        from: impl Into<TradeCurrency>,
        to: impl Into<TradeCurrency>,
        amount: impl Into<Decimal>,
    ) -> Self {
        Self::new(client_id, from, to, amount).request_type(IntegerOrText::Integer(ON_RAMP))
    }

    /// A trade without a `requestType`: that of an off-ramp was not seen. Set it with [`request_type`](Self::request_type). The amount is
    /// in the currency that it goes from, exact to the digit.
    pub fn new(
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

    /// Which kind of trade, as the gateway calls it.
    pub fn request_type(mut self, kind: IntegerOrText) -> Self {
        self.0.request_type = Some(kind);
        self
    }

    /// Paid by bank with WUSD: the uploaded receipt and its transaction number.
    pub fn receipt(mut self, file_id: IntegerOrText, reference_no: impl Into<String>) -> Self {
        self.0.green_link_va = Some("Yes".into());
        self.0.file_id = Some(file_id);
        self.0.reference_no = Some(reference_no.into());
        self
    }

    /// Your own `requestId`, any text of 1 to 64 characters, refused here otherwise. It must be new.
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.0.request_id = id.into();
        self
    }

    /// Its `requestId`.
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
        keyed(f, "NewTrade", "request_id", self.request_id())
    }
}

/// A new `requestId`: a UUID, as in the examples of the pages.
#[must_use]
pub fn request_id() -> String {
    uuid::Uuid::new_v4().to_string()
}
