//! `trade`.

use clap::{Args, Subcommand};
use serde::Serialize;
use stablelink::operations::GET_TRADE;
use stablelink::scalars::{DecimalNumber, IntegerOrText};
use stablelink::types::CreateTradeRequest;
use stablelink::{NewTrade, request_id};

use super::request::{Draft, Json};
use super::send::{send, wait};
use super::user::integer_or_text;
use crate::context::Context;
use crate::failure::Failure;

/// On-ramp and off-ramp trades.
#[derive(Debug, Subcommand)]
pub(crate) enum Trade {
    /// Make a trade
    Create(Box<Create>),
    /// Show a trade
    Get {
        /// Its requestId
        request_id: String,
    },
    /// Wait until a trade is done; which statuses are the last is inferred
    Wait {
        /// Its requestId
        request_id: String,
        /// Wait for this status instead
        #[arg(long, value_name = "STATUS")]
        until: Option<String>,
    },
    /// List the trades of a customer
    List {
        /// The customer
        client_id: Option<i64>,
    },
    /// Confirm a transaction: it moves money
    Confirm(Confirm),
    /// Show a transaction
    Transaction {
        /// Its number, txNo
        tx_no: String,
    },
    /// Show the address that a customer pays to
    DepositAddress {
        /// The customer
        client_id: i64,
        /// Currency, such as USDC
        currency: String,
        /// Network, such as ethereum
        network: String,
    },
    /// List what came in for a customer
    ReceiveTransactions {
        /// The customer
        client_id: Option<i64>,
    },
    /// Show one thing that came in
    ReceiveTransaction {
        /// Its id
        id: i64,
    },
}

/// A trade.
#[derive(Debug, Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Create {
    /// The customer
    #[arg(long, value_name = "ID")]
    client_id: Option<i64>,
    /// The currency that is sold
    #[arg(long = "from", value_name = "CURRENCY")]
    from_currency: Option<String>,
    /// The currency that is bought
    #[arg(long = "to", value_name = "CURRENCY")]
    to_currency: Option<String>,
    /// How much is sold
    #[arg(long)]
    amount: Option<DecimalNumber>,
    /// Kind of trade; 1 is an on-ramp, that of an off-ramp was not seen
    #[arg(long = "type", value_name = "KIND", value_parser = integer_or_text)]
    request_type: Option<IntegerOrText>,
    /// The uploaded receipt of a bank payment
    #[arg(long, value_name = "ID", value_parser = integer_or_text)]
    file_id: Option<IntegerOrText>,
    /// Transaction number on the receipt
    #[arg(long, value_name = "NUMBER")]
    reference_no: Option<String>,
    /// Paid by bank with WUSD: Yes
    #[arg(long, value_name = "YES|NO")]
    #[serde(rename = "greenLinkVA")]
    green_link_va: Option<String>,
    /// Its requestId, up to 64 characters, which must be new [default: one is made]
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
    #[command(flatten)]
    #[serde(skip)]
    json: Json,
}

/// What is confirmed.
#[derive(Debug, Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Confirm {
    /// Its number
    #[arg(long, value_name = "NUMBER")]
    tx_no: Option<String>,
    #[command(flatten)]
    #[serde(skip)]
    json: Json,
}

impl Trade {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Create(trade) => {
                let request: CreateTradeRequest = Draft::new(&trade.json.json, &trade)?
                    .keyed(&context.out, "requestId", request_id)?
                    .finish()?;
                let trade = NewTrade::from(request);
                send(context, context.client()?.trades().create(&trade)).await
            }
            Self::Get { request_id } => {
                send(context, context.client()?.trades().get(request_id)).await
            }
            Self::Wait { request_id, until } => {
                wait(
                    context,
                    context.client()?.trades().wait(request_id),
                    &GET_TRADE,
                    until,
                    status_of,
                )
                .await
            }
            Self::List { client_id } => {
                send(context, context.client()?.trades().list(client_id)).await
            }
            Self::Confirm(what) => {
                let request = Draft::new(&what.json.json, &what)?.finish()?;
                send(context, context.client()?.trades().confirm(request)).await
            }
            Self::Transaction { tx_no } => {
                send(context, context.client()?.trades().transaction(tx_no)).await
            }
            Self::DepositAddress {
                client_id,
                currency,
                network,
            } => {
                let call = context
                    .client()?
                    .trades()
                    .deposit_address(client_id, currency, network);
                send(context, call).await
            }
            Self::ReceiveTransactions { client_id } => {
                send(
                    context,
                    context.client()?.trades().receive_transactions(client_id),
                )
                .await
            }
            Self::ReceiveTransaction { id } => {
                send(context, context.client()?.trades().receive_transaction(id)).await
            }
        }
    }
}

fn status_of(trade: &stablelink::types::Trade) -> Option<&str> {
    trade.status.as_ref().map(|status| status.as_str())
}
