//! Verification of deliveries.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use secrecy::SecretString;
use stablelink_signature::{MessageKind, SignatureHeaders, SigningKey, Timestamp, Verifier};

use super::WebhookEvent;
use crate::{Credentials, Error, ErrorKind};

/// Verifies deliveries of the gateway with one or more sign keys.
///
/// The body is not parsed before the signature is verified. The age of a delivery is measured with the time that the caller
/// passes. The clock skew that the client learns from the `Date` header of responses is not used: a forged response
/// could otherwise make old deliveries look new.
///
/// Pages: <https://developer.stablelink.app/7865392m0>, <https://developer.en.wcheckout.app/8061103m0>.
///
/// ```
/// use std::time::SystemTime;
/// use stablelink::testing::TestDelivery;
/// use stablelink::webhook::{EventPayload, WebhookVerifier};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sign_key = "unit-test-sign-key-not-real-0001"; // from a vault or the environment
/// let verifier = WebhookVerifier::new(&sign_key.into())?;
///
/// // A delivery as the gateway sends it: the headers and the raw body.
/// let sent = TestDelivery::new("ABNORMAL_PAYMENT")
///     .id("evt_1")
///     .data(r#"{"orderNo":"WCHK7","amount":"818.89"}"#)
///     .signed(&sign_key.into(), SystemTime::now())?;
///
/// let event = verifier.verify(&sent.headers, sent.body, SystemTime::now())?.parse()?;
/// match event.payload()? {
///     EventPayload::AbnormalPayment(payment) => {
///         assert_eq!(payment.amount.unwrap().to_string(), "818.89");
///     }
///     // The gateway may add event types at any time.
///     _ => println!("{:?}", event.event_type()),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct WebhookVerifier {
    verifier: Verifier,
    scope: Arc<str>,
}

impl WebhookVerifier {
    /// Creates a verifier with the sign key that the dashboard shows.
    ///
    /// # Errors
    ///
    /// Fails for an empty key, with which anyone can sign.
    pub fn new(sign_key: &SecretString) -> Result<Self, Error> {
        Ok(Self::from_key(parse_key(sign_key)?))
    }

    /// Creates a verifier with the sign key of these credentials.
    ///
    /// # Errors
    ///
    /// Fails if one of the secrets is empty.
    pub fn from_credentials(credentials: &Credentials) -> Result<Self, Error> {
        Ok(Self::from_key(credentials.clone().resolve()?.signing_key))
    }

    fn from_key(key: SigningKey) -> Self {
        Self {
            verifier: Verifier::new(key),
            scope: "".into(),
        }
    }

    /// Accepts an additional key, while the old and the new key of a rotation are both in use.
    ///
    /// # Errors
    ///
    /// Fails for an empty key.
    pub fn with_key(mut self, sign_key: &SecretString) -> Result<Self, Error> {
        self.verifier = self.verifier.with_key(parse_key(sign_key)?);
        Ok(self)
    }

    /// Sets the maximum difference between the time of signing and now, in both directions. Default: 2 minutes, the rule of
    /// the gateway.
    ///
    /// **It is not documented whether a redelivery, up to a day later, has a new signature.** If your redeliveries have the
    /// original `TIMESTAMP`, they fail with [`VerifyError::TooOld`] and the event is lost. In that case, raise the tolerance
    /// to 25 hours and use a [`Deduplicator`](super::Deduplicator) that remembers events for longer than that (default: 2
    /// days): then the deduplicator prevents replays instead of the age. Polling the record finds lost events.
    ///
    /// [`VerifyError::TooOld`]: super::VerifyError::TooOld
    #[must_use]
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.verifier = self.verifier.tolerance(tolerance);
        self
    }

    /// Separates the events of this environment or account from others in a shared [`Deduplicator`](super::Deduplicator), for
    /// example with `Environment::Sandbox.origin().as_str()`. Default: empty.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<Arc<str>>) -> Self {
        self.scope = scope.into();
        self
    }

    /// Verifies a delivery. `body` is the raw body and `now` a [`SystemTime`](std::time::SystemTime) or a [`Timestamp`]. If
    /// a header is repeated, the first value is used. The size of the body is not limited here: limit it where you read it.
    ///
    /// Page: <https://developer.en.wcheckout.app/8061103m0>
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Signature`] with the reason. [`VerifyError::TooOld`] and [`VerifyError::TooNew`] mean that the signature
    /// is correct: the first is a replay or a late delivery (see [`tolerance`](Self::tolerance)), the second a wrong clock.
    /// Respond to each with a status other than 2xx. [`ErrorKind::InvalidArgument`] if `now` is before 1970.
    ///
    /// [`VerifyError::TooOld`]: super::VerifyError::TooOld
    /// [`VerifyError::TooNew`]: super::VerifyError::TooNew
    pub fn verify(
        &self,
        headers: &HeaderMap,
        body: impl Into<Bytes>,
        now: impl TryInto<Timestamp>,
    ) -> Result<VerifiedDelivery, Error> {
        let now = now
            .try_into()
            .map_err(|_| Error::invalid("now", "is before 1970 or too far in the future"))?;
        let body = body.into();
        let received = SignatureHeaders::from_headers(|name| Some(headers.get(name)?.as_bytes()));
        let signature = self
            .verifier
            .verify(MessageKind::Webhook, received, [&body], now)
            .map_err(|error| Error::new(ErrorKind::Signature(error)))?;
        Ok(VerifiedDelivery {
            body,
            signature,
            scope: self.scope.clone(),
        })
    }
}

fn parse_key(sign_key: &SecretString) -> Result<SigningKey, Error> {
    SigningKey::new(sign_key)
        .map_err(|error| Error::configuration("the sign key of webhooks is empty").because(error))
}

/// A delivery whose signature is correct and recent. Only [`WebhookVerifier::verify`] creates one, and only a verified delivery
/// can be parsed to a [`WebhookEvent`].
///
/// `Debug` shows the time of signing, the index of the key and the length of the body, but not the body.
#[derive(Clone)]
pub struct VerifiedDelivery {
    body: Bytes,
    signature: stablelink_signature::VerifiedSignature,
    scope: Arc<str>,
}

impl VerifiedDelivery {
    /// Returns the raw body. It may contain personal data: do not log it.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    /// Returns the time of signing on the clock of the gateway.
    #[must_use]
    pub const fn signed_at(&self) -> Timestamp {
        self.signature.timestamp
    }

    /// Returns the index of the key that verified the signature: 0 for the first, then in the order of the calls of
    /// [`with_key`](WebhookVerifier::with_key).
    #[must_use]
    pub const fn key_index(&self) -> usize {
        self.signature.key_index
    }

    /// Parses the body. Every JSON object is an event, whether its type is known or not.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] if the body is not UTF-8, not JSON or not an object.
    pub fn parse(&self) -> Result<WebhookEvent, Error> {
        WebhookEvent::read(&self.body, self.scope.clone())
    }
}

impl fmt::Debug for VerifiedDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedDelivery")
            .field("signed_at", &self.signed_at().as_millis())
            .field("key_index", &self.key_index())
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Only a verification creates a `VerifiedDelivery`, and only a `VerifiedDelivery` creates a `WebhookEvent`.
///
/// ```
/// use stablelink::{testing::TestDelivery, webhook::{WebhookEvent, VerifiedDelivery, WebhookVerifier}};
/// # let (key, now) = ("unit-test-key".into(), std::time::SystemTime::now());
/// # let sent = TestDelivery::raw("{}").signed(&key, now)?;
/// let verified: VerifiedDelivery = WebhookVerifier::new(&key)?.verify(&sent.headers, sent.body, now)?;
/// let event: WebhookEvent = verified.parse()?;
/// # Ok::<(), stablelink::Error>(())
/// ```
///
/// ```compile_fail,E0624
/// let event = stablelink::webhook::WebhookEvent::read(b"{}", "".into());
/// ```
///
/// ```compile_fail,E0277
/// let event: stablelink::webhook::WebhookEvent = serde_json::from_str("{}").unwrap();
/// ```
///
/// ```compile_fail,E0277
/// let event: stablelink::webhook::WebhookEvent = "{}".parse().unwrap();
/// ```
///
/// ```compile_fail,E0277
/// let event: stablelink::webhook::WebhookEvent = bytes::Bytes::new().into();
/// ```
///
/// ```compile_fail,E0277
/// let verified: stablelink::webhook::VerifiedDelivery = bytes::Bytes::new().into();
/// ```
///
/// ```compile_fail,E0624
/// fn made(proof: stablelink_signature::VerifiedSignature) -> stablelink::webhook::VerifiedDelivery {
///     stablelink::webhook::VerifiedDelivery::new(bytes::Bytes::new(), proof, "".into())
/// }
/// ```
#[cfg(doctest)]
struct OnlyByVerification;

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use stablelink_signature::VerifyError;

    use super::*;
    use crate::testing::TestDelivery;

    const AT: Timestamp = Timestamp::from_millis(1_779_846_460_000);

    fn after(millis: u64) -> Timestamp {
        Timestamp::from_millis(AT.as_millis() + millis)
    }

    #[test]
    fn each_key_is_accepted_and_reported_by_index() {
        let [old, new, other]: [SecretString; 3] =
            ["unit-test-old", "unit-test-new", "unit-test-other"].map(Into::into);
        let webhooks = WebhookVerifier::new(&old).unwrap().with_key(&new).unwrap();
        for (key, index) in [(&old, Some(0)), (&new, Some(1)), (&other, None)] {
            let sent = TestDelivery::new("X").signed(key, AT).unwrap();
            let verified = webhooks.verify(&sent.headers, sent.body, AT);
            assert_eq!(verified.ok().map(|delivery| delivery.key_index()), index);
        }
        let credentials = Credentials::new("key", "secret", "unit-test-old");
        let sent = TestDelivery::new("X").signed(&old, AT).unwrap();
        let webhooks = WebhookVerifier::from_credentials(&credentials).unwrap();
        assert!(webhooks.verify(&sent.headers, sent.body, AT).is_ok());
        assert!(WebhookVerifier::new(&"".into()).is_err());
        assert!(webhooks.with_key(&"".into()).is_err());
    }

    #[test]
    fn too_old_and_too_new_are_separate_errors() {
        let key = "unit-test-key".into();
        let default = WebhookVerifier::new(&key).unwrap();
        let day = default.clone().tolerance(Duration::from_secs(25 * 3600));
        let sent = TestDelivery::new("X").signed(&key, AT).unwrap();
        let early = TestDelivery::new("X").signed(&key, after(120_001)).unwrap();
        let check =
            |webhooks: &WebhookVerifier, sent: &crate::testing::SignedDelivery, now| match webhooks
                .verify(&sent.headers, sent.body.clone(), now)
                .map_err(|error| error.to_string())
            {
                Ok(_) => "fresh".to_owned(),
                Err(text) => text,
            };
        assert_eq!(check(&default, &sent, after(120_000)), "fresh");
        assert_eq!(
            check(&default, &sent, after(120_001)),
            "the signature is valid but 2 min 1 ms old (tolerance 2 min)"
        );
        assert_eq!(check(&day, &sent, after(84_840_000)), "fresh");
        assert_eq!(
            check(&default, &early, AT),
            "the signature is valid but 2 min 1 ms ahead of this clock (tolerance 2 min)"
        );
        let error = default
            .verify(&sent.headers, sent.body, SystemTime::UNIX_EPOCH)
            .unwrap_err();
        assert!(matches!(
            error.kind(),
            ErrorKind::Signature(VerifyError::TooNew { .. })
        ));
        assert!(!error.is_retryable());
    }

    #[test]
    fn time_before_1970_is_an_invalid_argument() {
        let webhooks = WebhookVerifier::new(&"unit-test-key".into()).unwrap();
        let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
        let error = webhooks
            .verify(&HeaderMap::new(), Bytes::new(), before)
            .unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidArgument { .. }));
    }
}
