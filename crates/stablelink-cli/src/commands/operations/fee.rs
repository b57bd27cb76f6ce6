//! `fee`.

use clap::{Args, Subcommand};
use serde::Serialize;
use stablelink::scalars::DecimalNumber;

use super::request::{Draft, Json};
use super::send::send;
use crate::context::Context;
use crate::failure::Failure;

/// The fees that a developer takes of a customer's trades.
#[derive(Debug, Subcommand)]
pub(crate) enum Fee {
    /// Make the fee config of a customer; a trade needs one
    Create(Config),
    /// Change the fee config of a customer (its page shows other fields, by a mistake of the vendor)
    Update(Config),
    /// Show the fee config of a customer
    Get {
        /// The customer
        client_id: Option<i64>,
    },
}

/// A fee config. The names of its fields are inferred.
#[derive(Debug, Args, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Config {
    /// The customer
    #[arg(long, value_name = "ID")]
    client_id: Option<i64>,
    /// Fee of each trade
    #[arg(long = "fix-amount", value_name = "AMOUNT")]
    developer_fix_amount: Option<DecimalNumber>,
    /// Fee as a part of the amount
    #[arg(long = "rate", value_name = "PART")]
    developer_rate: Option<DecimalNumber>,
    #[command(flatten)]
    #[serde(skip)]
    json: Json,
}

impl Fee {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Create(config) => {
                let request = Draft::new(&config.json.json, &config)?.finish()?;
                send(context, context.client()?.fee_configs().create(request)).await
            }
            Self::Update(config) => {
                let request = Draft::new(&config.json.json, &config)?.finish()?;
                send(context, context.client()?.fee_configs().update(request)).await
            }
            Self::Get { client_id } => {
                send(context, context.client()?.fee_configs().get(client_id)).await
            }
        }
    }
}
