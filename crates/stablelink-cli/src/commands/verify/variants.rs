//! The variants of each part of a message that may have been signed instead of the sent one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use stablelink_signature::QueryForm;

use crate::commands::sign::SignedTarget;

/// A variant of a part: the description of the mistake, and the bytes that it signs.
#[derive(Default)]
pub(super) struct SignedVariant {
    pub(super) description: String,
    pub(super) bytes: Vec<u8>,
}

/// The variants of a part. The first one is correct.
struct VariantList(Vec<SignedVariant>);

impl VariantList {
    fn new(correct: impl Into<Vec<u8>>) -> Self {
        let mut list = Self(Vec::new());
        list.add("", correct);
        list
    }

    fn add(&mut self, description: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.0.push(SignedVariant {
            description: description.into(),
            bytes: bytes.into(),
        });
    }
}

pub(super) fn of_method(method: &str) -> Vec<SignedVariant> {
    let correct = method.to_ascii_uppercase();
    let mut all = VariantList::new(correct.as_str());
    all.add(
        format!("the method was signed in lower case (sign {correct})"),
        correct.to_ascii_lowercase(),
    );
    for other in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
        if other != correct {
            all.add(
                format!("the method differs: {other} was signed instead of {correct}"),
                other,
            );
        }
    }
    all.add("the signature does not cover the method", "");
    all.0
}

pub(super) fn of_time(timestamp: &str) -> Vec<SignedVariant> {
    let mut all = VariantList::new(timestamp);
    all.add("the signature does not cover the timestamp", "");
    if let Ok(number) = timestamp.trim().parse::<u128>() {
        all.add(
            "the timestamp was signed in seconds and sent in milliseconds",
            (number / 1000).to_string(),
        );
        all.add(
            "the timestamp was signed in milliseconds and sent in seconds",
            (number * 1000).to_string(),
        );
        // The clock may have been read twice: for signing and for sending.
        for difference in 1..=50u128 {
            for (signed, word) in [
                (number.saturating_sub(difference), "before"),
                (number + difference, "after"),
            ] {
                let description = format!(
                    "the clock was read twice: the signed timestamp is {difference} ms {word} the sent one"
                );
                all.add(description, signed.to_string());
            }
        }
    }
    all.0
}

pub(super) fn of_path(path: &str) -> Vec<SignedVariant> {
    let mut all = VariantList::new(path);
    match path.strip_suffix('/') {
        Some(short) => all.add("the path was signed without its trailing slash", short),
        None => all.add(
            "the path was signed with a trailing slash",
            format!("{path}/"),
        ),
    }
    all.add(
        "the path was signed without its leading slash",
        path.trim_start_matches('/'),
    );
    all.add("the signature does not cover the path", "");
    all.add(
        "the path was signed decoded (sign it as sent)",
        QueryForm::Decoded.canonical(path.as_bytes()).into_owned(),
    );
    all.add("the path was signed in lower case", path.to_lowercase());
    for host in [
        "openapi.dev.stablelink.app",
        "openapi.stg.stablelink.app",
        "openapi.stablelink.app",
    ] {
        let description = "the path was signed with the host (sign only the path)";
        all.add(description, format!("https://{host}{path}"));
    }
    // A proxy may have removed a prefix.
    if let Some((_, rest)) = path.trim_start_matches('/').split_once('/') {
        all.add(
            "the path was signed without its first segment",
            format!("/{rest}"),
        );
    }
    all.0
}

pub(super) fn of_query(target: &SignedTarget) -> Vec<SignedVariant> {
    let query = target.query.as_bytes();
    let mut all = VariantList::new(target.form.canonical(query).into_owned());
    if query.is_empty() {
        all.add("a question mark without a query was signed", "?");
        return all.0;
    }
    for form in QueryForm::ALL
        .into_iter()
        .filter(|form| *form != target.form)
    {
        all.add(
            format!(
                "the query was signed in the form {form} instead of {} (see --query-form)",
                target.form
            ),
            form.canonical(query).into_owned(),
        );
    }
    all.add(
        "the query was signed as sent, with its escapes (the documented form is decoded)",
        query,
    );
    let marked = [b"?", query].concat();
    all.add(
        "the query was signed as sent, with its escapes and the question mark",
        marked,
    );
    all.add("the signature does not cover the query", "");
    let mut pairs: Vec<&str> = target.query.split('&').collect();
    pairs.sort_unstable();
    let sorted = pairs.join("&");
    all.add(
        "the query was signed sorted, with its escapes",
        sorted.as_str(),
    );
    all.add(
        "the query was signed sorted",
        QueryForm::Decoded.canonical(sorted.as_bytes()).into_owned(),
    );
    let with_spaces = target.query.replace('+', " ");
    all.add(
        "each + of the query was signed as a space (send spaces as %20)",
        QueryForm::Decoded
            .canonical(with_spaces.as_bytes())
            .into_owned(),
    );
    all.0
}

pub(super) fn of_body(body: &[u8]) -> Vec<SignedVariant> {
    let mut all = VariantList::new(body);
    if body.is_empty() {
        all.add(
            "an empty object was signed as the body, but none was sent",
            "{}",
        );
        return all.0;
    }
    let trimmed = body.trim_ascii();
    if trimmed.len() < body.len() {
        let more = more_spaces(body.len() - trimmed.len());
        let description = format!(
            "the body has {more} around it than the signed one (did an editor add a line break?)"
        );
        all.add(description, trimmed);
    }
    for (end, name) in [("\n", "LF"), ("\r\n", "CR LF")] {
        let description =
            format!("the signed body had a trailing line break ({name}) that was not sent");
        all.add(description, [body, end.as_bytes()].concat());
    }
    if let Some(rest) = body.strip_prefix("\u{feff}".as_bytes()) {
        all.add(
            "the body starts with a byte order mark that was not signed",
            rest,
        );
    }
    all.add("the signature does not cover the body", "");
    if let Ok(text) = std::str::from_utf8(body) {
        of_text_body(text, &mut all);
    }
    all.0
}

fn of_text_body(text: &str, all: &mut VariantList) {
    if text.contains("\r\n") {
        all.add(
            "the body has CR LF line breaks and was signed with LF",
            text.replace("\r\n", "\n"),
        );
    } else if text.contains('\n') {
        all.add(
            "the body has LF line breaks and was signed with CR LF",
            text.replace('\n', "\r\n"),
        );
    }
    let compact = reformat(text, "");
    if compact.len() < text.len() {
        let more = more_spaces(text.len() - compact.len());
        let description = format!("the body has {more} than the signed one (sign compact JSON)");
        all.add(description, compact.as_str());
    }
    let Ok(value) = serde_json::from_str::<serde_json::Value>(text) else {
        return;
    };
    let mut formatted = vec![(
        "as Python writes JSON, with a space after each comma and colon",
        reformat(&compact, " "),
    )];
    if let Ok(pretty) = serde_json::to_string_pretty(&value) {
        formatted.push(("indented by two spaces", pretty.clone()));
        let four: Vec<String> = pretty
            .lines()
            .map(|line| {
                let own = line.trim_start();
                format!("{}{own}", " ".repeat(2 * (line.len() - own.len())))
            })
            .collect();
        formatted.push(("indented by four spaces", four.join("\n")));
    }
    // A map of serde_json sorts its fields.
    formatted.push((
        "parsed and serialised again (sorted fields, reformatted numbers)",
        value.to_string(),
    ));
    formatted.push((
        "with non-ASCII characters escaped",
        escape_non_ascii(&compact),
    ));
    for (how, signed) in formatted {
        if signed != text && signed != compact {
            all.add(
                format!("the signed body was formatted differently: {how}"),
                signed,
            );
        }
    }
}

fn more_spaces(count: usize) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} more space{plural}")
}

/// Removes whitespace outside of strings, and inserts `gap` after each comma and colon.
fn reformat(json: &str, gap: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let (mut inside, mut escape) = (false, false);
    for letter in json.chars() {
        if inside {
            out.push(letter);
            inside = escape || letter != '"';
            escape = !escape && letter == '\\';
        } else if letter == '"' {
            out.push(letter);
            inside = true;
        } else if !letter.is_ascii_whitespace() {
            out.push(letter);
            if matches!(letter, ',' | ':') {
                out.push_str(gap);
            }
        }
    }
    out
}

fn escape_non_ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for letter in json.chars() {
        if letter.is_ascii() {
            out.push(letter);
        } else {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

pub(super) fn of_key(key: &str, other_secrets: &[(&str, String)]) -> Vec<SignedVariant> {
    let mut all = VariantList::new(key);
    for end in ["\n", "\r\n", " "] {
        all.add(
            "the signer's key has trailing whitespace",
            format!("{key}{end}"),
        );
    }
    if let Ok(bytes) = STANDARD.decode(key) {
        all.add("the key was Base64-decoded (use its text unchanged)", bytes);
    }
    if let Some(bytes) = decode_hex(key) {
        all.add("the key was hex-decoded (use its text unchanged)", bytes);
    }
    for (name, other) in other_secrets {
        let description = format!("{name} was used instead of the sign key");
        all.add(description, other.as_str());
    }
    all.add("the key was empty", "");
    all.0
}

/// Decodes a hexadecimal text.
pub(super) fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        // A hexadecimal digit fits in a byte.
        .map(|digit| Some(digit.to_digit(16)? as u8))
        .collect();
    let digits = digits.filter(|digits| !digits.is_empty() && digits.len().is_multiple_of(2))?;
    Some(
        digits
            .chunks_exact(2)
            .map(|pair| pair[0] * 16 + pair[1])
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_reformatted_and_decoded() {
        for (json, compact) in [
            ("{ \"a b\" : [1, 2] }\n", "{\"a b\":[1,2]}"),
            (r#"{"a\" b": "\\" , "c":1}"#, r#"{"a\" b":"\\","c":1}"#),
        ] {
            assert_eq!(reformat(json, ""), compact);
        }
        assert_eq!(reformat(r#"{"a":[1,2]}"#, " "), r#"{"a": [1, 2]}"#);
        assert_eq!(escape_non_ascii("é😀a"), "\\u00e9\\ud83d\\ude00a");
        assert_eq!(decode_hex("0aFF"), Some(vec![10, 255]));
        assert_eq!(decode_hex("0aF"), None);
        assert_eq!(decode_hex("+1"), None);
    }
}
