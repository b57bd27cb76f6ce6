//! Operations: an id, a page, security, and responses of one envelope for errors.

use std::collections::{HashMap, HashSet};

use heck::{ToLowerCamelCase, ToTitleCase};
use serde_json::{Value, json};

use super::envelope;
use crate::lint::{FindingLevel, Findings};
use crate::openapi::{Document, Operation, PAGE_SECURITY, child, content, has_text, members, text};

/// Reports operations and webhooks without an operationId, or with the operationId of another one. The naming
/// rule is in `spec/tools/redocly.yaml`.
pub(super) fn operation_id(document: &Document, findings: &mut Findings) {
    let ids = document.operations.iter();
    let ids = ids.filter_map(|operation| text(operation.value, "operationId"));
    let mut taken: HashSet<String> = ids.map(str::to_owned).collect();
    let mut seen: HashMap<&str, &str> = HashMap::new();
    for operation in &document.operations {
        let Some(id) = text(operation.value, "operationId") else {
            let id = default_id(operation, &taken);
            findings.assume(
                &operation.pointer,
                format!("{} {} has no operationId", operation.method, operation.path),
                "add one in an overlay: a verb and a noun",
                json!({"operationId": id}),
            );
            taken.insert(id);
            continue;
        };
        if let Some(first) = seen.insert(id, &operation.pointer) {
            findings.add(
                &operation.pointer,
                format!("`{first}` has the same operationId `{id}`"),
                "rename one of them",
            );
        }
    }
}

/// Returns an id made of the summary, which is the title of the page, or else of the method and the path.
fn default_id(operation: &Operation, taken: &HashSet<String>) -> String {
    let title = text(operation.value, "summary").filter(|title| title.is_ascii());
    let title = title.map(ToLowerCamelCase::to_lower_camel_case);
    let request = format!("{} {}", operation.method, operation.path).to_lower_camel_case();
    let numbered = (2..).map(|number| format!("{request}{number}"));
    let candidates = title.into_iter().chain([request.clone()]).chain(numbered);
    let mut free = candidates.filter(|id| !id.is_empty() && !taken.contains(id));
    free.next().unwrap_or_default()
}

/// Reports operations without a summary.
pub(super) fn summary(document: &Document, findings: &mut Findings) {
    for operation in &document.operations {
        if !has_text(operation.value, "summary") {
            let id = text(operation.value, "operationId").unwrap_or(operation.path);
            findings.assume(
                &operation.pointer,
                "the operation has no summary",
                "add one in an overlay: a verb and a noun",
                json!({"summary": id.to_title_case()}),
            );
        }
    }
}

/// Reports operations and components without a description. The default of an operation is its summary, which
/// is the title of the page.
pub(super) fn description(document: &Document, findings: &mut Findings) {
    for operation in &document.operations {
        if !has_text(operation.value, "description") {
            let summary = text(operation.value, "summary").unwrap_or(operation.path);
            findings.assume(
                &operation.pointer,
                "the operation has no description",
                "add one in an overlay",
                json!({"description": format!("{}.", summary.trim_end_matches('.'))}),
            );
        }
    }
    for (name, schema) in &document.components {
        if !has_text(schema, "description") && schema.get("$ref").is_none() {
            findings.assume(
                &child("/components/schemas", name),
                "the component has no description",
                "add one in an overlay",
                json!({"description": format!("{}.", name.to_title_case())}),
            );
        }
    }
}

/// An extension of a media type: an overlay states that no example is known.
const NO_EXAMPLE: &str = "x-no-example";

/// Reports JSON bodies of completely seen pages that have no example. A form and the common envelope need none.
pub(super) fn example(document: &Document, findings: &mut Findings) {
    for operation in &document.operations {
        if operation.is_webhook()
            || text(&operation.value["x-evidence"], "level") != Some("documented")
        {
            continue;
        }
        let responses = document.responses(operation).into_iter();
        let success = responses.filter_map(|(status, body)| (status == "200").then_some(body));
        for body in document.request_body(operation).into_iter().chain(success) {
            for (media_type, media) in content(&body) {
                let schema = document.resolve(media.value.get("schema").unwrap_or(&Value::Null));
                let is_guess = text(&schema["x-evidence"], "level") == Some("inferred");
                let known = ["example", "examples", NO_EXAMPLE];
                let is_known = known.iter().any(|name| media.value.get(*name).is_some());
                if media_type == "application/json" && !is_known && !is_guess {
                    findings.propose(
                        &media.pointer,
                        "the page has no example, which would confirm the types",
                        format!("add `example` in an overlay, or `{NO_EXAMPLE}` with the reason"),
                        json!({NO_EXAMPLE: "The page has none."}),
                    );
                }
            }
        }
    }
}

/// Reports operations that have neither the URL of their page nor a note.
pub(super) fn page(document: &Document, findings: &mut Findings) {
    for operation in &document.operations {
        let has = |name: &str, field: &str| {
            let value = operation.value.get(name);
            value.is_some_and(|value| has_text(value, field))
        };
        if !has("externalDocs", "url") && !has("x-evidence", "note") {
            findings.assume(
                &operation.pointer,
                "the operation has no page",
                "add `externalDocs.url`, or a note in `x-evidence` that no page was seen",
                json!({"x-evidence": {"note": "The URL of the page is not known."}}),
            );
        }
    }
}

/// Reports operations for which neither the operation nor the document has `security`, references to missing
/// schemes, and operations whose page requires other schemes. An operation with its own `security` is not
/// compared with its page.
pub(super) fn security(document: &Document, findings: &mut Findings) {
    let schemes: HashMap<&str, &Value> =
        members(document.root.pointer("/components/securitySchemes")).collect();
    for operation in &document.operations {
        let security = operation.value.get("security");
        let Some(required) = security
            .or(document.root.get("security"))
            .and_then(Value::as_array)
        else {
            findings.add(
                &operation.pointer,
                "no `security` for the operation",
                "add `security` to the operation or to the document; `[]` means none",
            );
            continue;
        };
        let names: Vec<&str> = required
            .iter()
            .flat_map(|set| members(Some(set)))
            .map(|(name, _)| name)
            .collect();
        for name in names.iter().filter(|name| !schemes.contains_key(*name)) {
            findings.add(
                &operation.pointer,
                format!("the security scheme `{name}` does not exist"),
                "add it to `components.securitySchemes`, or correct the name",
            );
        }
        if security.is_none() {
            compare_with_page(operation, required, &schemes, findings);
        }
    }
}

/// Reports an operation whose page requires other schemes than the document.
fn compare_with_page(
    operation: &Operation,
    required: &[Value],
    schemes: &HashMap<&str, &Value>,
    findings: &mut Findings,
) {
    let required: Vec<Vec<&Value>> = required
        .iter()
        .map(|set| {
            let names = members(Some(set)).map(|(name, _)| name);
            names
                .filter_map(|name| schemes.get(name).copied())
                .collect()
        })
        .collect();
    let is_included = |set: &Value| {
        required.iter().any(|required| {
            members(Some(set))
                .all(|(_, scheme)| required.iter().any(|other| is_same_scheme(scheme, other)))
        })
    };
    let of_page = operation.value.get(PAGE_SECURITY).and_then(Value::as_array);
    let of_page = of_page.map(Vec::as_slice).unwrap_or_default();
    if let Some(first) = of_page.first()
        && !of_page.iter().any(is_included)
    {
        let names: Vec<String> = members(Some(first))
            .map(|(name, _)| format!("`{name}`"))
            .collect();
        findings.add(
            &operation.pointer,
            format!(
                "the page requires {}, but the document requires other schemes",
                names.join(" and ")
            ),
            "find out what the request needs, and add `security` to the operation in an overlay",
        );
    }
}

fn is_same_scheme(one: &Value, other: &Value) -> bool {
    let field = |scheme: &Value, name| text(scheme, name).map(str::to_ascii_lowercase);
    ["type", "scheme", "in", "name"]
        .iter()
        .all(|name| field(one, name) == field(other, name))
}

/// Reports request bodies without `required`. The default is `true`: a client that always sends the body that
/// the page shows is never wrong.
pub(super) fn required_body(document: &Document, findings: &mut Findings) {
    for operation in document.operations.iter().filter(|it| !it.is_webhook()) {
        if let Some(body) = document.request_body(operation)
            && body.value.get("required").is_none()
        {
            findings.assume(
                &body.pointer,
                "the page does not say whether the request body is required",
                "set `required: true`, or remove the body",
                json!({"required": true}),
            );
        }
    }
}

/// Reports operations that have no response 200 with a schema. The default for a page without responses is the
/// common envelope.
pub(super) fn success_response(document: &Document, findings: &mut Findings) {
    for operation in &document.operations {
        let responses = document.responses(operation);
        let Some((_, response)) = responses.iter().find(|(status, _)| *status == "200") else {
            let message = "the operation has no response 200";
            let fix = "add it in an overlay, from the page or with evidence";
            findings.add(&operation.pointer, message, fix);
            if let Some(success) = envelope::assumed_success(document, operation) {
                let fields = json!({"responses": {"200": success}});
                findings.settle_by(FindingLevel::Assumed, &operation.pointer, Some(fields));
                let placeholder = child(&child(&operation.pointer, "responses"), "default");
                findings.settle_by(FindingLevel::Assumed, &placeholder, None);
            }
            continue;
        };
        let content = content(response);
        let has_schema = |value: &Value| value.get("schema").is_some();
        if content.is_empty() || !content.iter().all(|(_, media)| has_schema(media.value)) {
            findings.add(
                &response.pointer,
                "the response 200 has no schema",
                "refer to the component of the envelope in an overlay",
            );
        }
    }
}

/// Reports operations without responses 4XX and 5XX, and error responses with different components. Webhooks
/// are excepted: the gateway does not describe error responses of a receiver.
pub(super) fn error_responses(document: &Document, findings: &mut Findings) {
    let mut component: Option<&str> = None;
    let default = document.operations.iter().find_map(|operation| {
        let responses = operation.value.get("responses")?;
        responses.get("4XX").or(responses.get("5XX")).cloned()
    });
    for operation in document.operations.iter().filter(|it| !it.is_webhook()) {
        let responses = document.responses(operation);
        let statuses: HashSet<&str> = responses.iter().map(|(status, _)| *status).collect();
        for status in ["4XX", "5XX"] {
            if !statuses.contains(status) {
                let message = format!("the operation has no response {status}");
                let fix = "add it in an overlay, with the error component";
                match &default {
                    Some(response) => findings.assume(
                        &operation.pointer,
                        message,
                        fix,
                        json!({"responses": {status: response}}),
                    ),
                    None => findings.add(&operation.pointer, message, fix),
                }
            }
        }
        for (status, response) in responses
            .iter()
            .filter(|(status, _)| status.starts_with(['4', '5']) || *status == "default")
        {
            // The rule `success-response` replaces a sole placeholder.
            if !statuses.contains("200") && envelope::is_placeholder(status, response.value) {
                continue;
            }
            let content = content(response);
            let place = child(&child(&operation.pointer, "responses"), status);
            let is_common = ["4XX", "5XX"].contains(status);
            if content.is_empty() {
                findings.add(
                    &response.pointer,
                    format!("the response {status} has no schema"),
                    "refer to the error component",
                );
                // 4XX and 5XX cover it.
                if !is_common {
                    findings.settle_by(FindingLevel::Assumed, &place, None);
                }
            }
            for (_, media) in content {
                let schema = media.value.get("schema");
                let reference = schema.and_then(|schema| text(schema, "$ref"));
                let expected = match (component, reference) {
                    (None, Some(reference)) if is_common => {
                        component = Some(reference);
                        continue;
                    }
                    (expected, reference) if expected.is_some() && expected == reference => {
                        continue;
                    }
                    (expected, _) => expected.unwrap_or("the error component"),
                };
                findings.add(
                    &child(&media.pointer, "schema"),
                    format!(
                        "the response {status} is {}, but others are `{expected}`",
                        reference.map_or("no reference".to_owned(), |it| format!("`{it}`"))
                    ),
                    "use one error component in all operations",
                );
                if !is_common {
                    findings.settle_by(FindingLevel::Assumed, &place, None);
                }
            }
        }
    }
}
