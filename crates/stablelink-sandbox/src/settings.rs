//! Settings: how the sandbox behaves where sources disagree or a test needs another behaviour.

use std::collections::BTreeSet;
use std::time::Duration;

/// The settings of a sandbox. The defaults follow the documentation, or the README of this crate
/// where the documentation is silent.
///
/// Set them on the [`SandboxBuilder`](crate::SandboxBuilder), or later with
/// [`Sandbox::update_settings`](crate::Sandbox::update_settings).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SandboxSettings {
    /// Lifetime of an access token in seconds. Default: 21600. With 0, tokens are expired when
    /// they are issued.
    pub token_lifetime: u64,
    /// Lifetime of a refresh token in seconds. Default: 43200.
    pub refresh_token_lifetime: u64,
    /// Time in seconds in which the previous access token is still accepted after a new one is
    /// issued, within its own lifetime. Default: 0.
    pub old_token_grace: u64,
    /// Shape of the response to a grant by credentials. Default: with an envelope, as the page
    /// about the grant shows.
    pub token_shape: TokenShape,
    /// Shape of the response to a grant by refresh token. Default: without an envelope, as the page
    /// about the grant shows.
    pub refresh_shape: TokenShape,
    /// JSON type of `retcode` in a successful response. The `retcode` of a rejection is always a string,
    /// because it has leading zeros.
    pub retcode: RetcodeForm,
    /// Value of `retmsg` in a success.
    pub retmsg: Retmsg,
    /// HTTP status of rejections. Default: 200, because the status of the real gateway is not
    /// known.
    pub error_status: ErrorStatus,
    /// Response to a call with a token that is not the current one.
    pub rejected_token: RejectedToken,
    /// The form in which a client must sign the query. Default: decoded, as documented.
    pub query_form: SandboxQueryForm,
    /// Allowed difference between `TIMESTAMP` and the sandbox's clock in milliseconds, in both
    /// directions. Default: 120000, as documented. A negative value rejects every timestamp.
    pub timestamp_tolerance: i64,
    /// Form of `sysid`, `customerId` and `merchantId` in responses of checkout. Default: strings,
    /// as the vendor's Go client reads them. A change applies to records created later.
    pub checkout_ids: IdForm,
    /// Whether an order requires `merchantId`. Default: true, as documented. The vendor's Go client
    /// sends it only if it is configured.
    pub require_merchant_id: bool,
    /// The form of an exchange rate, of which two were published.
    pub rate_form: RateForm,
    /// Whether a repeated idempotency key is rejected. Default: true, as documented. With false,
    /// every repeat is another effect that [`Sandbox::effects`](crate::Sandbox::effects) counts.
    pub reject_duplicates: bool,
    /// Whether a trade requires a fee config of its customer. Default: true, as documented.
    pub require_fee_config: bool,
    /// Whether a trade requires an approved KYB of its customer. Default: false, because no page
    /// requires it.
    pub require_kyb: bool,
    /// Whether the responses of all operations except the token operation are made from the OpenAPI
    /// document, without records and without further rules. Default: false, so that only operations
    /// without a hand-written handler respond in this way.
    pub respond_from_document: bool,
    /// The delays after which the sandbox's clock changes the status of records.
    pub delays: Delays,
    /// Rejects every call with `ip not matched: <ip>`, as if the address of the caller were not on
    /// the allow list of the dashboard.
    pub reject_address: bool,
    /// Checkout tokens (`ETH_USDT` …) that are not enabled. The deposit address of an order in one
    /// of them is `-1`.
    pub disabled_tokens: BTreeSet<String>,
    /// Revokes the access token after this number of accepted calls.
    pub revoke_after_calls: Option<u64>,
    /// Number of requests that [`Sandbox::requests`](crate::Sandbox::requests) keeps. Default:
    /// 10000. The oldest are dropped first.
    pub request_log_size: usize,
    /// Length of all heads and bodies in the request log in bytes. Default: 16 MiB. The oldest
    /// requests are dropped first.
    pub request_log_bytes: usize,
    /// Number of bytes of each body that the request log keeps, from its start. Default: 65536.
    pub logged_body_bytes: usize,
    /// Maximum length of a request body in bytes. Default: 32 MiB. A body without a valid token is
    /// read but not kept in memory.
    pub body_limit: usize,
    /// Maximum length of the bodies of all open requests in bytes. Default: 128 MiB. Further
    /// requests are rejected with HTTP 503.
    pub total_body_limit: usize,
    /// Timeout for the head of a request in real time, including idle time before it. Default:
    /// 30 s. A change applies to connections opened later.
    pub header_timeout: Duration,
    /// Timeout for the body of a request in real time. Default: 60 s.
    pub body_timeout: Duration,
    /// Maximum number of open connections. Default: 1024. Further connections receive HTTP 503 and
    /// are closed.
    pub max_connections: usize,
    /// Form of the data in webhooks.
    pub webhook_data: WebhookData,
    /// Which response of a webhook receiver confirms a delivery.
    pub webhook_acknowledgement: WebhookAcknowledgement,
    /// Factor by which failed webhooks are retried faster than documented, by the sandbox's clock.
    /// Default: 1. The value 0 means 1.
    pub webhook_retry_speed: u32,
    /// Timeout of a webhook receiver in real time. Default: 15 s, as documented.
    pub webhook_timeout: Duration,
    /// Whether each response is checked against the OpenAPI document. A response that does not
    /// match is recorded in [`Sandbox::mismatches`](crate::Sandbox::mismatches) and replaced by
    /// HTTP 500 with a text. Default: true if debug assertions are enabled.
    pub check_responses: bool,
}

impl Default for SandboxSettings {
    fn default() -> Self {
        Self {
            token_lifetime: 21_600,
            refresh_token_lifetime: 43_200,
            old_token_grace: 0,
            token_shape: TokenShape::Enveloped,
            refresh_shape: TokenShape::Bare,
            retcode: RetcodeForm::Observed,
            retmsg: Retmsg::Success,
            error_status: ErrorStatus::Always200,
            rejected_token: RejectedToken::Http401,
            query_form: SandboxQueryForm::Decoded,
            timestamp_tolerance: 120_000,
            checkout_ids: IdForm::String,
            require_merchant_id: true,
            rate_form: RateForm::ChannelRate,
            reject_duplicates: true,
            require_fee_config: true,
            require_kyb: false,
            respond_from_document: false,
            delays: Delays::default(),
            reject_address: false,
            disabled_tokens: BTreeSet::new(),
            revoke_after_calls: None,
            request_log_size: 10_000,
            request_log_bytes: 16 * 1024 * 1024,
            logged_body_bytes: 65_536,
            body_limit: 32 * 1024 * 1024,
            total_body_limit: 128 * 1024 * 1024,
            header_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(60),
            max_connections: 1024,
            webhook_data: WebhookData::Object,
            webhook_acknowledgement: WebhookAcknowledgement::Retcode,
            webhook_retry_speed: 1,
            webhook_timeout: Duration::from_secs(15),
            check_responses: cfg!(debug_assertions),
        }
    }
}

/// The delays before the status of a record changes, in seconds of the sandbox's clock. With
/// `None`, the record waits for a call or a test.
///
/// No page states these durations. The defaults are chosen by the sandbox. A change applies to
/// status changes that are scheduled later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delays {
    /// The delay from a submitted KYB to its result. Default: 60.
    pub kyb: Option<u64>,
    /// Result of a KYB: `APPROVED` or `REJECTED`.
    pub kyb_outcome: RecordOutcome,
    /// The delay until a `Pending` trade that is not confirmed becomes `Expired`. Default: 86400.
    pub trade_expiry: Option<u64>,
    /// The delay from a confirmed trade to its result. Default: 60.
    pub trade: Option<u64>,
    /// Result of a confirmed trade: `Completed` or `Failed`.
    pub trade_outcome: RecordOutcome,
    /// The delay from `PENDING_REFUND` to `REFUNDING`, and from `REFUNDING` to the result. Default:
    /// 60.
    pub refund: Option<u64>,
    /// Result of a refund: `REFUNDED` or `FAILED`. A refund also fails if the balance is lower than
    /// the amount.
    pub refund_outcome: RecordOutcome,
    /// The delay from `PENDING_SETTLEMENT` to `SETTLING`, and from `SETTLING` to the result.
    /// Default: 60.
    pub settlement: Option<u64>,
    /// Result of a settlement: `SETTLED` or `FAILED`. A settlement also fails if the balance of the
    /// merchant is lower than the amount.
    pub settlement_outcome: RecordOutcome,
}

impl Default for Delays {
    fn default() -> Self {
        Self {
            kyb: Some(60),
            kyb_outcome: RecordOutcome::Success,
            trade_expiry: Some(86_400),
            trade: Some(60),
            trade_outcome: RecordOutcome::Success,
            refund: Some(60),
            refund_outcome: RecordOutcome::Success,
            settlement: Some(60),
            settlement_outcome: RecordOutcome::Success,
        }
    }
}

/// The kind of final status that the sandbox's clock sets for a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordOutcome {
    /// The record completes.
    Success,
    /// The record fails.
    Failure,
}

impl RecordOutcome {
    pub(crate) const fn choose<T: Copy>(self, success: T, failure: T) -> T {
        match self {
            Self::Success => success,
            Self::Failure => failure,
        }
    }
}

/// Shape of a token response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenShape {
    /// The fields are in `retdata` of the envelope.
    Enveloped,
    /// The five fields without an envelope.
    Bare,
}

/// JSON type of `retcode` in a successful response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetcodeForm {
    /// The number 200 for the simulated event, as the page about it shows. A string in all other
    /// responses, including the token response, as the vendor's Go client reads it.
    Observed,
    /// The number 200 for the token and the simulated event, a string elsewhere, as the pages
    /// show.
    AsDocumented,
    /// The number 200.
    Integer,
    /// The string "200".
    String,
}

/// Value of `retmsg` in a success. All four were observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retmsg {
    /// The string "success".
    Success,
    /// An empty string.
    Empty,
    /// Null.
    Null,
    /// The field is absent.
    Missing,
}

/// HTTP status of rejections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorStatus {
    /// 200 with an error envelope. An unknown path is a 404 even then.
    Always200,
    /// The 4xx status that fits the error.
    ByKind,
}

/// Response to a call with a token that is not the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RejectedToken {
    /// HTTP 401 with an error envelope.
    Http401,
    /// HTTP 200 with an error envelope.
    Http200,
}

/// The form in which a query is signed. `spec/vectors/README.md` of the project defines the forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SandboxQueryForm {
    /// The documented form: percent-decoded, in the order of the request, without `?`.
    Decoded,
    /// Like `Decoded`, with a leading `?`, as in one published example.
    DecodedWithMark,
    /// The form that the vendor's Go client signs: percent-encoded, sorted by key, without `?`.
    EncodedSorted,
}

/// JSON type of an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdForm {
    /// A string. A `sysid` begins with `OR`, `RF` or `ST`.
    String,
    /// An integer, if the id has only digits. A `sysid` has only digits.
    Integer,
}

/// The two published forms of an exchange rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateForm {
    /// The form of 2026-03-31: `channelRate` and the developer's fee.
    ChannelRate,
    /// The form of 2026-03-03: `rate` as a string, `quoteId`, `sellBalance`.
    QuoteId,
}

/// Which response of a webhook receiver confirms a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookAcknowledgement {
    /// A 2xx status, unless the body is a JSON object with a `retcode` other than 200. The vendor's
    /// Go client reports a failure as HTTP 200 with `retcode` 500.
    Retcode,
    /// A 2xx status with any body.
    HttpStatus,
}

/// Form of the data in webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookData {
    /// A JSON object: in `data` of checkout events, as documented, and in `paymentRequestDTO` of
    /// trade events, which is inferred.
    Object,
    /// A string in `data` that contains JSON, as other products of the vendor send it.
    String,
}
