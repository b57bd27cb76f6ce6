//! Where customers deposit coins, and what they did deposit.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::page;
use super::read::{self, Call};
use crate::clock::local;
use crate::envelope::Reply;
use crate::money::Amount;
use crate::refusal::Refusal;
use crate::state::books::Deposit;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Address<'a> {
    client_id: i64,
    currency: &'a str,
    network: &'a str,
    address: String,
}

pub(crate) async fn address(call: Call) -> Result<Reply, Refusal> {
    let client_id = call.id("clientId")?;
    let (currency, network) = (call.parameter("currency")?, call.parameter("network")?);
    read::currency("currency", currency)?;
    call.books().known_customer(client_id)?;
    Reply::data(&Address {
        client_id,
        currency,
        network,
        address: address_of(client_id, currency, network),
    })
}

/// The same for the same customer, currency and network. Nobody holds its key.
pub(crate) fn address_of(client_id: i64, currency: &str, network: &str) -> String {
    let digest = Sha256::digest(format!("{client_id}/{currency}/{network}"));
    let digits = digest.iter().take(20).map(|byte| format!("{byte:02x}"));
    std::iter::once("0x".to_owned()).chain(digits).collect()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    id: i64,
    client_id: i64,
    currency: &'a str,
    network: &'a str,
    amount: Amount,
    address: &'a str,
    created_at: String,
}

fn shown(deposit: &Deposit) -> Shown<'_> {
    Shown {
        id: deposit.id,
        client_id: deposit.client_id,
        currency: &deposit.currency,
        network: &deposit.network,
        amount: Amount(deposit.amount),
        address: &deposit.address,
        created_at: local(deposit.created),
    }
}

pub(crate) async fn list(call: Call) -> Result<Reply, Refusal> {
    let page = page::Asked::in_query(&call)?;
    let client_id = call.id("clientId")?;
    let books = call.books();
    books.known_customer(client_id)?;
    let of = |deposit: &&Deposit| deposit.client_id == client_id;
    page.of(books.deposits.values().filter(of), shown)
}

pub(crate) async fn info(call: Call) -> Result<Reply, Refusal> {
    let id = call.id("id")?;
    let books = call.books();
    let deposit = books.deposits.get(&id);
    Reply::data(&shown(deposit.ok_or_else(|| Refusal::not_found("id"))?))
}
