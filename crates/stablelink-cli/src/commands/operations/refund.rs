//! `refund`.

use clap::{Args, Subcommand};
use serde::Serialize;
use stablelink::scalars::DecimalNumber;
use stablelink::types::{CreateAbnormalPaymentRefundRequest, CreateRefundOrderRequest};
use stablelink::{NewAbnormalPaymentRefund, NewRefund};

use super::request::{Draft, Json, Page, unique_number};
use super::send::send;
use crate::context::Context;
use crate::failure::Failure;

/// Refunds of orders and of abnormal payments.
#[derive(Debug, Subcommand)]
pub(crate) enum Refund {
    /// Pay back an order or a part of it, or an abnormal payment
    Create(Create),
    /// Pay back a payment that was over, under or late
    CreateOfAbnormalPayment(CreateOfAbnormalPayment),
    /// Show a refund
    Get {
        /// Its number
        refund_order_no: String,
    },
    /// Cancel a refund
    Cancel {
        /// Its number
        refund_order_no: String,
    },
    /// List refunds
    List(Page),
    /// List payments that were over, under or late
    ListAbnormalPayments(Page),
}

/// A refund.
#[derive(Debug, Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Create {
    /// How much, in the coin
    #[arg(long)]
    amount: Option<DecimalNumber>,
    /// The order
    #[arg(
        long = "order",
        value_name = "NUMBER",
        conflicts_with = "abnormal_payment_no"
    )]
    order_no: Option<String>,
    /// The abnormal payment
    #[arg(long = "abnormal-payment", value_name = "NUMBER")]
    abnormal_payment_no: Option<String>,
    /// Wallet of the payee, which a white label asks for
    #[arg(long)]
    address: Option<String>,
    /// Its number, which must be new [default: one is made]
    #[arg(long, value_name = "NUMBER")]
    refund_order_no: Option<String>,
    #[command(flatten)]
    #[serde(skip)]
    json: Json,
}

/// A refund of an abnormal payment.
#[derive(Debug, Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateOfAbnormalPayment {
    /// The order that it came for
    #[arg(long = "order", value_name = "NUMBER")]
    order_no: Option<String>,
    /// Coin and chain, such as ETH_USDT
    #[arg(long)]
    token: Option<String>,
    /// Hash of the payment
    #[arg(long, value_name = "HASH")]
    tx_hash: Option<String>,
    /// A remark
    #[arg(long)]
    remark: Option<String>,
    /// Its number, which must be new [default: one is made]
    #[arg(long, value_name = "NUMBER")]
    refund_order_no: Option<String>,
    #[command(flatten)]
    #[serde(skip)]
    json: Json,
}

impl Refund {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        const KEY: &str = "refundOrderNo";
        match self {
            Self::Create(refund) => {
                let request: CreateRefundOrderRequest = Draft::new(&refund.json.json, &refund)?
                    .keyed(&context.out, KEY, unique_number)?
                    .finish()?;
                let refund = NewRefund::from(request);
                send(context, context.client()?.refunds().create(&refund)).await
            }
            Self::CreateOfAbnormalPayment(refund) => {
                let request: CreateAbnormalPaymentRefundRequest =
                    Draft::new(&refund.json.json, &refund)?
                        .keyed(&context.out, KEY, unique_number)?
                        .finish()?;
                let refund = NewAbnormalPaymentRefund::from(request);
                send(
                    context,
                    context
                        .client()?
                        .refunds()
                        .create_for_abnormal_payment(&refund),
                )
                .await
            }
            Self::Get { refund_order_no } => {
                send(context, context.client()?.refunds().get(refund_order_no)).await
            }
            Self::Cancel { refund_order_no } => {
                send(context, context.client()?.refunds().cancel(refund_order_no)).await
            }
            Self::List(page) => {
                send(context, context.client()?.refunds().list(page.request()?)).await
            }
            Self::ListAbnormalPayments(page) => {
                send(
                    context,
                    context
                        .client()?
                        .refunds()
                        .list_abnormal_payments(page.request()?),
                )
                .await
            }
        }
    }
}
