//! `settlement`.

use clap::{Args, Subcommand};
use serde::Serialize;
use stablelink::scalars::DecimalNumber;
use stablelink::types::{CreateFiatSettlementOrderRequest, CreateSettlementOrderRequest};
use stablelink::{NewFiatSettlement, NewSettlement};

use super::request::{Draft, Json, Page, unique_number};
use super::send::send;
use crate::context::Context;
use crate::failure::Failure;

/// Payouts of paid orders to a merchant.
#[derive(Debug, Subcommand)]
pub(crate) enum Settlement {
    /// Pay out to an address on a chain; an address of another chain loses the money
    Create(Create),
    /// Pay out in a fiat currency
    CreateFiat(CreateFiat),
    /// Show a settlement
    Get {
        /// Its number
        settlement_order_no: String,
    },
    /// Cancel a settlement
    Cancel {
        /// Its number
        settlement_order_no: String,
    },
    /// List settlements
    List(Page),
}

/// A payout on a chain.
#[derive(Debug, Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Create {
    /// How much, in the coin
    #[arg(long)]
    amount: Option<DecimalNumber>,
    /// Coin and chain, such as ETH_USDT
    #[arg(long)]
    token: Option<String>,
    /// Address on that chain
    #[arg(long)]
    address: Option<String>,
    /// The merchant
    #[arg(long = "merchant", value_name = "ID")]
    merchant_id: Option<String>,
    /// A paid order that it is for; may be given again
    #[arg(long = "order", value_name = "NUMBER")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    order_nos: Vec<String>,
    /// Its number, which must be new [default: one is made]
    #[arg(long, value_name = "NUMBER")]
    settlement_order_no: Option<String>,
    #[command(flatten)]
    #[serde(skip)]
    json: Json,
}

/// A payout in a fiat currency.
#[derive(Debug, Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateFiat {
    /// Its number, which must be new [default: one is made]
    #[arg(long, value_name = "NUMBER")]
    settlement_order_no: Option<String>,
    #[command(flatten)]
    #[serde(skip)]
    json: Json,
}

impl Settlement {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        const KEY: &str = "settlementOrderNo";
        match self {
            Self::Create(order) => {
                let request: CreateSettlementOrderRequest = Draft::new(&order.json.json, &order)?
                    .keyed(&context.out, KEY, unique_number)?
                    .finish()?;
                let order = NewSettlement::from(request);
                send(context, context.client()?.settlements().create(&order)).await
            }
            Self::CreateFiat(order) => {
                let request: CreateFiatSettlementOrderRequest =
                    Draft::new(&order.json.json, &order)?
                        .keyed(&context.out, KEY, unique_number)?
                        .finish()?;
                let order = NewFiatSettlement::from(request);
                send(context, context.client()?.settlements().create_fiat(&order)).await
            }
            Self::Get {
                settlement_order_no,
            } => {
                send(
                    context,
                    context.client()?.settlements().get(settlement_order_no),
                )
                .await
            }
            Self::Cancel {
                settlement_order_no,
            } => {
                send(
                    context,
                    context.client()?.settlements().cancel(settlement_order_no),
                )
                .await
            }
            Self::List(page) => {
                send(
                    context,
                    context.client()?.settlements().list(page.request()?),
                )
                .await
            }
        }
    }
}
