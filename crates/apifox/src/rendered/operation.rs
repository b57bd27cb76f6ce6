//! Builds the operation from the sections of its page.

use super::authorization::http;
use super::body;
use super::curl::Curl;
use super::fields::AssignedRows;
use super::lines::Lines;
use super::page_header::PageHeader;
use super::sampled_parameters::SampledParameters;
use super::sections::{Sections, sections};
use super::url::{self, Address, address, fit};
use crate::diagnostic::{Diagnostic, quoted};
use crate::page::{ApiOperation, FieldSpec, HttpMethod, SampleAuthorization, SecurityScheme};
use crate::schema_import::security::same;
use crate::{PageRole, PageSource};
use serde_json::{Map, json};

/// Reads the operation of a page and its free text. If it returns none, the diagnostics contain an
/// error.
pub(crate) fn read(
    lines: &Lines,
    head: &PageHeader,
    end: usize,
    source: &PageSource,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<(ApiOperation, String)> {
    let file = source.name;
    let mut found = sections(lines, head.end, end, file, diagnostics);
    let call = call(lines, head, &found, source, diagnostics)?;
    let server = call.server.clone().or_else(|| head.server.clone());
    let mut parameters = SampledParameters::new(&call.path);
    parameters.add_samples(call.path_values, call.path_line, call.sample_line);
    parameters.add_pairs(&call.query, call.path_line);
    if let Some(curl) = &found.curl {
        parameters.add_curl(curl);
    }
    let text = std::mem::take(&mut found.text);
    let mut rows = AssignedRows::new(file, lines, call.method, &found, &parameters);
    let text = rows.text_tables(text, std::mem::take(&mut found.text_tables), diagnostics);
    rows.section_tables(&mut found, diagnostics);
    let content_types = std::mem::take(&mut rows.content_types);
    for (place, field) in std::mem::take(&mut rows.parameters) {
        parameters.add_field(place, field);
    }
    let body = body::body(
        &found,
        call.method,
        std::mem::take(&mut rows.body),
        file,
        diagnostics,
    );
    body::compare(&content_types, body.as_ref(), file, diagnostics);
    let responses = body::responses(&mut found, std::mem::take(&mut rows.responses));
    let auth = found.curl.as_ref().and_then(auth);
    let security = security(&found, &rows.authorization, auth.as_ref());
    Some((
        ApiOperation {
            line: call.line,
            method: call.method,
            path: call.path,
            server,
            parameters: parameters.finish(),
            body,
            responses,
            auth,
            security,
            deprecated: false,
            operation_id: None,
            tags: Vec::new(),
            callbacks: Map::new(),
        },
        super::join(&text),
    ))
}

/// Method and URL of an operation.
struct OperationAddress {
    line: u32,
    method: HttpMethod,
    path: String,
    path_line: u32,
    /// Line of the curl sample's URL.
    sample_line: u32,
    server: Option<String>,
    /// Path parameters and their values in the curl sample.
    path_values: Vec<(String, String)>,
    /// The query on the path line.
    query: Vec<(String, String)>,
}

fn call(
    lines: &Lines,
    head: &PageHeader,
    found: &Sections,
    source: &PageSource,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<OperationAddress> {
    let file = source.name;
    let curl = found.curl.as_ref();
    let title_line = lines.number(head.end.saturating_sub(1));
    let line = match (&head.method, curl) {
        (Some((_, at)), _) => lines.number(*at),
        (None, Some(curl)) => curl.line,
        (None, None) => title_line,
    };
    let method = method(head, curl, source, line, diagnostics)?;
    let (shown, path_line) = match &head.path {
        Some((text, at)) => (Some(line_address(text)), lines.number(*at)),
        None => (None, line),
    };
    let sampled = curl.and_then(|curl| curl.address.as_ref());
    let wrong = |line: u32, path: &str, reason: &str| {
        Diagnostic::error(
            file,
            line,
            format!("the path {} cannot be read: {reason}", quoted(path)),
        )
        .with_help("write it as `/orders/{id}`, each path parameter in braces with a unique name")
    };
    let template = |address: &Address, line: u32, diagnostics: &mut Vec<Diagnostic>| {
        url::with_template(address.clone())
            .map_err(|reason| diagnostics.push(wrong(line, &address.path, &reason)))
            .ok()
    };
    let Some(shown) = shown else {
        let Some((sampled, sample_line)) = sampled else {
            return without_path(source, line, method, diagnostics);
        };
        let address = template(sampled, *sample_line, diagnostics)?;
        warn_of_values(&address.path, *sample_line, file, diagnostics);
        return Some(OperationAddress {
            line,
            method,
            path: address.path,
            path_line: *sample_line,
            sample_line: *sample_line,
            server: address.server,
            path_values: Vec::new(),
            query: Vec::new(),
        });
    };
    let address = template(&shown, path_line, diagnostics)?;
    let mut call = OperationAddress {
        line,
        method,
        path: address.path,
        path_line,
        sample_line: sampled.map_or(path_line, |(_, line)| *line),
        server: address.server,
        path_values: Vec::new(),
        query: address.query,
    };
    if let Some((sampled, sample_line)) = sampled {
        match fit(&call.path, &sampled.path) {
            Some(fit) => {
                call.path_values = fit.values;
                if let Some(server) = &sampled.server {
                    call.server = Some(format!("{server}{}", fit.prefix));
                }
            }
            None => {
                diagnostics.push(Diagnostic::warning(
                    file,
                    *sample_line,
                    format!(
                        "the curl sample calls {}, but the path line (line {path_line}) says {}; the path line is used",
                        quoted(&sampled.path),
                        quoted(&call.path)
                    ),
                ));
                call.server = call.server.or_else(|| sampled.server.clone());
            }
        }
    }
    Some(call)
}

fn line_address(text: &str) -> Address {
    address(text).unwrap_or_else(|| Address {
        path: "/".to_owned(),
        ..Address::default()
    })
}

fn method(
    head: &PageHeader,
    curl: Option<&Curl>,
    source: &PageSource,
    line: u32,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<HttpMethod> {
    let file = source.name;
    let sampled = curl.and_then(|curl| {
        let name = curl.method.clone();
        // curl sends GET by default.
        name.or_else(|| curl.address.as_ref().map(|_| "GET".to_owned()))
    });
    let shown = head.method.as_ref().map(|(word, _)| word.clone());
    if let (Some(shown), Some(sampled), Some(curl)) = (&shown, &sampled, curl)
        && shown != sampled
    {
        diagnostics.push(Diagnostic::warning(
            file,
            curl.line,
            format!(
                "the curl sample sends {}, but the method line (line {line}) says {shown}; the method line is used",
                quoted(sampled)
            ),
        ));
    }
    let Some(name) = shown.or(sampled) else {
        if source.role == PageRole::Webhook {
            return Some(HttpMethod::Post);
        }
        diagnostics.push(
            Diagnostic::error(
                file,
                line,
                "the operation cannot be read: the page shows neither a method nor a curl sample",
            )
            .with_help(
                "add two lines below the title: the method (`POST`) and the path (`/orders`)",
            ),
        );
        return None;
    };
    let method = HttpMethod::from_name(&name);
    if method.is_none() {
        diagnostics.push(
            Diagnostic::error(
                file,
                line,
                format!(
                    "the operation cannot be read: OpenAPI 3.0 has no method {}",
                    quoted(&name)
                ),
            )
            .with_help("correct the method, or leave the page out"),
        );
    }
    method
}

/// Handles a page without a path, which only a webhook page may be.
fn without_path(
    source: &PageSource,
    line: u32,
    method: HttpMethod,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<OperationAddress> {
    if source.role == PageRole::Webhook {
        return Some(OperationAddress {
            line,
            method,
            path: String::new(),
            path_line: line,
            sample_line: line,
            server: None,
            path_values: Vec::new(),
            query: Vec::new(),
        });
    }
    diagnostics.push(
        Diagnostic::error(
            source.name,
            line,
            "the operation cannot be read: the page shows no path, and no curl sample with a path",
        )
        .with_help("add a line with the path (`/orders`) below the method"),
    );
    None
}

/// Warns about segments that look like values in a path that only the curl sample shows.
fn warn_of_values(path: &str, line: u32, file: &str, diagnostics: &mut Vec<Diagnostic>) {
    let value = path.split('/').find(|segment| {
        segment.bytes().filter(u8::is_ascii_digit).count() * 2 > segment.len()
            && !segment.contains('{')
    });
    if let Some(value) = value {
        diagnostics.push(
            Diagnostic::warning(
                file,
                line,
                format!(
                    "{} in the path may be a value; only the curl sample shows the path",
                    quoted(value)
                ),
            )
            .with_help("add a line with the path below the method, with parameters as `{name}`"),
        );
    }
}

fn auth(curl: &Curl) -> Option<SampleAuthorization> {
    let header = curl.header("Authorization")?;
    let scheme = header.value.split_whitespace().next().unwrap_or_default();
    Some(SampleAuthorization {
        scheme: scheme.to_lowercase(),
        line: header.line,
    })
}

/// Returns the security schemes: from the section about the authorization, from the parameter
/// `Authorization`, or from the header of the code sample.
fn security(
    found: &Sections,
    rows: &[FieldSpec],
    sample: Option<&SampleAuthorization>,
) -> Vec<Vec<SecurityScheme>> {
    let mut schemes = found.security.clone();
    if let Some(row) = rows.first() {
        let text = row.details.example.iter().chain(&row.details.default);
        let basic = text
            .chain(&row.description)
            .any(|text| text.trim_start().to_lowercase().starts_with("basic"));
        let mut scheme = http(if basic { "basic" } else { "bearer" }, row.line);
        if let Some(description) = &row.description {
            scheme.scheme["description"] = json!(description);
        }
        schemes.push(scheme);
    }
    if let Some(sample) = sample.filter(|sample| matches!(&*sample.scheme, "bearer" | "basic")) {
        schemes.push(http(&sample.scheme, sample.line));
    }
    let mut set: Vec<SecurityScheme> = Vec::new();
    for scheme in schemes {
        if !set.iter().any(|known| same(&known.scheme, &scheme.scheme)) {
            set.push(scheme);
        }
    }
    if set.is_empty() {
        Vec::new()
    } else {
        vec![set]
    }
}
