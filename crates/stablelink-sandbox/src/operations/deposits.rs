//! Deposit addresses and receive transactions.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::call::{AuthenticatedCall, CallResult, require_currency, respond_found};
use crate::envelope::OperationResult;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DepositAddress<'a> {
    client_id: i64,
    currency: &'a str,
    network: &'a str,
    address: String,
}

pub(super) async fn get_deposit_address(call: AuthenticatedCall) -> CallResult {
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

/// Returns the deposit address of a customer. It is a hash of the arguments, not the address of a
/// real wallet.
pub(crate) fn deposit_address(client_id: i64, currency: &str, network: &str) -> String {
    let digest = Sha256::digest(format!("{client_id}/{currency}/{network}"));
    let digits = digest.iter().take(20).map(|byte| format!("{byte:02x}"));
    std::iter::once("0x".to_owned()).chain(digits).collect()
}

pub(super) async fn list_receive_transactions(call: AuthenticatedCall) -> CallResult {
    let page = call.page_in_query()?;
    let client_id = call.id_parameter("clientId")?;
    let ledger = call.ledger();
    ledger.require_customer(client_id)?;
    let deposits = ledger.deposits.values();
    page.respond(deposits.filter(|deposit| deposit.client_id == client_id))
}

pub(super) async fn get_receive_transaction(call: AuthenticatedCall) -> CallResult {
    let id = call.id_parameter("id")?;
    respond_found("id", call.ledger().deposits.get(&id))
}
