//! A client that sends valid and deliberately invalid calls, and the parts of a response that may be reported.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use stablelink::{Origin, RawObject};
use stablelink_signature::{QueryForm, RequestLine, SIGNATURE, SigningKey, TIMESTAMP, Timestamp};

use crate::error::{CliError, CliExitCode, root_cause};
use crate::output::retdata;
use crate::settings::{NetworkSettings, ProfileSecrets};

/// Sends the calls of a probe.
pub(super) struct ProbeClient {
    http: reqwest::Client,
    origin: String,
    secrets: ProfileSecrets,
    key: SigningKey,
    pub(super) token: Option<SecretString>,
}

/// A deliberate mistake in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mistake {
    None,
    WrongSignature,
    NoSignature,
    WrongToken,
    /// The timestamp is five minutes old.
    OldTimestamp,
}

/// A call of a probe.
pub(super) struct ProbeCall<'a> {
    pub(super) method: &'static str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) body: &'static str,
    pub(super) form: QueryForm,
    pub(super) mistake: Mistake,
}

impl<'a> ProbeCall<'a> {
    pub(super) fn get(path: &'a str, query: &'a str) -> Self {
        Self {
            method: "GET",
            path,
            query,
            body: "",
            form: QueryForm::Decoded,
            mistake: Mistake::None,
        }
    }

    pub(super) const fn mistake(mut self, mistake: Mistake) -> Self {
        self.mistake = mistake;
        self
    }

    pub(super) const fn form(mut self, form: QueryForm) -> Self {
        self.form = form;
        self
    }
}

impl ProbeClient {
    pub(super) fn new(
        origin: &Origin,
        secrets: ProfileSecrets,
        network: &NetworkSettings,
    ) -> Result<Self, CliError> {
        let key = SigningKey::new(&secrets.sign_key);
        Ok(Self {
            http: network.http_client(Duration::from_secs(20))?,
            origin: origin.as_str().to_owned(),
            key: key.map_err(|error| CliError::usage(error.to_string()))?,
            secrets,
            token: None,
        })
    }

    pub(super) const fn key(&self) -> &SigningKey {
        &self.key
    }

    /// Requests a token with the credentials, or with a refresh token.
    pub(super) async fn request_token(
        &self,
        refresh_token: Option<&SecretString>,
    ) -> Result<ProbeResponse, CliError> {
        let request = self
            .http
            .post(format!("{}/user/auth/oauth2/token", self.origin));
        let request = match refresh_token {
            None => request.query(&[
                ("grant_type", "client_credentials"),
                ("api_key", self.secrets.api_key.expose_secret()),
                ("api_secret", self.secrets.api_secret.expose_secret()),
            ]),
            Some(token) => request.query(&[
                ("grant_type", "refresh_token"),
                ("refresh_token", token.expose_secret()),
            ]),
        };
        self.send(request, None).await
    }

    pub(super) async fn call(&self, call: &ProbeCall<'_>) -> Result<ProbeResponse, CliError> {
        let mut time = SystemTime::now();
        if call.mistake == Mistake::OldTimestamp {
            time -= Duration::from_secs(300);
        }
        let timestamp = Timestamp::try_from(time)
            .map_err(|error| CliError::usage(format!("system clock: {error}")))?;
        let line = RequestLine::new(call.method, call.path)
            .query(call.query)
            .query_form(call.form);
        let signature = match call.mistake {
            // A well-formed signature of another message.
            Mistake::WrongSignature => {
                let line = RequestLine::new("GET", "/");
                self.key.sign(line, timestamp, ["wrong on purpose"])
            }
            _ => self.key.sign(line, timestamp, [call.body]),
        };
        let mark = if call.query.is_empty() { "" } else { "?" };
        let url = format!("{}{}{mark}{}", self.origin, call.path, call.query);
        let method = call.method.parse().unwrap_or(reqwest::Method::GET);
        let token = match (&self.token, call.mistake) {
            (_, Mistake::WrongToken) | (None, _) => "wrongOnPurpose",
            (Some(token), _) => token.expose_secret(),
        };
        let mut request = self
            .http
            .request(method, url)
            .bearer_auth(token)
            .header(TIMESTAMP, timestamp.to_string());
        if call.mistake != Mistake::NoSignature {
            request = request.header(SIGNATURE, signature.to_base64());
        }
        if !call.body.is_empty() {
            request = request
                .header(http::header::CONTENT_TYPE, "application/json")
                .body(call.body);
        }
        self.send(request, Some(timestamp)).await
    }

    async fn send(
        &self,
        request: reqwest::RequestBuilder,
        signed_at: Option<Timestamp>,
    ) -> Result<ProbeResponse, CliError> {
        let start = SystemTime::now();
        let failed = |error: reqwest::Error| {
            // The URL of a token call contains secrets.
            let cause = root_cause(&error.without_url());
            let problem = format!("the gateway did not respond: {cause}");
            CliError::new(CliExitCode::Network, problem).next("check --env and the network")
        };
        let response = request.send().await.map_err(failed)?;
        let elapsed = start.elapsed().unwrap_or_default();
        Ok(ProbeResponse {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes().await.map_err(failed)?,
            at: start + elapsed / 2,
            elapsed,
            signed_at,
        })
    }
}

/// A response of the gateway.
pub(super) struct ProbeResponse {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The middle between sending the request and receiving the response.
    pub(super) at: SystemTime,
    pub(super) elapsed: Duration,
    /// The timestamp of the request.
    pub(super) signed_at: Option<Timestamp>,
}

/// The JSON type of a retcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RetcodeType {
    Number,
    String,
}

impl RetcodeType {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::String => "a string",
        }
    }
}

impl ProbeResponse {
    fn fields(&self) -> Option<RawObject> {
        RawObject::parse(&self.body).ok()
    }

    /// Returns the retcode and its type.
    pub(super) fn retcode(&self) -> Option<(RetcodeType, String)> {
        let fields = self.fields()?;
        let json = fields.get("retcode")?;
        Some(match serde_json::from_str::<String>(json) {
            Ok(code) => (RetcodeType::String, code),
            Err(_) => (RetcodeType::Number, json.to_owned()),
        })
    }

    pub(super) fn is_success(&self) -> bool {
        let code = self.retcode().map(|(_, code)| code);
        (200..300).contains(&self.status) && code.is_none_or(|code| code == "200")
    }

    /// Returns the `retmsg`. It may contain data of the account and is reported only after [`redact`].
    fn message(&self) -> Option<String> {
        serde_json::from_str(self.fields()?.get("retmsg")?).ok()
    }

    /// Returns the fields of `retdata`, or of the whole body if there is no `retdata`.
    pub(super) fn data(&self) -> Option<RawObject> {
        let fields = self.fields()?;
        match fields.get("retdata") {
            Some(_) => RawObject::parse(retdata(&self.body)?.as_bytes()).ok(),
            None => Some(fields),
        }
    }

    /// Returns the values that distinguish one rejection from another.
    pub(super) fn outcome(&self) -> (u16, Option<String>, Option<String>) {
        let code = self.retcode().map(|(_, code)| code);
        (self.status, code, self.message())
    }

    /// Returns status, retcode and redacted message for the report.
    pub(super) fn summary(&self) -> String {
        let code = match self.retcode() {
            Some((RetcodeType::Number, code)) => format!("retcode {}", redact(&code)),
            Some((RetcodeType::String, code)) => {
                let is_code =
                    code.len() <= 12 && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
                format!("retcode \"{}\"", if is_code { code.as_str() } else { "…" })
            }
            None => "no retcode".to_owned(),
        };
        let message = self.message();
        let message = message.filter(|text| !text.is_empty() && !self.is_success());
        let message = message.map(|text| format!(", {}", redact(&text)));
        format!(
            "HTTP {}, {code}{}",
            self.status,
            message.unwrap_or_default()
        )
    }
}

/// Keeps plain words and short numbers. Replaces everything that may be an account number, an address, a name or a token by `…`.
fn redact(text: &str) -> String {
    let is_plain = |word: &str| {
        let is_short_number = word.len() <= 5 && word.bytes().all(|byte| byte.is_ascii_digit());
        let is_letter =
            |letter: char| letter.is_ascii_alphabetic() || ":,.;[]()-_".contains(letter);
        is_short_number || (word.len() <= 20 && word.chars().all(is_letter))
    };
    let words = text.split_whitespace().take(16);
    let mut words: Vec<&str> = words
        .map(|word| if is_plain(word) { word } else { "…" })
        .collect();
    words.dedup_by(|one, other| one == other && *one == "…");
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_may_identify_someone_are_redacted() {
        for (text, redacted) in [
            (
                "Access denied: Missing header [SIGNATURE]",
                "Access denied: Missing header [SIGNATURE]",
            ),
            ("ip not matched: 203.0.113.7", "ip not matched: …"),
            ("user a@b.example has 'x y'", "user … has …"),
            ("order 1759988038609 is gone", "order … is gone"),
            ("Cji8NYO32ugrFJJkG7uCYiX2", "…"),
            ("abcdefghijklmnopqrstuvwxyz", "…"),
        ] {
            assert_eq!(redact(text), redacted);
        }
    }
}
