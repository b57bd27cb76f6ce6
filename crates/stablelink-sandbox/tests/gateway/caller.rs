//! Calls over raw HTTP, signed by the rule.

use std::collections::BTreeMap;

use reqwest::header::HeaderMap;
use secrecy::ExposeSecret;
use serde_json::value::RawValue;
use stablelink_sandbox::{Sandbox, SandboxCredentials};
use stablelink_signature::{QueryForm, RequestLine, SigningKey, Timestamp};

/// A client with a token.
pub(crate) struct Caller {
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
    pub(crate) sign_key: SigningKey,
    pub(crate) token: String,
    pub(crate) query_form: QueryForm,
    /// Milliseconds since the epoch.
    pub(crate) now: Box<dyn Fn() -> i64 + Send + Sync>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

type Members = BTreeMap<String, Box<RawValue>>;

fn of(json: &str, member: &str) -> String {
    let members: Members = serde_json::from_str(json).unwrap_or_default();
    members.get(member).map_or("", |raw| raw.get()).to_owned()
}

impl Answer {
    pub(crate) async fn read(response: reqwest::Response) -> reqwest::Result<Self> {
        Ok(Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.text().await?,
        })
    }

    /// The JSON of a member of the envelope; empty if it is not there.
    pub(crate) fn top(&self, member: &str) -> String {
        of(&self.body, member)
    }

    /// The JSON of a member of `retdata`; empty if it is not there.
    pub(crate) fn member(&self, member: &str) -> String {
        of(&self.top("retdata"), member)
    }

    /// The text of a member of `retdata`.
    pub(crate) fn text(&self, member: &str) -> String {
        self.member(member).trim_matches('"').to_owned()
    }

    pub(crate) fn retcode(&self) -> String {
        self.top("retcode")
    }

    pub(crate) fn retmsg(&self) -> String {
        self.top("retmsg")
    }

    /// Asserts a success. The sandbox holds it to the document itself.
    pub(crate) fn ok(self) -> Self {
        assert!(
            self.status == 200 && self.top("success") == "true",
            "{self:?}"
        );
        self
    }

    /// Asserts a refusal with this retcode.
    pub(crate) fn refused(self, retcode: &str) -> Self {
        assert_eq!(self.retcode(), format!("\"{retcode}\""), "{self:?}");
        assert_eq!(self.top("success"), "false");
        self
    }
}

pub(crate) fn http() -> reqwest::Client {
    let builder = reqwest::Client::builder().no_proxy();
    builder
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

pub(crate) async fn token_request(url: &str, parameters: &[(&str, &str)]) -> Answer {
    let query: Vec<_> = parameters.iter().map(|(k, v)| format!("{k}={v}")).collect();
    let url = format!("{url}/user/auth/oauth2/token?{}", query.join("&"));
    Answer::read(http().post(url).send().await.unwrap())
        .await
        .unwrap()
}

pub(crate) async fn by_credentials(url: &str, credentials: &SandboxCredentials) -> Answer {
    let parameters = [
        ("grant_type", "client_credentials"),
        ("api_key", credentials.api_key().expose_secret()),
        ("api_secret", credentials.api_secret().expose_secret()),
    ];
    token_request(url, &parameters).await
}

impl Caller {
    /// A caller with the first client's credentials and a new token.
    pub(crate) async fn new(sandbox: &Sandbox) -> Self {
        Self::with(sandbox, &sandbox.credentials()).await
    }

    pub(crate) async fn with(sandbox: &Sandbox, credentials: &SandboxCredentials) -> Self {
        let token = by_credentials(sandbox.url(), credentials).await;
        let mut access = token.text("access_token");
        if access.is_empty() {
            access = token.top("access_token").trim_matches('"').to_owned();
        }
        Self {
            sign_key: SigningKey::new(credentials.sign_key()).unwrap(),
            ..Self::with_token(sandbox, &access)
        }
    }

    /// A caller with the first client's credentials and this token.
    pub(crate) fn with_token(sandbox: &Sandbox, token: &str) -> Self {
        let clock = sandbox.clock().clone();
        Self {
            http: http(),
            url: sandbox.url().to_owned(),
            sign_key: SigningKey::new(sandbox.credentials().sign_key()).unwrap(),
            token: token.to_owned(),
            query_form: QueryForm::Decoded,
            now: Box::new(move || clock.now_millis()),
        }
    }

    pub(crate) fn signature(
        &self,
        method: &str,
        path: &str,
        query: &str,
        body: &[u8],
    ) -> [String; 2] {
        let now = Timestamp::from_millis(u64::try_from((self.now)()).unwrap());
        let line = RequestLine::new(method, path)
            .query(query)
            .query_form(self.query_form);
        let signature = self.sign_key.sign(line, now, [body]).to_base64();
        [now.to_string(), signature.to_string()]
    }

    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        query: &str,
        body: &str,
    ) -> reqwest::RequestBuilder {
        let [timestamp, signature] = self.signature(method, path, query, body.as_bytes());
        let mark = if query.is_empty() { "" } else { "?" };
        let url = format!("{}{path}{mark}{query}", self.url);
        let request = self
            .http
            .request(method.parse().unwrap(), url)
            .header("Authorization", format!("Bearer {}", self.token))
            .header("TIMESTAMP", timestamp)
            .header("SIGNATURE", signature);
        if body.is_empty() {
            request
        } else {
            request
                .header("Content-Type", "application/json")
                .body(body.to_owned())
        }
    }

    /// A token request as it stands on the wire.
    pub(crate) fn token_request_text(&self, credentials: &SandboxCredentials) -> String {
        let (key, secret) = (credentials.api_key(), credentials.api_secret());
        format!(
            "POST /user/auth/oauth2/token?grant_type=client_credentials&api_key={}&api_secret={} HTTP/1.1\r\n\
             host: sandbox\r\ncontent-length: 0\r\n\r\n",
            key.expose_secret(),
            secret.expose_secret()
        )
    }

    pub(crate) async fn try_post(&self, path: &str, body: &str) -> reqwest::Result<Answer> {
        Answer::read(self.request("POST", path, "", body).send().await?).await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        self.try_post(path, body).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str, query: &str) -> Answer {
        let request = self.request("GET", path, query, "");
        Answer::read(request.send().await.unwrap()).await.unwrap()
    }
}

/// Whether a TCP reset is behind an error.
pub(crate) fn is_reset(error: &reqwest::Error) -> bool {
    let mut source: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = source {
        let io = error.downcast_ref::<std::io::Error>();
        if io.is_some_and(|io| io.kind() == std::io::ErrorKind::ConnectionReset) {
            return true;
        }
        source = error.source();
    }
    false
}
