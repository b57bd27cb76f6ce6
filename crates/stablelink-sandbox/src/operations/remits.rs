//! Remits: bank accounts of payees.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use super::page;
use super::read::{self, Call, NumberOrText};
use crate::Operation;
use crate::clock::local;
use crate::envelope::Reply;
use crate::refusal::Refusal;
use crate::state::books::Remit;

type Members = BTreeMap<String, Box<RawValue>>;

#[derive(Clone, Copy, PartialEq)]
enum Needed {
    Always,
    WithIntermediary,
    Never,
}

/// The texts of a remit and how long they may be: those of the vendor's older wallet API.
const TEXTS: [(&str, usize, Needed); 16] = [
    ("requestId", 64, Needed::Always),
    ("beneficiaryName", 255, Needed::Always),
    ("beneficiaryAddress", 255, Needed::Always),
    ("beneficiaryBankCountry", 3, Needed::Always),
    ("beneficiaryBankName", 255, Needed::Always),
    ("beneficiaryAccount", 255, Needed::Always),
    ("currency", 16, Needed::Always),
    ("bankType", 32, Needed::Always),
    ("beneficiaryBankSwiftCode", 11, Needed::Always),
    ("beneficiaryBankCity", 255, Needed::Never),
    ("beneficiaryBankAddress", 255, Needed::Always),
    ("intermediaryBankCountry", 3, Needed::WithIntermediary),
    ("intermediaryBankName", 255, Needed::WithIntermediary),
    ("intermediaryBankAccount", 255, Needed::WithIntermediary),
    ("intermediaryBankSwiftCode", 11, Needed::WithIntermediary),
    ("intermediaryBankCity", 255, Needed::Never),
];

fn text(members: &Members, name: &str) -> Result<Option<String>, Refusal> {
    let Some(raw) = members.get(name) else {
        return Ok(None);
    };
    serde_json::from_str(raw.get()).map_err(|_| Refusal::field(format!("{name} must be a text")))
}

/// Checks the members and gives the `requestId`.
fn check(members: &Members) -> Result<String, Refusal> {
    let intermediary = members.get("isIntermediaryRequired").map(|raw| raw.get());
    let intermediary = match intermediary {
        Some("true") => true,
        Some("false") => false,
        _ => {
            let rule = "isIntermediaryRequired must be true or false";
            return Err(Refusal::field(rule));
        }
    };
    for (name, limit, needed) in TEXTS {
        let value = text(members, name)?.unwrap_or_default();
        let needed = match needed {
            Needed::Always => true,
            Needed::WithIntermediary => intermediary,
            Needed::Never => false,
        };
        if needed {
            read::filled(name, &value)?;
        }
        if value.chars().count() > limit {
            let rule = format!("{name} must have at most {limit} characters");
            return Err(Refusal::field(rule));
        }
        if name.ends_with("SwiftCode") && !value.bytes().all(|b| b.is_ascii_alphanumeric()) {
            let rule = format!("{name} must contain only letters and numbers");
            return Err(Refusal::field(rule));
        }
    }
    let currency = text(members, "currency")?.unwrap_or_default();
    read::currency("currency", &currency)?;
    Ok(text(members, "requestId")?.unwrap_or_default())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    #[serde(flatten)]
    members: BTreeMap<&'a str, &'a RawValue>,
    id: i64,
    updated_at: String,
}

fn shown(remit: &Remit) -> Shown<'_> {
    let members = remit.members.iter();
    Shown {
        members: members
            .filter(|(name, _)| *name != "id")
            .map(|(name, raw)| (name.as_str(), raw.as_ref()))
            .collect(),
        id: remit.id,
        updated_at: local(remit.updated),
    }
}

pub(crate) async fn create(call: Call) -> Result<Reply, Refusal> {
    let members: Members = call.json()?;
    record(&call, members, None)
}

pub(crate) async fn update(call: Call) -> Result<Reply, Refusal> {
    let members: Members = call.json()?;
    let id = members.get("id");
    let id = id.ok_or_else(|| Refusal::missing_field("id"))?;
    let id: NumberOrText =
        serde_json::from_str(id.get()).map_err(|error| Refusal::field(format!("id: {error}")))?;
    let id = id.id("id")?;
    record(&call, members, Some(id))
}

fn record(call: &Call, members: Members, updated: Option<i64>) -> Result<Reply, Refusal> {
    let request_id = check(&members)?;
    let reject_duplicates = call.gateway.settings().reject_duplicates;
    let mut books = call.books();
    let (id, operation) = match updated {
        Some(id) if !books.remits.contains_key(&id) => return Err(Refusal::not_found("id")),
        Some(id) => (id, Operation::UpdateRemit),
        None => (call.gateway.new_id(), Operation::CreateRemit),
    };
    books.take_request_id(&request_id, reject_duplicates)?;
    let remit = Remit {
        id,
        members,
        updated: call.now(),
    };
    let reply = Reply::data(&shown(&remit))?;
    books.effects.made(operation, request_id);
    books.remits.insert(id, remit);
    Ok(reply)
}

pub(crate) async fn info(call: Call) -> Result<Reply, Refusal> {
    let id = call.id("id")?;
    let books = call.books();
    let remit = books.remits.get(&id);
    Reply::data(&shown(remit.ok_or_else(|| Refusal::not_found("id"))?))
}

pub(crate) async fn list(call: Call) -> Result<Reply, Refusal> {
    let page = page::Asked::in_body(&call)?;
    let books = call.books();
    page.of(books.remits.values(), shown)
}
