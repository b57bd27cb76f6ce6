//! Signed calls over raw HTTP.

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

/// A response with its whole body.
#[derive(Debug)]
pub(crate) struct HttpResponse {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

type JsonFields = BTreeMap<String, Box<RawValue>>;

fn raw_field(json: &str, name: &str) -> String {
    let fields: JsonFields = serde_json::from_str(json).unwrap_or_default();
    fields.get(name).map_or("", |raw| raw.get()).to_owned()
}

impl HttpResponse {
    pub(crate) async fn read(response: reqwest::Response) -> reqwest::Result<Self> {
        Ok(Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.text().await?,
        })
    }

    /// Returns the JSON of a field of the envelope, or an empty string.
    pub(crate) fn top(&self, name: &str) -> String {
        raw_field(&self.body, name)
    }

    /// Returns the JSON of a field of `retdata`, or an empty string.
    pub(crate) fn field(&self, name: &str) -> String {
        raw_field(&self.top("retdata"), name)
    }

    /// Returns the string in a field of `retdata`.
    pub(crate) fn text(&self, name: &str) -> String {
        self.field(name).trim_matches('"').to_owned()
    }

    pub(crate) fn retcode(&self) -> String {
        self.top("retcode")
    }

    pub(crate) fn retmsg(&self) -> String {
        self.top("retmsg")
    }

    /// Asserts a success. The sandbox itself checks it against the document.
    pub(crate) fn ok(self) -> Self {
        assert!(
            self.status == 200 && self.top("success") == "true",
            "{self:?}"
        );
        self
    }

    /// Asserts a rejection with this retcode.
    pub(crate) fn rejected(self, retcode: &str) -> Self {
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

pub(crate) async fn token_request(url: &str, parameters: &[(&str, &str)]) -> HttpResponse {
    let query: Vec<_> = parameters.iter().map(|(k, v)| format!("{k}={v}")).collect();
    let url = format!("{url}/user/auth/oauth2/token?{}", query.join("&"));
    HttpResponse::read(http().post(url).send().await.unwrap())
        .await
        .unwrap()
}

pub(crate) async fn by_credentials(url: &str, credentials: &SandboxCredentials) -> HttpResponse {
    let parameters = [
        ("grant_type", "client_credentials"),
        ("api_key", credentials.api_key().expose_secret()),
        ("api_secret", credentials.api_secret().expose_secret()),
    ];
    token_request(url, &parameters).await
}

impl Caller {
    /// Creates a caller with the first client's credentials and a new token.
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

    /// Creates a caller with the first client's credentials and this token.
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

    /// Returns the bytes of a token request.
    pub(crate) fn token_request_text(&self, credentials: &SandboxCredentials) -> String {
        let (key, secret) = (credentials.api_key(), credentials.api_secret());
        format!(
            "POST /user/auth/oauth2/token?grant_type=client_credentials&api_key={}&api_secret={} HTTP/1.1\r\n\
             host: sandbox\r\ncontent-length: 0\r\n\r\n",
            key.expose_secret(),
            secret.expose_secret()
        )
    }

    pub(crate) async fn try_post(&self, path: &str, body: &str) -> reqwest::Result<HttpResponse> {
        HttpResponse::read(self.request("POST", path, "", body).send().await?).await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> HttpResponse {
        self.try_post(path, body).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str, query: &str) -> HttpResponse {
        let request = self.request("GET", path, query, "");
        HttpResponse::read(request.send().await.unwrap())
            .await
            .unwrap()
    }
}

/// Returns true if a TCP reset caused the error.
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
