//! What somebody may have signed in place of what was sent.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use stablelink_signature::QueryForm;

use crate::commands::sign::Line;

/// One thing that may have been done otherwise: what to call it, and the bytes that were then signed.
pub(super) struct Variant {
    pub(super) told: String,
    pub(super) bytes: Vec<u8>,
}

fn variant(told: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Variant {
    Variant {
        told: told.into(),
        bytes: bytes.into(),
    }
}

/// The first of each list is what should have been signed.
pub(super) fn of_method(method: &str) -> Vec<Variant> {
    let right = method.to_ascii_uppercase();
    let mut all = vec![variant("", right.as_str())];
    all.push(variant(
        format!("the method was signed in lower case (sign {right})"),
        right.to_ascii_lowercase(),
    ));
    for other in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
        if other != right {
            all.push(variant(
                format!("the method differs: {other} was signed, not {right}"),
                other,
            ));
        }
    }
    all.push(variant("the method was left out", ""));
    all
}

pub(super) fn of_time(timestamp: &str) -> Vec<Variant> {
    let mut all = vec![variant("", timestamp), variant("the time was left out", "")];
    if let Ok(number) = timestamp.trim().parse::<u128>() {
        all.push(variant(
            "the time was signed in seconds and sent in milliseconds",
            (number / 1000).to_string(),
        ));
        all.push(variant(
            "the time was signed in milliseconds and sent in seconds",
            (number * 1000).to_string(),
        ));
        // Read twice from the clock: once to sign and once to send.
        for off in 1..=50u128 {
            for (moved, word) in [
                (number.saturating_sub(off), "before"),
                (number + off, "after"),
            ] {
                all.push(variant(
                    format!("the time was read twice: the signed one is {off} ms {word} the one that was sent"),
                    moved.to_string(),
                ));
            }
        }
    }
    all
}

pub(super) fn of_path(path: &str) -> Vec<Variant> {
    let mut all = vec![variant("", path)];
    match path.strip_suffix('/') {
        Some(short) => all.push(variant(
            "the path was signed without the slash at its end",
            short,
        )),
        None => all.push(variant(
            "the path was signed with a slash at its end",
            format!("{path}/"),
        )),
    }
    all.push(variant(
        "the path was signed without the slash at its start",
        path.trim_start_matches('/'),
    ));
    all.push(variant("the path was left out", ""));
    all.push(variant(
        "the path was signed with its escapes undone (sign it as it is sent)",
        QueryForm::Decoded.canonical(path.as_bytes()).into_owned(),
    ));
    all.push(variant(
        "the path was signed in lower case",
        path.to_lowercase(),
    ));
    for host in [
        "openapi.dev.stablelink.app",
        "openapi.stg.stablelink.app",
        "openapi.stablelink.app",
    ] {
        let told = "the path was signed with the host before it (sign the path alone)";
        all.push(variant(told, format!("https://{host}{path}")));
    }
    // A prefix of the gateway that a proxy takes away.
    if let Some((_, rest)) = path.trim_start_matches('/').split_once('/') {
        all.push(variant(
            "the path was signed without its first part",
            format!("/{rest}"),
        ));
    }
    all
}

pub(super) fn of_query(line: &Line) -> Vec<Variant> {
    let query = line.query.as_bytes();
    let mut all = vec![variant("", line.form.canonical(query).into_owned())];
    if query.is_empty() {
        all.push(variant("a question mark without a query was signed", "?"));
        return all;
    }
    for form in QueryForm::ALL.into_iter().filter(|form| *form != line.form) {
        all.push(variant(
            format!(
                "the query was signed in the form {form}, not {} (see --query-form)",
                line.form
            ),
            form.canonical(query).into_owned(),
        ));
    }
    all.push(variant("the query was signed as it is sent, with its escapes (the documented form is without them)", query));
    let marked = [b"?", query].concat();
    all.push(variant(
        "the query was signed as it is sent, with its escapes and the question mark",
        marked,
    ));
    all.push(variant("the query was left out", ""));
    let mut pairs: Vec<&str> = line.query.split('&').collect();
    pairs.sort_unstable();
    let sorted = pairs.join("&");
    all.push(variant(
        "the query was signed sorted, with its escapes",
        sorted.as_str(),
    ));
    all.push(variant(
        "the query was signed sorted",
        QueryForm::Decoded.canonical(sorted.as_bytes()).into_owned(),
    ));
    let blanks = line.query.replace('+', " ");
    all.push(variant(
        "each + of the query was signed as a blank (send blanks as %20)",
        QueryForm::Decoded.canonical(blanks.as_bytes()).into_owned(),
    ));
    all
}

pub(super) fn of_body(body: &[u8]) -> Vec<Variant> {
    let mut all = vec![variant("", body)];
    if body.is_empty() {
        all.push(variant(
            "an empty object was signed as the body, and none was sent",
            "{}",
        ));
        return all;
    }
    let trimmed = body.trim_ascii();
    if trimmed.len() < body.len() {
        let more = counted(body.len() - trimmed.len());
        let told = format!(
            "the body has {more} at its ends more than the signed one (did an editor add a line end?)"
        );
        all.push(variant(told, trimmed));
    }
    for (end, name) in [("\n", "a line end"), ("\r\n", "a line end (CR LF)")] {
        let told = format!("the signed body had {name} at its end, which was not sent");
        all.push(variant(told, [body, end.as_bytes()].concat()));
    }
    if let Some(rest) = body.strip_prefix("\u{feff}".as_bytes()) {
        all.push(variant(
            "the body begins with a byte order mark, which was not signed",
            rest,
        ));
    }
    all.push(variant("the body was left out of the signature", ""));
    if let Ok(text) = std::str::from_utf8(body) {
        of_text(text, &mut all);
    }
    all
}

fn of_text(text: &str, all: &mut Vec<Variant>) {
    if text.contains("\r\n") {
        all.push(variant(
            "the body has line ends CR LF, and was signed with LF",
            text.replace("\r\n", "\n"),
        ));
    } else if text.contains('\n') {
        all.push(variant(
            "the body has line ends LF, and was signed with CR LF",
            text.replace('\n', "\r\n"),
        ));
    }
    let compact = respaced(text, "");
    if compact.len() < text.len() {
        let more = counted(text.len() - compact.len());
        let told = format!("the body has {more} more than the signed one (sign compact JSON)");
        all.push(variant(told, compact.as_str()));
    }
    let Ok(value) = serde_json::from_str::<serde_json::Value>(text) else {
        return;
    };
    let mut spelt = vec![(
        "as Python writes JSON, with a blank after each comma and colon",
        respaced(&compact, " "),
    )];
    if let Ok(pretty) = serde_json::to_string_pretty(&value) {
        spelt.push(("indented by two blanks", pretty.clone()));
        let four: Vec<String> = pretty
            .lines()
            .map(|line| {
                let own = line.trim_start();
                format!("{}{own}", " ".repeat(2 * (line.len() - own.len())))
            })
            .collect();
        spelt.push(("indented by four blanks", four.join("\n")));
    }
    // A map of serde_json sorts its members.
    spelt.push((
        "parsed and written anew (members sorted, numbers spelt anew)",
        value.to_string(),
    ));
    spelt.push(("with letters outside of ASCII escaped", escaped(&compact)));
    for (how, signed) in spelt {
        if signed != text && signed != compact {
            all.push(variant(
                format!("the signed body was spelt otherwise: {how}"),
                signed,
            ));
        }
    }
}

fn counted(blanks: usize) -> String {
    match blanks {
        1 => "1 blank".to_owned(),
        more => format!("{more} blanks"),
    }
}

/// JSON without white space, but for this gap after each comma and colon. Texts in it stay as they are.
fn respaced(json: &str, gap: &str) -> String {
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

fn escaped(json: &str) -> String {
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

pub(super) fn of_key(key: &str, others: &[(&str, String)]) -> Vec<Variant> {
    let mut all = vec![variant("", key)];
    if key.trim() != key {
        all.push(variant(
            "the key here has white space around it",
            key.trim(),
        ));
    }
    for end in ["\n", "\r\n", " "] {
        all.push(variant(
            "the key of the signer has white space at its end",
            format!("{key}{end}"),
        ));
    }
    if let Ok(bytes) = STANDARD.decode(key) {
        all.push(variant(
            "the key was decoded from Base64 before use (take its text as it is)",
            bytes,
        ));
    }
    if let Some(bytes) = of_hex(key) {
        all.push(variant(
            "the key was decoded from hexadecimal before use (take its text as it is)",
            bytes,
        ));
    }
    for (name, other) in others {
        let told = format!("the key was that of {name}, not the sign key");
        all.push(variant(told, other.as_str()));
    }
    all.push(variant("the key was empty", ""));
    all
}

/// The bytes of a hexadecimal text; `None` of what is none.
pub(super) fn of_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        // A digit is below 16.
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
    fn white_space_outside_of_texts_alone_goes() {
        for (json, compact) in [
            ("{ \"a b\" : [1, 2] }\n", "{\"a b\":[1,2]}"),
            (r#"{"a\" b": "\\" , "c":1}"#, r#"{"a\" b":"\\","c":1}"#),
        ] {
            assert_eq!(respaced(json, ""), compact);
        }
        assert_eq!(respaced(r#"{"a":[1,2]}"#, " "), r#"{"a": [1, 2]}"#);
        assert_eq!(escaped("é😀a"), "\\u00e9\\ud83d\\ude00a");
        assert_eq!(of_hex("0aFF"), Some(vec![10, 255]));
        assert_eq!(of_hex("0aF"), None);
        assert_eq!(of_hex("+1"), None);
    }
}
