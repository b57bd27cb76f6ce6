//! Hides the secrets of a sandbox in texts that the dashboard shows.

use secrecy::ExposeSecret;

use crate::gateway::GatewayState;

/// The names of the fields and parameters whose values are secrets. Their values can be secrets of
/// another time, which the sandbox no longer knows.
const SECRET_FIELDS: [&str; 4] = ["access_token", "refresh_token", "api_key", "api_secret"];

const REDACTED: &str = "[redacted]";

/// The secrets of the clients of a sandbox.
pub(super) struct SecretRedactor(Vec<String>);

impl SecretRedactor {
    pub(super) fn new(gateway: &GatewayState) -> Self {
        let mut secrets = Vec::new();
        for client in &gateway.clients {
            secrets.extend(client.tokens().texts());
            let credentials = client.credentials();
            for secret in [
                credentials.api_key(),
                credentials.api_secret(),
                credentials.sign_key(),
            ] {
                secrets.push(secret.expose_secret().to_owned());
            }
        }
        // An empty secret would match between all characters.
        secrets.retain(|secret| !secret.is_empty());
        Self(secrets)
    }

    /// Replaces the known secrets, the token of a bearer authorization, and the values of
    /// [`SECRET_FIELDS`].
    pub(super) fn redact(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.0 {
            text = text.replace(secret, REDACTED);
        }
        for field in SECRET_FIELDS {
            text = redact_parameters(&text, &format!("{field}="));
            text = redact_strings(&text, &format!("\"{field}\""));
        }
        if text
            .get(..7)
            .is_some_and(|it| it.eq_ignore_ascii_case("bearer "))
        {
            text = format!("{}{REDACTED}", &text[..7]);
        }
        text
    }
}

/// Replaces the value of a header that contains a secret. It can be a secret that the sandbox does
/// not know, such as a token of the real gateway. The scheme of an authorization is kept.
pub(super) fn redact_header(name: &str, value: &str) -> String {
    match name {
        "authorization" | "proxy-authorization" => match value.split_once(' ') {
            Some((scheme, _)) if ["bearer", "basic"].contains(&&*scheme.to_ascii_lowercase()) => {
                format!("{scheme} {REDACTED}")
            }
            _ => REDACTED.to_owned(),
        },
        "cookie" | "signature" => REDACTED.to_owned(),
        _ => value.to_owned(),
    }
}

/// Replaces each value from `start` to `&`, or to the end of the text.
fn redact_parameters(text: &str, start: &str) -> String {
    let mut parts = text.split(start);
    let mut redacted = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        redacted += start;
        redacted += REDACTED;
        redacted += part.find('&').map_or("", |at| &part[at..]);
    }
    redacted
}

/// Replaces the JSON string after each quoted name and its colon.
fn redact_strings(text: &str, name: &str) -> String {
    let (mut redacted, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(name) {
        let (before, after) = rest.split_at(at + name.len());
        let value = after.trim_start().strip_prefix(':');
        let Some(value) = value.and_then(|it| it.trim_start().strip_prefix('"')) else {
            redacted += before;
            rest = after;
            continue;
        };
        redacted += &rest[..rest.len() - value.len()];
        redacted += REDACTED;
        let mut is_escaped = false;
        let end = value.find(|character| {
            let is_end = character == '"' && !is_escaped;
            is_escaped = character == '\\' && !is_escaped;
            is_end
        });
        rest = end.map_or("", |end| &value[end..]);
    }
    redacted + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_replaced_and_other_texts_are_kept() {
        let redactor = SecretRedactor(vec!["hunter2".to_owned()]);
        for (text, expected) in [
            ("orderNo=A1&x=hunter2", "orderNo=A1&x=[redacted]"),
            ("Bearer abc", "Bearer [redacted]"),
            (
                "grant_type=r&refresh_token=x&y=1",
                "grant_type=r&refresh_token=[redacted]&y=1",
            ),
            (
                r#"{"access_token":"x","refresh_token":"y","n":1}"#,
                r#"{"access_token":"[redacted]","refresh_token":"[redacted]","n":1}"#,
            ),
            (
                "{\"access_token\" :\n \"x\\\"y\\\\\", \"api_key\": 7, \"api_secret\" : \"z",
                "{\"access_token\" :\n \"[redacted]\", \"api_key\": 7, \"api_secret\" : \"[redacted]",
            ),
            ("äbearer ", "äbearer "),
            ("", ""),
        ] {
            assert_eq!(redactor.redact(text), expected);
        }
    }

    #[test]
    fn headers_with_secrets_are_replaced_by_name() {
        for (name, value, expected) in [
            ("authorization", "Basic dTpw", "Basic [redacted]"),
            ("authorization", "bearer", "[redacted]"),
            ("authorization", "a token", "[redacted]"),
            ("proxy-authorization", "Bearer a b", "Bearer [redacted]"),
            ("cookie", "session=abc", "[redacted]"),
            ("signature", "k3Jh==", "[redacted]"),
            ("timestamp", "1764770000000", "1764770000000"),
        ] {
            assert_eq!(redact_header(name, value), expected);
        }
    }
}
