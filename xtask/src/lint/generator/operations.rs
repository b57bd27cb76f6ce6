//! Operations: names, request bodies, responses and parameters that the generator cannot handle.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use super::words;
use crate::lint::Findings;
use crate::openapi::{Document, Operation, Resolved, child, content, is_true, text};

fn requests<'d, 'a>(document: &'d Document<'a>) -> impl Iterator<Item = &'d Operation<'a>> {
    document.operations.iter().filter(|it| !it.is_webhook())
}

/// Reports operations without an operationId, and operations that become the same method.
pub(super) fn method_names(document: &Document, findings: &mut Findings) {
    let mut seen: HashMap<String, &str> = HashMap::new();
    for operation in requests(document) {
        let Some(id) = text(operation.value, "operationId") else {
            findings.add(
                &operation.pointer,
                "the operation has no operationId",
                "add one in an overlay",
            );
            continue;
        };
        let name = words(id).join("_").to_lowercase();
        if let Some(other) = seen.insert(name.clone(), id) {
            findings.add(
                &operation.pointer,
                format!("the operations `{other}` and `{id}` both become the method `{name}`"),
                "rename one of them",
            );
        }
    }
}

/// The media types of a request body that the generator accepts.
const REQUEST_MEDIA: [&str; 4] = [
    "application/json",
    "application/x-www-form-urlencoded",
    "application/octet-stream",
    "text/plain",
];

fn request_bodies<'a>(document: &Document<'a>) -> Vec<Resolved<'a>> {
    requests(document)
        .filter_map(|operation| document.request_body(operation))
        .collect()
}

/// Reports request bodies of other media types, such as multipart, XML and `*/*`: the generator
/// fails on them.
pub(super) fn request_media(document: &Document, findings: &mut Findings) {
    for body in request_bodies(document) {
        for (name, media) in content(&body) {
            let essence = name.split(';').next().unwrap_or(name).trim();
            if !REQUEST_MEDIA.contains(&essence) {
                findings.add(
                    &media.pointer,
                    format!("progenitor does not support a request body of type `{name}`"),
                    "remove the operation in the profile and write it by hand",
                );
            }
        }
    }
}

/// Reports request bodies that do not have exactly one media type. The generator panics on several
/// media types, and ignores a body without one.
pub(super) fn one_request_media(document: &Document, findings: &mut Findings) {
    for body in request_bodies(document) {
        let names: Vec<&str> = content(&body).into_iter().map(|(name, _)| name).collect();
        if names.len() != 1 {
            findings.add(
                &child(&body.pointer, "content"),
                format!(
                    "the request body has {} media types ({}), but progenitor supports one",
                    names.len(),
                    names.join(", ")
                ),
                "keep one of them in the profile",
            );
        }
    }
}

/// Reports optional request bodies: the generator treats them as required.
pub(super) fn required_body(document: &Document, findings: &mut Findings) {
    for body in request_bodies(document) {
        if !is_true(body.value, "required") {
            findings.add(
                &body.pointer,
                "the request body is optional, but progenitor treats it as required",
                "set `required: true`, or remove the body",
            );
        }
    }
}

type Responses<'a> = Vec<(&'a str, Resolved<'a>)>;

fn response_media_types<'a>(document: &Document<'a>) -> Vec<(&'a str, Resolved<'a>)> {
    requests(document)
        .flat_map(|operation| document.responses(operation))
        .flat_map(|(_, response)| content(&response))
        .collect()
}

/// Reports responses that are not JSON: the generator returns them as raw bytes.
pub(super) fn response_media(document: &Document, findings: &mut Findings) {
    for (name, media) in response_media_types(document) {
        if name != "application/json" {
            findings.add(
                &media.pointer,
                "progenitor returns a response that is not application/json as raw bytes",
                "change it to application/json in the profile, or remove it",
            );
        }
    }
}

/// Reports responses without a schema: the generator panics on them.
pub(super) fn response_schema(document: &Document, findings: &mut Findings) {
    for (_, media) in response_media_types(document) {
        if media.value.get("schema").is_none() {
            findings.add(
                &media.pointer,
                "the response has no schema, and progenitor panics",
                "add a component in an overlay",
            );
        }
    }
}

/// Reports inline schemas of responses. The generator gives the schemas of success and error the
/// same name, so that an error becomes a success.
pub(super) fn named_response(document: &Document, findings: &mut Findings) {
    for (_, media) in response_media_types(document) {
        let schema = media.value.get("schema");
        if schema.is_some_and(|schema| schema.get("$ref").is_none()) {
            findings.add(
                &child(&media.pointer, "schema"),
                "the schema of the response has no name: progenitor may treat an error as a success",
                "make it a component and refer to it",
            );
        }
    }
}

/// Reports operations with several success types: the generator panics on them.
pub(super) fn one_success_type(document: &Document, findings: &mut Findings) {
    for operation in requests(document) {
        let responses = document.responses(operation);
        one_type(operation, &responses, &['2'], "success", findings);
    }
}

/// Reports operations with several error types: the generator panics on them.
pub(super) fn one_error_type(document: &Document, findings: &mut Findings) {
    for operation in requests(document) {
        let responses = document.responses(operation);
        one_type(operation, &responses, &['4', '5'], "error", findings);
    }
}

/// Reports an operation whose responses of these status classes have several types. `default`
/// counts as a success and as an error, and an empty body counts as a type.
fn one_type(
    operation: &Operation,
    responses: &Responses,
    classes: &[char],
    what: &str,
    findings: &mut Findings,
) {
    let mut types: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (status, response) in responses
        .iter()
        .filter(|(status, _)| status.starts_with(classes) || *status == "default")
    {
        let content = content(response);
        let name = match content.first().map(|(_, media)| media.value.get("schema")) {
            None => "no body".to_owned(),
            Some(None) => "no schema".to_owned(),
            Some(Some(schema)) => {
                text(schema, "$ref").map_or_else(|| schema.to_string(), str::to_owned)
            }
        };
        types.entry(name).or_default().push(status);
    }
    if types.len() > 1 {
        let types: Vec<String> = types
            .iter()
            .map(|(name, statuses)| format!("{}: {name}", statuses.join(" ")))
            .collect();
        findings.add(
            &child(&operation.pointer, "responses"),
            format!(
                "the operation has several {what} types, and progenitor panics ({})",
                types.join("; ")
            ),
            "keep one type; a response without a body counts as one, and so does `default`",
        );
    }
}

/// Returns the parameters of all operations. A shared parameter is returned once.
fn parameters<'a>(document: &Document<'a>) -> Vec<Resolved<'a>> {
    let mut seen = HashSet::new();
    requests(document)
        .flat_map(|operation| document.parameters(operation))
        .filter(|parameter| seen.insert(parameter.pointer.clone()))
        .collect()
}

/// Reports parameters with a style on which the generator fails.
pub(super) fn parameter_style(document: &Document, findings: &mut Findings) {
    for parameter in parameters(document) {
        if let Some(style @ ("deepObject" | "pipeDelimited" | "spaceDelimited")) =
            text(parameter.value, "style")
        {
            findings.add(
                &parameter.pointer,
                format!("progenitor does not support parameters of the style {style}"),
                "remove the style if the gateway accepts the default one",
            );
        }
    }
}

/// Reports `explode: false`: the generator ignores it and repeats the key of a list.
pub(super) fn parameter_explode(document: &Document, findings: &mut Findings) {
    for parameter in parameters(document) {
        if parameter.value.get("explode") == Some(&Value::Bool(false)) {
            findings.add(
                &parameter.pointer,
                "progenitor ignores `explode: false` and repeats the key",
                "make the parameter a string that the caller joins",
            );
        }
    }
}

/// Reports cookie parameters: the generator fails on them.
pub(super) fn cookie_parameter(document: &Document, findings: &mut Findings) {
    for parameter in parameters(document) {
        if text(parameter.value, "in") == Some("cookie") {
            findings.add(
                &parameter.pointer,
                "progenitor does not support cookie parameters",
                "remove it in the profile",
            );
        }
    }
}

/// Reports parameters that are a list, an object or a union, and parameters without a schema:
/// generators fail on them.
pub(super) fn parameter_shape(document: &Document, findings: &mut Findings) {
    for parameter in parameters(document) {
        let Some(schema) = parameter.value.get("schema") else {
            findings.add(
                &parameter.pointer,
                "the parameter has no schema",
                "add a schema; `content` is not supported",
            );
            continue;
        };
        let schema = document.resolve(schema);
        let is_composed = ["oneOf", "anyOf", "allOf", "properties"]
            .iter()
            .any(|keyword| schema.get(*keyword).is_some());
        if is_composed || matches!(text(schema, "type"), Some("array" | "object")) {
            findings.add(
                &parameter.pointer,
                "the parameter is a list, an object or a union, which generators do not support",
                "make it a string, or several parameters",
            );
        }
    }
}

/// The headers that the transport sets.
const TRANSPORT_HEADERS: [&str; 14] = [
    "accept",
    "api-version",
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "d-signature",
    "host",
    "referer",
    "signature",
    "timestamp",
    "transfer-encoding",
    "user-agent",
];

/// Reports parameters for headers that the transport sets.
pub(super) fn transport_header(document: &Document, findings: &mut Findings) {
    for parameter in parameters(document) {
        let name = text(parameter.value, "name").unwrap_or_default();
        let is_set = TRANSPORT_HEADERS
            .iter()
            .any(|header| name.eq_ignore_ascii_case(header));
        if text(parameter.value, "in") == Some("header") && is_set {
            findings.add(
                &parameter.pointer,
                format!("the transport sets the header `{name}`"),
                "describe it in a security scheme, and remove the parameter in an overlay",
            );
        }
    }
}
