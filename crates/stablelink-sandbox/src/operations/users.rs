//! Customer accounts and their KYB.

use serde::{Deserialize, Serialize};

use super::call::{AuthenticatedCall, CallResult, require_text};
use crate::SandboxOperation;
use crate::api_error::ApiError;
use crate::envelope::OperationResult;
use crate::ledger::{Customer, CustomerProfile, RecordKey};

/// The first fields of the record that a guide shows. `kybStatus` is the sandbox's own name.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserRecord<'a> {
    #[serde(flatten)]
    customer: &'a Customer,
    tenant_id: i64,
    company_type: i64,
    client_type: &'static str,
    client_status: i64,
    markup_bps: i64,
    mint_bps: i64,
    redeem_bps: i64,
    vip_level: i64,
    vip_locked: bool,
}

impl<'a> UserRecord<'a> {
    const fn new(customer: &'a Customer) -> Self {
        Self {
            customer,
            tenant_id: 1,
            company_type: 2,
            client_type: "Payment sub client",
            client_status: 0,
            markup_bps: 0,
            mint_bps: 0,
            redeem_bps: 0,
            vip_level: 1,
            vip_locked: false,
        }
    }
}

pub(super) fn create_user(call: &AuthenticatedCall) -> CallResult {
    let profile: CustomerProfile = call.json()?;
    require_text("email", &profile.email)?;
    require_text("fullName", &profile.full_name)?;
    let country = &profile.country;
    if country.len() != 3 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
        let rule = "country must be three capital letters, ISO 3166-1 alpha-3";
        return Err(ApiError::field(rule));
    }
    let customer = Customer {
        id: call.gateway.new_id(),
        profile,
        kyb_status: Customer::NO_KYB.to_owned(),
    };
    let result = OperationResult::data(&UserRecord::new(&customer))?;
    let mut ledger = call.ledger();
    let effects = &mut ledger.effects;
    effects.record(SandboxOperation::CreateUser, customer.profile.email.clone());
    ledger.customers.insert(customer.id, customer);
    Ok(result)
}

pub(super) fn get_user(call: &AuthenticatedCall) -> CallResult {
    let id = call.id_parameter("clientId")?;
    let ledger = call.ledger();
    let customer = ledger.customers.get(&id);
    let customer = customer.ok_or_else(|| ApiError::not_found("clientId"))?;
    OperationResult::data(&UserRecord::new(customer))
}

/// The only field of a KYB that is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KybRequest {
    client_id: i64,
}

pub(super) fn submit_kyb(call: &AuthenticatedCall) -> CallResult {
    start_kyb(call, SandboxOperation::SubmitKyb)
}

pub(super) fn submit_simple_kyb(call: &AuthenticatedCall) -> CallResult {
    start_kyb(call, SandboxOperation::SubmitSimpleKyb)
}

/// Starts the review of a KYB. The clock completes it.
fn start_kyb(call: &AuthenticatedCall, operation: SandboxOperation) -> CallResult {
    let KybRequest { client_id } = call.json()?;
    let (now, mut ledger) = (call.now(), call.ledger());
    ledger
        .set_status(&RecordKey::Kyb(client_id), Customer::KYB_PENDING, now)
        .ok_or_else(|| ApiError::not_found("clientId"))?;
    ledger.effects.record(operation, client_id.to_string());
    Ok(OperationResult::EMPTY)
}
