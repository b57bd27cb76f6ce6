//! Calls by hand: right ones, and ones that are wrong on purpose.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use stablelink::Origin;
use stablelink_signature::{QueryForm, RequestLine, SIGNATURE, SigningKey, TIMESTAMP, Timestamp};

use super::answer::Answer;
use crate::context::Apart;
use crate::failure::{Code, Failure, cause};

/// Where calls go, and with what.
pub(super) struct Wire {
    http: reqwest::Client,
    origin: String,
    secrets: Apart,
    key: SigningKey,
    pub(super) token: Option<SecretString>,
}

/// What is wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    Nothing,
    Signature,
    NoSignature,
    Token,
    /// Signed five minutes ago.
    Time,
}

/// A call.
pub(super) struct Ask<'a> {
    pub(super) method: &'static str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) body: &'static str,
    pub(super) form: QueryForm,
    pub(super) wrong: Wrong,
}

impl<'a> Ask<'a> {
    pub(super) fn get(path: &'a str, query: &'a str) -> Self {
        Self {
            method: "GET",
            path,
            query,
            body: "",
            form: QueryForm::Decoded,
            wrong: Wrong::Nothing,
        }
    }

    pub(super) const fn wrong(mut self, wrong: Wrong) -> Self {
        self.wrong = wrong;
        self
    }

    pub(super) const fn form(mut self, form: QueryForm) -> Self {
        self.form = form;
        self
    }

    fn line(&self) -> RequestLine<'_> {
        RequestLine::new(self.method, self.path)
            .query(self.query)
            .query_form(self.form)
    }
}

impl Wire {
    pub(super) fn new(origin: &Origin, secrets: &Apart) -> Result<Self, Failure> {
        Ok(Self {
            http: reqwest::Client::builder()
                // A redirect would carry secrets to another host.
                .redirect(reqwest::redirect::Policy::none())
                .referer(false)
                .no_proxy()
                .timeout(Duration::from_secs(20))
                .user_agent(concat!("stablelink-cli/", env!("CARGO_PKG_VERSION")))
                .build()
                .map_err(|error| {
                    Failure::other(format!("the HTTP client could not be made: {error}"))
                })?,
            origin: origin.as_str().to_owned(),
            key: SigningKey::new(&secrets.sign_key)
                .map_err(|error| Failure::usage(error.to_string()))?,
            secrets: secrets.clone(),
            token: None,
        })
    }

    pub(super) const fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The token call; with a refresh token, its other form.
    pub(super) async fn grant(&self, refresh: Option<&SecretString>) -> Result<Answer, Failure> {
        let url = format!("{}/user/auth/oauth2/token", self.origin);
        let request = match refresh {
            None => self.http.post(url).query(&[
                ("grant_type", "client_credentials"),
                ("api_key", self.secrets.api_key.expose_secret()),
                ("api_secret", self.secrets.api_secret.expose_secret()),
            ]),
            Some(token) => self.http.post(url).query(&[
                ("grant_type", "refresh_token"),
                ("refresh_token", token.expose_secret()),
            ]),
        };
        self.sent(request, None).await
    }

    pub(super) async fn ask(&self, ask: &Ask<'_>) -> Result<Answer, Failure> {
        let now = SystemTime::now();
        let at = if ask.wrong == Wrong::Time {
            now - Duration::from_secs(300)
        } else {
            now
        };
        let at = Timestamp::try_from(at)
            .map_err(|error| Failure::usage(format!("the clock of this machine: {error}")))?;
        let mut signature = self.key.sign(ask.line(), at, [ask.body]).to_base64();
        if ask.wrong == Wrong::Signature {
            // Well-formed, and of another message.
            signature = self
                .key
                .sign(RequestLine::new("GET", "/"), at, ["wrong on purpose"])
                .to_base64();
        }
        let mark = if ask.query.is_empty() { "" } else { "?" };
        let url = format!("{}{}{mark}{}", self.origin, ask.path, ask.query);
        let method = ask.method.parse().unwrap_or(reqwest::Method::GET);
        let token = match (&self.token, ask.wrong) {
            (_, Wrong::Token) | (None, _) => "wrongOnPurpose",
            (Some(token), _) => token.expose_secret(),
        };
        let mut request = self
            .http
            .request(method, url)
            .bearer_auth(token)
            .header(TIMESTAMP, at.to_string());
        if ask.wrong != Wrong::NoSignature {
            request = request.header(SIGNATURE, signature);
        }
        if !ask.body.is_empty() {
            request = request
                .header(http::header::CONTENT_TYPE, "application/json")
                .body(ask.body);
        }
        self.sent(request, Some(at)).await
    }

    async fn sent(
        &self,
        request: reqwest::RequestBuilder,
        signed: Option<Timestamp>,
    ) -> Result<Answer, Failure> {
        let start = SystemTime::now();
        let failed = |error: reqwest::Error| {
            // The address of a token call holds secrets.
            let text = cause(&error.without_url());
            Failure::new(Code::Network, format!("the gateway did not answer: {text}"))
                .next("check --env and the network")
        };
        let answer = request.send().await.map_err(failed)?;
        let took = start.elapsed().unwrap_or_default();
        let status = answer.status().as_u16();
        let headers: HeaderMap = answer.headers().clone();
        let body = answer.bytes().await.map_err(failed)?;
        Ok(Answer {
            status,
            headers,
            body,
            at: start + took / 2,
            took,
            signed,
        })
    }
}
