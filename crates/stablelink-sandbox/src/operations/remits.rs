//! Remits: bank accounts of payees.

use super::call::{
    AuthenticatedCall, CallResult, NumberOrString, require_currency, require_text, respond_found,
};
use crate::SandboxOperation;
use crate::api_error::ApiError;
use crate::envelope::OperationResult;
use crate::ledger::{RemitFields, RemitRecord};

/// Strings that must not be empty. The document has their maximum lengths.
const REQUIRED: [&str; 10] = [
    "requestId",
    "beneficiaryName",
    "beneficiaryAddress",
    "beneficiaryBankCountry",
    "beneficiaryBankName",
    "beneficiaryAccount",
    "currency",
    "bankType",
    "beneficiaryBankSwiftCode",
    "beneficiaryBankAddress",
];

/// Strings that must not be empty if `isIntermediaryRequired` is true.
const REQUIRED_OF_INTERMEDIARY: [&str; 4] = [
    "intermediaryBankCountry",
    "intermediaryBankName",
    "intermediaryBankAccount",
    "intermediaryBankSwiftCode",
];

/// Checks the fields and returns the `requestId`.
fn check_fields(fields: &RemitFields) -> Result<String, ApiError> {
    let text = |name: &str| {
        let string = fields.get(name).map(|raw| serde_json::from_str(raw.get()));
        let string = string.unwrap_or(Ok(String::new()));
        string.map_err(|_| ApiError::field(format!("{name} must be a string")))
    };
    let intermediary = fields.get("isIntermediaryRequired");
    let has_intermediary = intermediary.is_some_and(|raw| raw.get() == "true");
    let of_intermediary = REQUIRED_OF_INTERMEDIARY.iter().filter(|_| has_intermediary);
    for name in REQUIRED.iter().chain(of_intermediary) {
        require_text(name, &text(name)?)?;
    }
    for name in ["beneficiaryBankSwiftCode", "intermediaryBankSwiftCode"] {
        if !text(name)?.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            let rule = format!("{name} must contain only letters and numbers");
            return Err(ApiError::field(rule));
        }
    }
    require_currency("currency", &text("currency")?)?;
    text("requestId")
}

pub(super) fn create_remit(call: &AuthenticatedCall) -> CallResult {
    save_remit(call, call.json()?, None)
}

pub(super) fn update_remit(call: &AuthenticatedCall) -> CallResult {
    let fields: RemitFields = call.json()?;
    let id = fields.get("id");
    let id = id.ok_or_else(|| ApiError::missing_field("id"))?;
    let id: Result<NumberOrString, _> = serde_json::from_str(id.get());
    let id = id.map_err(|error| ApiError::field(format!("id: {error}")))?;
    save_remit(call, fields, Some(id.id("id")?))
}

fn save_remit(
    call: &AuthenticatedCall,
    mut fields: RemitFields,
    updated_id: Option<i64>,
) -> CallResult {
    let request_id = check_fields(&fields)?;
    let reject_duplicates = call.gateway.settings().reject_duplicates;
    let mut ledger = call.ledger();
    let (id, operation) = match updated_id {
        Some(id) if !ledger.remits.contains_key(&id) => return Err(ApiError::not_found("id")),
        Some(id) => (id, SandboxOperation::UpdateRemit),
        None => (call.gateway.new_id(), SandboxOperation::CreateRemit),
    };
    ledger.use_request_id(&request_id, reject_duplicates)?;
    fields.remove("id");
    let remit = RemitRecord {
        fields,
        id,
        updated_at: call.now(),
    };
    let result = OperationResult::data(&remit)?;
    ledger.effects.record(operation, request_id);
    ledger.remits.insert(id, remit);
    Ok(result)
}

pub(super) fn get_remit(call: &AuthenticatedCall) -> CallResult {
    let id = call.id_parameter("id")?;
    respond_found("id", call.ledger().remits.get(&id))
}

pub(super) fn list_remits(call: &AuthenticatedCall) -> CallResult {
    let page = call.page_in_body()?;
    page.respond(call.ledger().remits.values())
}
