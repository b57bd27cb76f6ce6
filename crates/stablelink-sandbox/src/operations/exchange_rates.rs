//! Exchange rates.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::read::Call;
use crate::clock::local;
use crate::envelope::Reply;
use crate::money::{Amount, AmountText};
use crate::refusal::Refusal;
use crate::settings::RateVersion;

/// Units bought for one sold, of two different currencies. The sandbox's choice.
pub(crate) const CHANNEL_RATE: Decimal = Decimal::from_parts(9900, 0, 0, false, 4);

/// Milliseconds that a rate holds. A quote of the vendor's older wallet API lives as long.
const LIFE: i64 = 30_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    sell_currency: String,
    buy_currency: String,
    amount: Option<Amount>,
    client_id: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Today {
    sell_currency: String,
    buy_currency: String,
    channel_rate: Amount,
    rate_expiry_time: String,
    developer_fix_amount: Amount,
    developer_rate: Amount,
    developer_fee: Amount,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Earlier {
    sell_currency: String,
    buy_currency: String,
    rate_expiry_time: String,
    rate: AmountText,
    quote_id: String,
    sell_balance: AmountText,
}

pub(crate) async fn get(call: Call) -> Result<Reply, Refusal> {
    let asked: Asked = call.json()?;
    for (name, currency) in [
        ("sellCurrency", &asked.sell_currency),
        ("buyCurrency", &asked.buy_currency),
    ] {
        super::read::currency(name, currency)?;
    }
    let rate = rate(&asked.sell_currency, &asked.buy_currency);
    let rate_expiry_time = local(call.now().saturating_add(LIFE));
    match call.gateway.settings().rate_version {
        RateVersion::Previous => Reply::data(&Earlier {
            sell_currency: asked.sell_currency,
            buy_currency: asked.buy_currency,
            rate_expiry_time,
            rate: AmountText(rate),
            quote_id: call.gateway.new_id().to_string(),
            sell_balance: AmountText(Decimal::ZERO),
        }),
        RateVersion::Current => {
            let amount = asked
                .amount
                .ok_or_else(|| Refusal::missing_field("amount"))?;
            super::read::positive("amount", amount.0)?;
            let fee = call.books().fee_config(asked.client_id);
            Reply::data(&Today {
                sell_currency: asked.sell_currency,
                buy_currency: asked.buy_currency,
                channel_rate: Amount(rate),
                rate_expiry_time,
                developer_fix_amount: Amount(fee.fix_amount),
                developer_rate: Amount(fee.rate),
                developer_fee: Amount(fee.of(amount.0)?),
                client_id: asked.client_id,
            })
        }
    }
}

fn rate(sell: &str, buy: &str) -> Decimal {
    if sell == buy {
        Decimal::ONE
    } else {
        CHANNEL_RATE
    }
}
