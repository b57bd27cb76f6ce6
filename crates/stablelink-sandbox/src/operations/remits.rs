//! Remits: bank accounts of payees.

use super::call::{
    AuthenticatedCall, CallResult, NumberOrString, require_currency, require_text, respond_found,
};
use crate::SandboxOperation;
use crate::api_error::ApiError;
use crate::envelope::OperationResult;
use crate::ledger::{RemitFields, RemitRecord};

#[derive(Clone, Copy, PartialEq)]
enum RequiredWhen {
    Always,
    WithIntermediary,
    Never,
}

use RequiredWhen::{Always, Never, WithIntermediary};

/// The strings of a remit and their maximum lengths, as in the vendor's older wallet API.
const STRING_FIELDS: [(&str, usize, RequiredWhen); 16] = [
    ("requestId", 64, Always),
    ("beneficiaryName", 255, Always),
    ("beneficiaryAddress", 255, Always),
    ("beneficiaryBankCountry", 3, Always),
    ("beneficiaryBankName", 255, Always),
    ("beneficiaryAccount", 255, Always),
    ("currency", 16, Always),
    ("bankType", 32, Always),
    ("beneficiaryBankSwiftCode", 11, Always),
    ("beneficiaryBankCity", 255, Never),
    ("beneficiaryBankAddress", 255, Always),
    ("intermediaryBankCountry", 3, WithIntermediary),
    ("intermediaryBankName", 255, WithIntermediary),
    ("intermediaryBankAccount", 255, WithIntermediary),
    ("intermediaryBankSwiftCode", 11, WithIntermediary),
    ("intermediaryBankCity", 255, Never),
];

fn string_field(fields: &RemitFields, name: &str) -> Result<Option<String>, ApiError> {
    let Some(raw) = fields.get(name) else {
        return Ok(None);
    };
    let string = serde_json::from_str(raw.get());
    string.map_err(|_| ApiError::field(format!("{name} must be a string")))
}

/// Checks the fields and returns the `requestId`.
fn check_fields(fields: &RemitFields) -> Result<String, ApiError> {
    let intermediary = fields.get("isIntermediaryRequired");
    let intermediary = match intermediary.map(|raw| raw.get()) {
        Some("true") => true,
        Some("false") => false,
        _ => {
            let rule = "isIntermediaryRequired must be true or false";
            return Err(ApiError::field(rule));
        }
    };
    for (name, limit, required) in STRING_FIELDS {
        let value = string_field(fields, name)?.unwrap_or_default();
        if required == Always || required == WithIntermediary && intermediary {
            require_text(name, &value)?;
        }
        if value.chars().count() > limit {
            let rule = format!("{name} must have at most {limit} characters");
            return Err(ApiError::field(rule));
        }
        if name.ends_with("SwiftCode") && !value.bytes().all(|b| b.is_ascii_alphanumeric()) {
            let rule = format!("{name} must contain only letters and numbers");
            return Err(ApiError::field(rule));
        }
    }
    let currency = string_field(fields, "currency")?.unwrap_or_default();
    require_currency("currency", &currency)?;
    Ok(string_field(fields, "requestId")?.unwrap_or_default())
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
