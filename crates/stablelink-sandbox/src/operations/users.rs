//! Customer accounts and their KYB.

use serde::{Deserialize, Serialize};

use super::read::{Call, filled};
use crate::Operation;
use crate::envelope::Reply;
use crate::refusal::Refusal;
use crate::state::books::{Customer, Profile};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    id: i64,
    tenant_id: i64,
    company_type: i64,
    client_type: &'static str,
    client_status: i64,
    markup_bps: i64,
    mint_bps: i64,
    redeem_bps: i64,
    vip_level: i64,
    vip_locked: bool,
    email: &'a str,
    full_name: &'a str,
    country: &'a str,
    city: &'a str,
    postal_code: &'a str,
    kyb_status: &'a str,
}

/// The head of the record as a guide shows it. `kybStatus` is the sandbox's own name.
fn shown(customer: &Customer) -> Shown<'_> {
    let Customer {
        id,
        profile,
        kyb_status,
    } = customer;
    Shown {
        id: *id,
        tenant_id: 1,
        company_type: 2,
        client_type: "Payment sub client",
        client_status: 0,
        markup_bps: 0,
        mint_bps: 0,
        redeem_bps: 0,
        vip_level: 1,
        vip_locked: false,
        email: &profile.email,
        full_name: &profile.full_name,
        country: &profile.country,
        city: &profile.city,
        postal_code: &profile.postal_code,
        kyb_status,
    }
}

pub(crate) async fn create(call: Call) -> Result<Reply, Refusal> {
    let profile: Profile = call.json()?;
    filled("email", &profile.email)?;
    filled("fullName", &profile.full_name)?;
    let country = &profile.country;
    if country.len() != 3 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
        let rule = "country must be three capital letters, ISO 3166-1 alpha-3";
        return Err(Refusal::field(rule));
    }
    let customer = Customer {
        id: call.gateway.new_id(),
        profile,
        kyb_status: Customer::NO_KYB.to_owned(),
    };
    let reply = Reply::data(&shown(&customer))?;
    let mut books = call.books();
    let email = customer.profile.email.clone();
    books.effects.made(Operation::CreateUser, email);
    books.customers.insert(customer.id, customer);
    Ok(reply)
}

pub(crate) async fn info(call: Call) -> Result<Reply, Refusal> {
    let id = call.id("clientId")?;
    let books = call.books();
    let customer = books.customers.get(&id);
    Reply::data(&shown(
        customer.ok_or_else(|| Refusal::not_found("clientId"))?,
    ))
}

/// The member that both KYB forms are tied to a customer by; more is not read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kyb {
    client_id: i64,
}

pub(crate) async fn submit_kyb(call: Call) -> Result<Reply, Refusal> {
    submit(&call, Operation::SubmitKyb)
}

pub(crate) async fn submit_simple_kyb(call: Call) -> Result<Reply, Refusal> {
    submit(&call, Operation::SubmitSimpleKyb)
}

/// Starts the review; the clock ends it.
fn submit(call: &Call, operation: Operation) -> Result<Reply, Refusal> {
    let Kyb { client_id } = call.json()?;
    let (now, mut books) = (call.now(), call.books());
    books
        .set_kyb(client_id, Customer::KYB_PENDING, now)
        .ok_or_else(|| Refusal::not_found("clientId"))?;
    books.effects.made(operation, client_id.to_string());
    Ok(Reply::DONE)
}
