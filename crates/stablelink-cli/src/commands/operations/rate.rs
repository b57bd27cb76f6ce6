//! `rate`.

use clap::Subcommand;
use stablelink::scalars::DecimalNumber;

use super::send::send;
use crate::context::Context;
use crate::failure::Failure;

/// Rates between currencies.
#[derive(Debug, Subcommand)]
pub(crate) enum Rate {
    /// Ask at which rate one currency is sold for another
    Quote {
        /// The currency that is sold, such as USDT
        sell: String,
        /// The currency that is bought, such as USD
        buy: String,
        /// How much is sold
        #[arg(long)]
        amount: Option<DecimalNumber>,
        /// The customer whose fees apply
        #[arg(long, value_name = "ID")]
        client_id: Option<i64>,
    },
}

impl Rate {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
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
