//! Fee configs.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::read::Call;
use crate::Operation;
use crate::envelope::Reply;
use crate::money::Amount;
use crate::refusal::Refusal;
use crate::state::books::FeeConfig;

/// The real body of an update is unseen: it is read like that of a creation.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    client_id: i64,
    developer_fix_amount: Option<Amount>,
    developer_rate: Option<Amount>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    client_id: i64,
    developer_fix_amount: Amount,
    developer_rate: Amount,
}

pub(crate) async fn create(call: Call) -> Result<Reply, Refusal> {
    let asked: Asked = call.json()?;
    if call.books().fee_configs.contains_key(&asked.client_id) {
        return Err(Refusal::duplicate("the fee config of clientId"));
    }
    set(&call, &asked, Operation::CreateFeeConfig)
}

pub(crate) async fn update(call: Call) -> Result<Reply, Refusal> {
    let asked: Asked = call.json()?;
    set(&call, &asked, Operation::UpdateFeeConfig)
}

fn set(call: &Call, asked: &Asked, operation: Operation) -> Result<Reply, Refusal> {
    let mut books = call.books();
    books.known_customer(asked.client_id)?;
    let before = books.fee_config(Some(asked.client_id));
    let config = FeeConfig {
        fix_amount: asked
            .developer_fix_amount
            .map_or(before.fix_amount, |a| a.0),
        rate: asked.developer_rate.map_or(before.rate, |a| a.0),
    };
    for (name, value) in [
        ("developerFixAmount", config.fix_amount),
        ("developerRate", config.rate),
    ] {
        if value < Decimal::ZERO {
            return Err(Refusal::field(format!("{name} must not be less than 0")));
        }
    }
    books.fee_configs.insert(asked.client_id, config);
    books.effects.made(operation, asked.client_id.to_string());
    Reply::data(&shown(asked.client_id, config))
}

fn shown(client_id: i64, config: FeeConfig) -> Shown {
    Shown {
        client_id,
        developer_fix_amount: Amount(config.fix_amount),
        developer_rate: Amount(config.rate),
    }
}

pub(crate) async fn info(call: Call) -> Result<Reply, Refusal> {
    let id = call.id("clientId")?;
    let config = call.books().fee_configs.get(&id).copied();
    let config = config.ok_or_else(|| Refusal::not_found("the fee config of clientId"))?;
    Reply::data(&shown(id, config))
}
