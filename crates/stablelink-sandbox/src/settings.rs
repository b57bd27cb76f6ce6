//! How a sandbox behaves where sources disagree or a test wants it otherwise.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::delays::Delays;

/// The choices of a sandbox. The defaults are what the documentation says, or where it is silent,
/// what the README of this crate lists.
///
/// Set them on the [`SandboxBuilder`](crate::SandboxBuilder), or while it runs by
/// [`Sandbox::change`](crate::Sandbox::change).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SandboxSettings {
    /// Seconds that an access token lives. 21600; 0 makes tokens that are dead on arrival.
    pub token_lifetime: u64,
    /// Seconds that a refresh token lives. 43200.
    pub refresh_token_lifetime: u64,
    /// Form of the answer to a grant by credentials. Enveloped, as its page shows.
    pub token_shape: TokenShape,
    /// Form of the answer to a grant by refresh token. Bare, as its page shows.
    pub refresh_shape: TokenShape,
    /// Type of the retcode of a success. That of a refusal is always text, for it has leading
    /// zeros.
    pub retcode: RetcodeForm,
    /// What `retmsg` is in a success.
    pub retmsg: Retmsg,
    /// HTTP status of refusals. 200: nobody has recorded which one the gateway gives.
    pub error_status: ErrorStatus,
    /// How a token that is not the live one is refused.
    pub rejected_token: RejectedToken,
    /// How a client must sign a query. Decoded, as documented.
    pub query_form: SandboxQueryForm,
    /// Milliseconds that a request's `TIMESTAMP` may be off, both ways. 120000, as documented; below 0
    /// each is refused.
    pub timestamp_tolerance: i64,
    /// Which of the two published forms an exchange rate has.
    pub rate_version: RateVersion,
    /// Whether a repeated idempotency key is refused. True, as documented; false makes every
    /// repeat a second effect that [`Sandbox::effects`](crate::Sandbox::effects) counts.
    pub reject_duplicates: bool,
    /// Whether a trade needs a fee config of its customer. True, as documented.
    pub require_fee_config: bool,
    /// Whether a trade needs an approved KYB of its customer. False: no page says so.
    pub require_kyb: bool,
    /// How fast records move by themselves.
    pub delays: Delays,
    /// Refuses every call with `ip not matched: <ip>`, as if the caller's address were not on the
    /// list of the dashboard.
    pub reject_address: bool,
    /// Checkout tokens (`ETH_USDT` …) that are not enabled: an order in them has the deposit
    /// address `-1`.
    pub disabled_tokens: BTreeSet<String>,
    /// Ends the live token after so many calls that it was good for.
    pub revoke_after_calls: Option<u64>,
    /// How many requests [`Sandbox::requests`](crate::Sandbox::requests) keeps, the latest. 10000.
    pub request_log_size: usize,
    /// Bytes of a body that the log of requests keeps, its first ones. 65536.
    pub logged_body_bytes: usize,
    /// Bytes that a request's body may have. 32 MiB.
    pub body_limit: usize,
    /// How long a connection may take to send the head of a request, idle time before it counted:
    /// 30 s of real time. It holds for connections that are made later.
    pub header_timeout: Duration,
    /// How long a body may take to arrive, in real time. 60 s.
    pub body_timeout: Duration,
    /// How many connections may be open at a time. 1024; one more is answered 503 and closed.
    pub max_connections: usize,
    /// Form of the data in webhooks.
    pub webhook_data: WebhookData,
    /// How many times as fast as documented failed webhooks are sent again, by the sandbox's clock.
    /// 1; 0 counts as 1.
    pub webhook_retry_speed: u32,
    /// How long a receiver may take, in real time. 15 s, as documented.
    pub webhook_timeout: Duration,
    /// Whether each answer is held to the document: what does not fit is recorded in
    /// [`Sandbox::mismatches`](crate::Sandbox::mismatches) and answered with HTTP 500 and a text.
    /// True where debug assertions are on.
    pub check_responses: bool,
}

impl Default for SandboxSettings {
    fn default() -> Self {
        Self {
            token_lifetime: 21_600,
            refresh_token_lifetime: 43_200,
            token_shape: TokenShape::Enveloped,
            refresh_shape: TokenShape::Bare,
            retcode: RetcodeForm::AsDocumented,
            retmsg: Retmsg::Success,
            error_status: ErrorStatus::Always200,
            rejected_token: RejectedToken::Http401,
            query_form: SandboxQueryForm::Decoded,
            timestamp_tolerance: 120_000,
            rate_version: RateVersion::Current,
            reject_duplicates: true,
            require_fee_config: true,
            require_kyb: false,
            delays: Delays::default(),
            reject_address: false,
            disabled_tokens: BTreeSet::new(),
            revoke_after_calls: None,
            request_log_size: 10_000,
            logged_body_bytes: 65_536,
            body_limit: 32 * 1024 * 1024,
            header_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(60),
            max_connections: 1024,
            webhook_data: WebhookData::Object,
            webhook_retry_speed: 1,
            webhook_timeout: Duration::from_secs(15),
            check_responses: cfg!(debug_assertions),
        }
    }
}

/// Form of a token answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenShape {
    /// In `retdata` of the envelope.
    Enveloped,
    /// The five fields with no envelope.
    Bare,
}

/// Type of the retcode of a success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetcodeForm {
    /// The number 200 on the pages of the token and of the simulated event, text on the others.
    AsDocumented,
    /// The number 200.
    Integer,
    /// The text "200".
    String,
}

/// What `retmsg` is in a success. All four were seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retmsg {
    /// The text "success".
    Success,
    /// An empty text.
    Empty,
    /// Null.
    Null,
    /// Not there.
    Missing,
}

/// HTTP status of refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorStatus {
    /// 200 with an error in the envelope. An unknown path is a 404 all the same.
    Always200,
    /// The 4xx that fits.
    ByKind,
}

/// How a token that is not the live one is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RejectedToken {
    /// HTTP 401 with an envelope.
    Http401,
    /// HTTP 200 with an error in the envelope.
    Http200,
}

/// How a query is signed. `spec/vectors/README.md` of the project has the rules in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SandboxQueryForm {
    /// Documented: each escape replaced by its byte, in the order of the wire, without `?`.
    Decoded,
    /// The same with a `?` in front, as one printed example has it.
    DecodedWithMark,
    /// As the vendor's Go client signs it: escaped anew, sorted by key, without `?`.
    EncodedSorted,
}

/// The two published forms of an exchange rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateVersion {
    /// Of 2026-03-31: `channelRate` and the developer's fee.
    Current,
    /// Of 2026-03-03: `rate` as text, `quoteId`, `sellBalance`.
    Previous,
}

/// Form of the data in webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookData {
    /// A JSON object: in `data` of checkout events, as documented, and in `paymentRequestDTO` of
    /// events of trades, which is inferred.
    Object,
    /// In `data`, a text that holds the JSON, as other products of the vendor send it.
    String,
}
