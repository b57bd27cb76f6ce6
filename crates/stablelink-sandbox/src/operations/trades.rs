//! On-ramp and off-ramp trades.

use serde::Deserialize;

use super::call::{
    AuthenticatedCall, CallResult, NumberOrString, require_currency, require_positive,
    require_text, respond_found,
};
use crate::SandboxOperation;
use crate::api_error::ApiError;
use crate::clock::compact;
use crate::envelope::OperationResult;
use crate::ledger::{Customer, Ledger, RecordKey, TradeRecord};
use crate::money::{Amount, exact};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TradeRequest {
    request_id: String,
    client_id: i64,
    request_type: NumberOrString,
    from_currency: String,
    to_currency: String,
    amount: Amount,
    #[serde(rename = "greenLinkVA")]
    green_link_va: Option<String>,
    file_id: Option<NumberOrString>,
    reference_no: Option<String>,
}

/// Parses the type of a trade. The value 1 for on-ramp is documented, the value 2 for off-ramp is
/// inferred.
fn parse_request_type(value: &NumberOrString) -> Result<&'static str, ApiError> {
    match value.0.as_str() {
        "1" | TradeRecord::ON_RAMP => Ok(TradeRecord::ON_RAMP),
        "2" | TradeRecord::OFF_RAMP => Ok(TradeRecord::OFF_RAMP),
        _ => {
            let rule = "requestType must be 1 (OnRamp) or 2 (OffRamp)";
            Err(ApiError::field(rule))
        }
    }
}

/// Requires a receipt for an on-ramp that is paid by bank transfer.
fn require_receipt(request: &TradeRequest, ledger: &Ledger) -> Result<(), ApiError> {
    match request.green_link_va.as_deref() {
        None | Some("No") => Ok(()),
        Some("Yes") => {
            let file = request.file_id.as_ref();
            let file = file.ok_or_else(|| ApiError::missing_field("fileId"))?;
            if !ledger.files.contains_key(&file.id("fileId")?) {
                return Err(ApiError::not_found("fileId"));
            }
            let reference = request.reference_no.as_deref().unwrap_or_default();
            require_text("referenceNo", reference)
        }
        Some(_) => Err(ApiError::field("greenLinkVA must be Yes or No")),
    }
}

pub(super) fn create_trade(call: &AuthenticatedCall) -> CallResult {
    let request: TradeRequest = call.json()?;
    require_text("requestId", &request.request_id)?;
    let request_type = parse_request_type(&request.request_type)?;
    require_currency("fromCurrency", &request.from_currency)?;
    require_currency("toCurrency", &request.to_currency)?;
    if request.from_currency == request.to_currency {
        let rule = "toCurrency must be another currency than fromCurrency";
        return Err(ApiError::field(rule));
    }
    let amount = require_positive("amount", request.amount.0)?;
    let settings = call.gateway.settings();
    let (now, mut ledger) = (call.now(), call.ledger());
    ledger.require_customer(request.client_id)?;
    let customer = ledger.customers.get(&request.client_id);
    if settings.require_kyb && customer.is_none_or(|it| it.kyb_status != Customer::APPROVED) {
        let message = "the KYB of clientId must be approved before a trade";
        return Err(ApiError::InvalidState(message.to_owned()));
    }
    if settings.require_fee_config && !ledger.fee_configs.contains_key(&request.client_id) {
        let message = "a fee config of clientId must exist before a trade";
        return Err(ApiError::InvalidState(message.to_owned()));
    }
    require_receipt(&request, &ledger)?;
    let total_fee = ledger.fee_config(Some(request.client_id)).fee(amount)?;
    if total_fee >= amount {
        return Err(ApiError::field("amount must be more than the fee"));
    }
    let really_amount = amount - total_fee;
    if exact(really_amount) + exact(total_fee) != exact(amount) {
        let rule = "amount has too many digits to subtract the fee exactly";
        return Err(ApiError::field(rule));
    }
    ledger.use_request_id(&request.request_id, settings.reject_duplicates)?;
    let id = call.gateway.new_id();
    let trade = TradeRecord {
        id,
        tx_no: format!("TR{}{id}", compact(now)),
        client_id: request.client_id,
        request_id: request.request_id,
        from_currency: request.from_currency,
        to_currency: request.to_currency,
        amount,
        really_amount,
        total_fee,
        request_type,
        status: TradeRecord::PENDING.to_owned(),
        is_transferred: false,
        created: now,
    };
    let effects = &mut ledger.effects;
    effects.record(SandboxOperation::CreateTrade, trade.request_id.clone());
    let result = OperationResult::data(&trade)?;
    ledger.trades.insert(id, trade);
    ledger.schedule(RecordKey::Trade(id), now);
    Ok(result)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfirmationRequest {
    tx_no: String,
}

/// Starts the processing of a trade. The clock completes it.
pub(super) fn confirm_transaction(call: &AuthenticatedCall) -> CallResult {
    let ConfirmationRequest { tx_no } = call.json()?;
    let (now, mut ledger) = (call.now(), call.ledger());
    let mut trades = ledger.trades.values().rev();
    let trade = trades.find(|trade| trade.tx_no == tx_no);
    let trade = trade.ok_or_else(|| ApiError::not_found("txNo"))?;
    if trade.status != TradeRecord::PENDING {
        let message = format!("a trade that is {} cannot be confirmed", trade.status);
        return Err(ApiError::InvalidState(message));
    }
    let key = RecordKey::Trade(trade.id);
    ledger.set_status(&key, TradeRecord::PROCESSING, now);
    ledger
        .effects
        .record(SandboxOperation::ConfirmTransaction, tx_no);
    Ok(OperationResult::EMPTY)
}

pub(super) fn get_trade(call: &AuthenticatedCall) -> CallResult {
    find_trade(call, "requestId", |trade, key| trade.request_id == key)
}

pub(super) fn get_transaction(call: &AuthenticatedCall) -> CallResult {
    find_trade(call, "txNo", |trade, key| trade.tx_no == key)
}

/// Responds with the latest trade that has this key.
fn find_trade(
    call: &AuthenticatedCall,
    name: &str,
    matches: fn(&TradeRecord, &str) -> bool,
) -> CallResult {
    let key = call.parameter(name)?;
    let ledger = call.ledger();
    let mut trades = ledger.trades.values().rev();
    respond_found(name, trades.find(|trade| matches(trade, key)))
}

pub(super) fn list_trades(call: &AuthenticatedCall) -> CallResult {
    let page = call.page_in_query()?;
    let client_id = match call.optional_parameter("clientId") {
        Some(_) => Some(call.id_parameter("clientId")?),
        None => None,
    };
    let ledger = call.ledger();
    let trades = ledger.trades.values();
    page.respond(trades.filter(|trade| client_id.is_none_or(|id| trade.client_id == id)))
}
