//! `checkout`.

use clap::{Args, Subcommand};
use serde::Serialize;
use stablelink::NewCheckoutOrder;
use stablelink::operations::GET_CHECKOUT_ORDER;
use stablelink::scalars::DecimalNumber;
use stablelink::types::CreateCheckoutOrderRequest;

use super::request::{Draft, Json, Page, unique_number};
use super::send::{send, wait};
use crate::context::Context;
use crate::failure::Failure;

/// Orders that a customer pays on a chain.
#[derive(Debug, Subcommand)]
pub(crate) enum Checkout {
    /// Make an order
    Create(Create),
    /// Show an order
    Get {
        /// Its number
        order_no: String,
    },
    /// Cancel an order
    Cancel {
        /// Its number
        order_no: String,
    },
    /// Wait until an order is paid, cancelled or timed out
    Wait {
        /// Its number
        order_no: String,
        /// Wait for this status instead, such as PAID
        #[arg(long, value_name = "STATUS")]
        until: Option<String>,
    },
    /// List orders
    List(Page),
}

/// An order.
#[derive(Debug, Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Create {
    /// How much, in US dollars
    #[arg(long = "amount", value_name = "USD")]
    order_amount: Option<DecimalNumber>,
    /// Coin and chain that it is paid in, such as ETH_USDT
    #[arg(long)]
    token: Option<String>,
    /// The customer
    #[arg(long = "customer", value_name = "ID")]
    customer_id: Option<String>,
    /// The merchant
    #[arg(long = "merchant", value_name = "ID")]
    merchant_id: Option<String>,
    /// Its number, letters and digits, which must be new [default: one is made]
    #[arg(long, value_name = "NUMBER")]
    order_no: Option<String>,
    /// How long it can be paid, in seconds
    #[arg(long, value_name = "SECONDS")]
    expired_in: Option<i64>,
    /// Where a browser goes after the payment
    #[arg(long, value_name = "URL")]
    pc_callback_url: Option<String>,
    /// Where an app goes after the payment
    #[arg(long, value_name = "URL")]
    app_callback_url: Option<String>,
    #[command(flatten)]
    #[serde(skip)]
    json: Json,
}

impl Checkout {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Create(order) => {
                let mut request: CreateCheckoutOrderRequest = Draft::new(&order.json.json, &order)?
                    .keyed(&context.out, "orderNo", unique_number)?
                    .finish()?;
                // The only one that is documented.
                request.fiat.get_or_insert_with(|| "USD".to_owned());
                let order = NewCheckoutOrder::from(request);
                send(context, context.client()?.checkout_orders().create(&order)).await
            }
            Self::Get { order_no } => {
                send(context, context.client()?.checkout_orders().get(order_no)).await
            }
            Self::Cancel { order_no } => {
                send(
                    context,
                    context.client()?.checkout_orders().cancel(order_no),
                )
                .await
            }
            Self::Wait { order_no, until } => {
                let orders = context.client()?.checkout_orders();
                wait(
                    context,
                    orders.wait(order_no),
                    &GET_CHECKOUT_ORDER,
                    until,
                    status_of,
                )
                .await
            }
            Self::List(page) => {
                send(
                    context,
                    context.client()?.checkout_orders().list(page.request()?),
                )
                .await
            }
        }
    }
}

fn status_of(order: &stablelink::types::CheckoutOrder) -> Option<&str> {
    order.order_status.as_ref().map(|status| status.as_str())
}
