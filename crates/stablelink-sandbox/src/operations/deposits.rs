//! Deposit addresses and receive transactions.

use serde::Serialize;

use super::call::{AuthenticatedCall, CallResult, require_currency, respond_found};
use crate::envelope::OperationResult;
use crate::ledger::deposit_address;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DepositAddress<'a> {
    client_id: i64,
    currency: &'a str,
    network: &'a str,
    address: String,
}

pub(super) fn get_deposit_address(call: &AuthenticatedCall) -> CallResult {
    let client_id = call.id_parameter("clientId")?;
    let (currency, network) = (call.parameter("currency")?, call.parameter("network")?);
    require_currency("currency", currency)?;
    call.ledger().require_customer(client_id)?;
    OperationResult::data(&DepositAddress {
        client_id,
        currency,
        network,
        address: deposit_address(client_id, currency, network),
    })
}

pub(super) fn list_receive_transactions(call: &AuthenticatedCall) -> CallResult {
    let page = call.page_in_query()?;
    let client_id = call.id_parameter("clientId")?;
    let ledger = call.ledger();
    ledger.require_customer(client_id)?;
    let deposits = ledger.deposits.values();
    page.respond(deposits.filter(|deposit| deposit.client_id == client_id))
}

pub(super) fn get_receive_transaction(call: &AuthenticatedCall) -> CallResult {
    let id = call.id_parameter("id")?;
    respond_found("id", call.ledger().deposits.get(&id))
}
