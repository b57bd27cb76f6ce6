//! The authorization section: a text that names the header with the credentials.

use super::labels::marker;
use super::lines::Lines;
use crate::names::camel_case;
use crate::page::SecurityScheme;
use serde_json::json;

/// Longest text about the authorization, in lines.
const LONGEST: usize = 12;

/// Reads the text about the authorization at a line that does not follow a heading. Returns the
/// index after it.
pub(crate) fn block(
    lines: &Lines,
    at: usize,
    end: usize,
) -> Option<(Option<SecurityScheme>, usize)> {
    let line = lines.at(at);
    if line.len() > 400 {
        return None;
    }
    if let Some(scheme) = example(line, lines.number(at)) {
        return Some((Some(scheme), at + 1));
    }
    let begins = line.starts_with("Provide your bearer token")
        || line.starts_with("Add parameter")
        || matches!(line, "Authorization" | "鉴权" | "鑑權");
    if !begins {
        return None;
    }
    let stop = (at + LONGEST).min(end);
    (at..stop)
        .take_while(|&at| marker(lines.at(at), true).is_none())
        .find_map(|at| Some((at + 1, example(lines.at(at), lines.number(at))?)))
        .map(|(next, scheme)| (Some(scheme), next))
}

/// Reads the text below the heading of the authorization. Returns the index after it.
pub(crate) fn section(lines: &Lines, at: usize, end: usize) -> (Option<SecurityScheme>, usize) {
    let mut scheme = None;
    let mut next = at;
    while next < end && marker(lines.at(next), false).is_none() {
        let line = lines.at(next);
        let number = lines.number(next);
        scheme = scheme.or_else(|| example(line, number));
        if scheme.is_none() {
            let lower = line.to_lowercase();
            scheme = ["bearer", "basic"]
                .into_iter()
                .find(|scheme| lower.contains(scheme))
                .map(|name| http(name, number));
        }
        next += 1;
    }
    (scheme, next)
}

/// Parses an example of the header: `Authorization: Bearer ****`, `X-API-Key: ****`.
fn example(line: &str, number: u32) -> Option<SecurityScheme> {
    for scheme in ["bearer", "basic"] {
        let shown = line
            .to_lowercase()
            .contains(&format!("authorization: {scheme} "));
        if shown {
            return Some(http(scheme, number));
        }
    }
    let (front, stars) = line.split_once(": ****")?;
    if !stars.chars().all(|c| c == '*') {
        return None;
    }
    // The name may follow a label and a colon.
    let name = front.rsplit(':').next().unwrap_or_default().trim();
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.is_empty() || !name.chars().all(is_name) {
        return None;
    }
    Some(SecurityScheme {
        name: camel_case(name),
        scheme: json!({ "type": "apiKey", "in": "header", "name": name }),
        line: number,
    })
}

/// Returns the scheme of a method of HTTP authentication.
pub(crate) fn http(scheme: &str, line: u32) -> SecurityScheme {
    SecurityScheme {
        name: scheme.to_owned(),
        scheme: json!({ "type": "http", "scheme": scheme }),
        line,
    }
}
