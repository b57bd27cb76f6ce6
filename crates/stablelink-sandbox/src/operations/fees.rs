//! Fee configs and exchange rates.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::call::{AuthenticatedCall, CallResult, require_currency, require_positive};
use crate::SandboxOperation;
use crate::api_error::ApiError;
use crate::clock::local;
use crate::envelope::OperationResult;
use crate::ledger::FeeConfig;
use crate::money::{Amount, as_string};
use crate::settings::RateForm;

/// Rate between two different currencies: the sandbox's choice.
const CHANNEL_RATE: Decimal = Decimal::from_parts(9900, 0, 0, false, 4);

/// The validity of a rate in milliseconds. A quote of the vendor's older wallet API is valid for
/// the same time.
const RATE_VALIDITY: i64 = 30_000;

/// The body of an update is not documented. It is read like the body of a creation.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FeeConfigRequest {
    client_id: i64,
    developer_fix_amount: Option<Amount>,
    developer_rate: Option<Amount>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FeeConfigRecord {
    client_id: i64,
    #[serde(flatten)]
    config: FeeConfig,
}

pub(super) fn create_fee_config(call: &AuthenticatedCall) -> CallResult {
    let request: FeeConfigRequest = call.json()?;
    if call.ledger().fee_configs.contains_key(&request.client_id) {
        return Err(ApiError::Duplicate("the fee config of clientId"));
    }
    set_fee_config(call, &request, SandboxOperation::CreateFeeConfig)
}

pub(super) fn update_fee_config(call: &AuthenticatedCall) -> CallResult {
    let request: FeeConfigRequest = call.json()?;
    set_fee_config(call, &request, SandboxOperation::UpdateFeeConfig)
}

fn set_fee_config(
    call: &AuthenticatedCall,
    request: &FeeConfigRequest,
    operation: SandboxOperation,
) -> CallResult {
    let client_id = request.client_id;
    let mut ledger = call.ledger();
    ledger.require_customer(client_id)?;
    let mut config = ledger.fee_config(Some(client_id));
    for (name, value, field) in [
        (
            "developerFixAmount",
            request.developer_fix_amount,
            &mut config.fix_amount,
        ),
        ("developerRate", request.developer_rate, &mut config.rate),
    ] {
        *field = value.map_or(*field, |amount| amount.0);
        if *field < Decimal::ZERO {
            return Err(ApiError::field(format!("{name} must not be less than 0")));
        }
    }
    ledger.fee_configs.insert(client_id, config);
    ledger.effects.record(operation, client_id.to_string());
    OperationResult::data(&FeeConfigRecord { client_id, config })
}

pub(super) fn get_fee_config(call: &AuthenticatedCall) -> CallResult {
    let client_id = call.id_parameter("clientId")?;
    let config = call.ledger().fee_configs.get(&client_id).copied();
    let config = config.ok_or_else(|| ApiError::not_found("the fee config of clientId"))?;
    OperationResult::data(&FeeConfigRecord { client_id, config })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RateRequest {
    sell_currency: String,
    buy_currency: String,
    amount: Option<Amount>,
    client_id: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChannelRateQuote {
    sell_currency: String,
    buy_currency: String,
    channel_rate: Amount,
    rate_expiry_time: String,
    developer_fix_amount: Amount,
    developer_rate: Amount,
    /// `None` if the request has no amount.
    #[serde(skip_serializing_if = "Option::is_none")]
    developer_fee: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OldRateQuote {
    sell_currency: String,
    buy_currency: String,
    rate_expiry_time: String,
    #[serde(serialize_with = "as_string")]
    rate: Decimal,
    quote_id: String,
    #[serde(serialize_with = "as_string")]
    sell_balance: Decimal,
}

pub(super) fn get_exchange_rate(call: &AuthenticatedCall) -> CallResult {
    let request: RateRequest = call.json()?;
    require_currency("sellCurrency", &request.sell_currency)?;
    require_currency("buyCurrency", &request.buy_currency)?;
    let rate = match request.sell_currency == request.buy_currency {
        true => Decimal::ONE,
        false => CHANNEL_RATE,
    };
    let rate_expiry_time = local(call.now().saturating_add(RATE_VALIDITY));
    match call.gateway.settings().rate_form {
        RateForm::QuoteId => OperationResult::data(&OldRateQuote {
            sell_currency: request.sell_currency,
            buy_currency: request.buy_currency,
            rate_expiry_time,
            rate,
            quote_id: call.gateway.new_id().to_string(),
            sell_balance: Decimal::ZERO,
        }),
        RateForm::ChannelRate => {
            let config = call.ledger().fee_config(request.client_id);
            let fee = |amount: Amount| config.fee(require_positive("amount", amount.0)?);
            OperationResult::data(&ChannelRateQuote {
                sell_currency: request.sell_currency,
                buy_currency: request.buy_currency,
                channel_rate: Amount(rate),
                rate_expiry_time,
                developer_fix_amount: Amount(config.fix_amount),
                developer_rate: Amount(config.rate),
                developer_fee: request.amount.map(fee).transpose()?.map(Amount),
                client_id: request.client_id,
            })
        }
    }
}
