//! The commands `checkout`, `settlement` and `refund`.

use clap::{Args, Subcommand};
use serde::Serialize;
use stablelink::operations::GET_CHECKOUT_ORDER;
use stablelink::scalars::DecimalNumber;
use stablelink::types::{
    CheckoutOrder, CreateAbnormalPaymentRefundRequest, CreateCheckoutOrderRequest,
    CreateFiatSettlementOrderRequest, CreateRefundOrderRequest, CreateSettlementOrderRequest,
};
use stablelink::{
    NewAbnormalPaymentRefund, NewCheckoutOrder, NewFiatSettlement, NewRefund, NewSettlement,
};

use super::request::{ListArgs, RequestArgs, unique_order_number};
use super::{poll, send};
use crate::context::Context;
use crate::error::CliError;

#[derive(Debug, Subcommand)]
pub(crate) enum CheckoutCommand {
    /// Create an order
    Create(RequestArgs<CheckoutArgs>),
    /// Show an order
    Get {
        /// Order number
        order_no: String,
    },
    /// Cancel an order
    Cancel {
        /// Order number
        order_no: String,
    },
    /// Wait until an order is paid, cancelled or timed out
    Wait {
        /// Order number
        order_no: String,
        /// Wait for this status instead, such as PAID
        #[arg(long, value_name = "STATUS")]
        until: Option<String>,
    },
    /// List orders
    List(ListArgs),
}

#[derive(Debug, Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CheckoutArgs {
    /// Amount in US dollars
    #[arg(long = "amount", value_name = "USD")]
    order_amount: Option<DecimalNumber>,
    /// Coin and chain of the payment, such as ETH_USDT
    #[arg(long)]
    token: Option<String>,
    /// Customer ID
    #[arg(long = "customer", value_name = "ID")]
    customer_id: Option<String>,
    /// Merchant ID
    #[arg(long = "merchant", value_name = "ID")]
    merchant_id: Option<String>,
    /// New order number of letters and digits [default: generated]
    #[arg(long, value_name = "NUMBER")]
    order_no: Option<String>,
    /// Seconds until the order expires
    #[arg(long, value_name = "SECONDS")]
    expired_in: Option<i64>,
    /// URL that a browser opens after the payment
    #[arg(long, value_name = "URL")]
    pc_callback_url: Option<String>,
    /// URL that an app opens after the payment
    #[arg(long, value_name = "URL")]
    app_callback_url: Option<String>,
}

impl CheckoutCommand {
    pub(crate) async fn run(self, context: &Context) -> Result<(), CliError> {
        let orders = || context.client().map(|client| client.checkout_orders());
        match self {
            Self::Create(order) => {
                let mut request: CreateCheckoutOrderRequest =
                    order.request_with_key(context, "orderNo", unique_order_number)?;
                // The only documented currency.
                request.fiat.get_or_insert_with(|| "USD".to_owned());
                let order = NewCheckoutOrder::from(request);
                send(context, orders()?.create(&order)).await
            }
            Self::Get { order_no } => send(context, orders()?.get(order_no)).await,
            Self::Cancel { order_no } => {
                context.set_key("orderNo", &order_no);
                send(context, orders()?.cancel(order_no)).await
            }
            Self::Wait { order_no, until } => {
                fn status_of(order: &CheckoutOrder) -> Option<&str> {
                    order.order_status.as_ref().map(|status| status.as_str())
                }
                let poller = orders()?.wait(order_no);
                poll(context, poller, &GET_CHECKOUT_ORDER, until, status_of).await
            }
            Self::List(list) => send(context, orders()?.list().filter(list.request()?)).await,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum SettlementCommand {
    /// Pay out to a blockchain address; an address on another chain loses the money
    Create(RequestArgs<SettlementArgs>),
    /// Pay out in a fiat currency
    CreateFiat(RequestArgs<FiatSettlementArgs>),
    /// Show a settlement order
    Get {
        /// Settlement order number
        settlement_order_no: String,
    },
    /// Cancel a settlement order
    Cancel {
        /// Settlement order number
        settlement_order_no: String,
    },
    /// List settlement orders
    List(ListArgs),
}

#[derive(Debug, Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SettlementArgs {
    /// Amount in the coin
    #[arg(long)]
    amount: Option<DecimalNumber>,
    /// Coin and chain, such as ETH_USDT
    #[arg(long)]
    token: Option<String>,
    /// Address on that chain
    #[arg(long)]
    address: Option<String>,
    /// Merchant ID
    #[arg(long = "merchant", value_name = "ID")]
    merchant_id: Option<String>,
    /// Number of a paid checkout order to settle; may be repeated
    #[arg(long = "order", value_name = "NUMBER")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    order_nos: Vec<String>,
    /// New settlement order number [default: generated]
    #[arg(long, value_name = "NUMBER")]
    settlement_order_no: Option<String>,
}

/// The fields of a settlement order in a fiat currency. Pass the other fields with --json.
#[derive(Debug, Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FiatSettlementArgs {
    /// New settlement order number [default: generated]
    #[arg(long, value_name = "NUMBER")]
    settlement_order_no: Option<String>,
}

impl SettlementCommand {
    pub(crate) async fn run(self, context: &Context) -> Result<(), CliError> {
        const KEY: &str = "settlementOrderNo";
        let settlements = || context.client().map(|client| client.settlements());
        match self {
            Self::Create(order) => {
                let request: CreateSettlementOrderRequest =
                    order.request_with_key(context, KEY, unique_order_number)?;
                let order = NewSettlement::from(request);
                send(context, settlements()?.create(&order)).await
            }
            Self::CreateFiat(order) => {
                let request: CreateFiatSettlementOrderRequest =
                    order.request_with_key(context, KEY, unique_order_number)?;
                let order = NewFiatSettlement::from(request);
                send(context, settlements()?.create_fiat(&order)).await
            }
            Self::Get {
                settlement_order_no: number,
            } => send(context, settlements()?.get(number)).await,
            Self::Cancel {
                settlement_order_no: number,
            } => {
                context.set_key(KEY, &number);
                send(context, settlements()?.cancel(number)).await
            }
            Self::List(list) => send(context, settlements()?.list().filter(list.request()?)).await,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum RefundCommand {
    /// Refund a checkout order, all or part of it, or an abnormal payment
    Create(RequestArgs<RefundArgs>),
    /// Refund a payment of a wrong amount or a late payment
    CreateForAbnormalPayment(RequestArgs<AbnormalPaymentRefundArgs>),
    /// Show a refund order
    Get {
        /// Refund order number
        refund_order_no: String,
    },
    /// Cancel a refund order
    Cancel {
        /// Refund order number
        refund_order_no: String,
    },
    /// List refund orders
    List(ListArgs),
    /// List payments of a wrong amount and late payments
    ListAbnormalPayments(ListArgs),
}

#[derive(Debug, Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RefundArgs {
    /// Amount in the coin
    #[arg(long)]
    amount: Option<DecimalNumber>,
    /// Checkout order number
    #[arg(
        long = "order",
        value_name = "NUMBER",
        conflicts_with = "abnormal_payment_no"
    )]
    order_no: Option<String>,
    /// Abnormal payment number
    #[arg(long = "abnormal-payment", value_name = "NUMBER")]
    abnormal_payment_no: Option<String>,
    /// Payee's wallet address, required for white-label merchants
    #[arg(long)]
    address: Option<String>,
    /// New refund order number [default: generated]
    #[arg(long, value_name = "NUMBER")]
    refund_order_no: Option<String>,
}

#[derive(Debug, Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AbnormalPaymentRefundArgs {
    /// Number of the checkout order that was paid
    #[arg(long = "order", value_name = "NUMBER")]
    order_no: Option<String>,
    /// Coin and chain, such as ETH_USDT
    #[arg(long)]
    token: Option<String>,
    /// Transaction hash of the payment
    #[arg(long, value_name = "HASH")]
    tx_hash: Option<String>,
    /// Remark
    #[arg(long)]
    remark: Option<String>,
    /// New refund order number [default: generated]
    #[arg(long, value_name = "NUMBER")]
    refund_order_no: Option<String>,
}

impl RefundCommand {
    pub(crate) async fn run(self, context: &Context) -> Result<(), CliError> {
        const KEY: &str = "refundOrderNo";
        let refunds = || context.client().map(|client| client.refunds());
        match self {
            Self::Create(refund) => {
                let request: CreateRefundOrderRequest =
                    refund.request_with_key(context, KEY, unique_order_number)?;
                let refund = NewRefund::from(request);
                send(context, refunds()?.create(&refund)).await
            }
            Self::CreateForAbnormalPayment(refund) => {
                let request: CreateAbnormalPaymentRefundRequest =
                    refund.request_with_key(context, KEY, unique_order_number)?;
                let refund = NewAbnormalPaymentRefund::from(request);
                send(context, refunds()?.create_for_abnormal_payment(&refund)).await
            }
            Self::Get {
                refund_order_no: number,
            } => send(context, refunds()?.get(number)).await,
            Self::Cancel {
                refund_order_no: number,
            } => {
                context.set_key(KEY, &number);
                send(context, refunds()?.cancel(number)).await
            }
            Self::List(list) => send(context, refunds()?.list().filter(list.request()?)).await,
            Self::ListAbnormalPayments(list) => {
                send(
                    context,
                    refunds()?.list_abnormal_payments().filter(list.request()?),
                )
                .await
            }
        }
    }
}
