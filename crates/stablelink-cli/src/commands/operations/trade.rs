//! The commands `trade`, `rate` and `file`: trades, their exchange rates and their receipts.

use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use stablelink::operations::{GET_TRADE, UPLOAD_FILE};
use stablelink::scalars::{DecimalNumber, IntegerOrText};
use stablelink::types::CreateTradeRequest;
use stablelink::{NewTrade, request_id};

use super::request::{RequestArgs, integer_or_text};
use super::{poll, send};
use crate::context::Context;
use crate::error::{CallSubject, CliError};

#[derive(Debug, Subcommand)]
pub(crate) enum TradeCommand {
    /// Create a trade
    Create(Box<RequestArgs<TradeArgs>>),
    /// Show a trade
    Get {
        /// requestId of the trade
        request_id: String,
    },
    /// Wait until a trade has a final status (the final statuses are inferred)
    Wait {
        /// requestId of the trade
        request_id: String,
        /// Wait for this status instead
        #[arg(long, value_name = "STATUS")]
        until: Option<String>,
    },
    /// List the trades of a customer
    List {
        /// Customer ID
        client_id: Option<i64>,
    },
    /// Confirm a transaction, which moves money
    Confirm(RequestArgs<ConfirmArgs>),
    /// Show a transaction
    Transaction {
        /// Transaction number (txNo)
        tx_no: String,
    },
    /// Show the deposit address of a customer
    DepositAddress {
        /// Customer ID
        client_id: i64,
        /// Currency, such as USDC
        currency: String,
        /// Network, such as ethereum
        network: String,
    },
    /// List a customer's deposits
    ReceiveTransactions {
        /// Customer ID
        client_id: Option<i64>,
    },
    /// Show a deposit
    ReceiveTransaction {
        /// Deposit ID
        id: i64,
    },
}

#[derive(Debug, Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TradeArgs {
    /// Customer ID
    #[arg(long, value_name = "ID")]
    client_id: Option<i64>,
    /// Currency to sell
    #[arg(long = "from", value_name = "CURRENCY")]
    from_currency: Option<String>,
    /// Currency to buy
    #[arg(long = "to", value_name = "CURRENCY")]
    to_currency: Option<String>,
    /// Amount to sell
    #[arg(long)]
    amount: Option<DecimalNumber>,
    /// Type of trade; 1 is an on-ramp, the value for an off-ramp is unknown
    #[arg(long = "type", value_name = "TYPE", value_parser = integer_or_text)]
    request_type: Option<IntegerOrText>,
    /// ID of the uploaded receipt of a bank payment
    #[arg(long, value_name = "ID", value_parser = integer_or_text)]
    file_id: Option<IntegerOrText>,
    /// Transaction number on the receipt
    #[arg(long, value_name = "NUMBER")]
    reference_no: Option<String>,
    /// Yes for a bank payment with WUSD
    #[arg(long, value_name = "YES|NO")]
    #[serde(rename = "greenLinkVA")]
    green_link_va: Option<String>,
    /// New requestId of up to 64 characters [default: generated]
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
}

#[derive(Debug, Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConfirmArgs {
    /// Transaction number (txNo)
    #[arg(long, value_name = "NUMBER")]
    tx_no: Option<String>,
}

impl TradeCommand {
    pub(crate) async fn run(self, context: &Context) -> Result<(), CliError> {
        let trades = || context.client().map(|client| client.trades());
        match self {
            Self::Create(trade) => {
                let request: CreateTradeRequest =
                    trade.request_with_key(context, "requestId", request_id)?;
                let trade = NewTrade::from(request);
                send(context, trades()?.create(&trade)).await
            }
            Self::Get { request_id } => send(context, trades()?.get(request_id)).await,
            Self::Wait { request_id, until } => {
                fn status_of(trade: &stablelink::types::Trade) -> Option<&str> {
                    trade.status.as_ref().map(|status| status.as_str())
                }
                let poller = trades()?.wait(request_id);
                poll(context, poller, &GET_TRADE, until, status_of).await
            }
            Self::List { client_id } => send(context, trades()?.list().client_id(client_id)).await,
            Self::Confirm(confirmation) => {
                if let Some(number) = &confirmation.flags.tx_no {
                    context.set_key("txNo", number);
                }
                send(context, trades()?.confirm(confirmation.request()?)).await
            }
            Self::Transaction { tx_no } => send(context, trades()?.transaction(tx_no)).await,
            Self::DepositAddress {
                client_id,
                currency,
                network,
            } => {
                let call = trades()?.deposit_address(client_id, currency, network);
                send(context, call).await
            }
            Self::ReceiveTransactions { client_id } => {
                send(
                    context,
                    trades()?.receive_transactions().client_id(client_id),
                )
                .await
            }
            Self::ReceiveTransaction { id } => {
                send(context, trades()?.receive_transaction(id)).await
            }
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum RateCommand {
    /// Get the exchange rate between two currencies
    Quote {
        /// Currency to sell, such as USDT
        sell: String,
        /// Currency to buy, such as USD
        buy: String,
        /// Amount to sell
        #[arg(long)]
        amount: Option<DecimalNumber>,
        /// ID of the customer whose fees apply
        #[arg(long, value_name = "ID")]
        client_id: Option<i64>,
    },
}

impl RateCommand {
    pub(crate) async fn run(self, context: &Context) -> Result<(), CliError> {
        let Self::Quote {
            sell,
            buy,
            amount,
            client_id,
        } = self;
        let mut call = context.client()?.exchange_rates().quote(sell, buy);
        if let Some(amount) = amount {
            call = call.amount(amount.get());
        }
        if let Some(id) = client_id {
            call = call.client_id(id);
        }
        send(context, call).await
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum FileCommand {
    /// Upload a file
    Upload {
        /// Path of the file
        path: PathBuf,
        /// Media type [default: guessed from the file name]
        #[arg(long, value_name = "TYPE")]
        content_type: Option<String>,
        /// Purpose of the file, a number; the values are unknown
        #[arg(long)]
        scene: Option<i64>,
    },
}

impl FileCommand {
    pub(crate) async fn run(self, context: &Context) -> Result<(), CliError> {
        let Self::Upload {
            path,
            content_type,
            scene,
        } = self;
        let start = Instant::now();
        // The bar is drawn on standard error if that is a terminal.
        let bar = ProgressBar::no_length();
        let template = "{bar:30} {bytes} of {total_bytes}, {bytes_per_sec}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        let progress = bar.clone();
        let upload = context.client()?.files().upload_path(path);
        let mut upload = upload.progress(move |sent, total| {
            if let Some(total) = total {
                progress.set_length(total);
            }
            progress.set_position(sent);
        });
        if let Some(media_type) = content_type {
            upload = upload.content_type(media_type);
        }
        if let Some(scene) = scene {
            upload = upload.scene(scene);
        }
        if let Some(deadline) = context.deadline()? {
            upload = upload.deadline(deadline);
        }
        let call = context.begin_call(CallSubject::may_write(&UPLOAD_FILE));
        let result = upload.await;
        bar.finish_and_clear();
        let response = result.map_err(|error| CliError::of_call(error, &call))?;
        let response = response.raw_response();
        let printed = context
            .out
            .response(&UPLOAD_FILE, response, start.elapsed());
        printed.map_err(|error| error.after_success(&call))
    }
}
