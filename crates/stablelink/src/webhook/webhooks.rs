//! Checking deliveries.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use secrecy::SecretString;
use stablelink_signature::{MessageKind, SignatureHeaders, SigningKey, Timestamp, Verifier};

use super::Verified;
use crate::{Credentials, Error, ErrorKind};

/// Checks deliveries of the gateway with one sign key or several.
///
/// Nothing is parsed before its signature is known to be right, and the time of a delivery is compared with the time
/// that the caller gives: the correction that the client learns from the `Date` header of answers is never used here,
/// for whoever answers could then make old deliveries look new.
///
/// Pages: <https://developer.stablelink.app/7865392m0>, <https://developer.en.wcheckout.app/8061103m0>.
///
/// ```
/// use std::time::SystemTime;
/// use stablelink::testing::TestDelivery;
/// use stablelink::webhook::{Payload, Webhooks};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sign_key = "unit-test-sign-key-not-real-0001"; // from a vault or the environment
/// let webhooks = Webhooks::new(&sign_key.into())?;
///
/// // What the gateway would send: headers and the raw body, before anything parsed it.
/// let sent = TestDelivery::of("ABNORMAL_PAYMENT")
///     .id("evt_1")
///     .data(r#"{"orderNo":"WCHK7","amount":"818.89"}"#)
///     .signed(&sign_key.into(), SystemTime::now())?;
///
/// let event = webhooks.verify(&sent.headers, sent.body, SystemTime::now())?.parse()?;
/// match event.payload()? {
///     Payload::AbnormalPayment(payment) => {
///         assert_eq!(payment.amount.unwrap().to_string(), "818.89");
///     }
///     // New events come without notice.
///     _ => println!("{:?}", event.kind()),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Webhooks {
    verifier: Verifier,
    scope: Arc<str>,
}

impl Webhooks {
    /// Checks with the sign key that the dashboard shows.
    ///
    /// # Errors
    ///
    /// An empty key: anyone could sign with it.
    pub fn new(sign_key: &SecretString) -> Result<Self, Error> {
        Ok(Self::with(ready(sign_key)?))
    }

    /// Checks with the sign key of these credentials.
    ///
    /// # Errors
    ///
    /// An empty secret among them.
    pub fn of(credentials: &Credentials) -> Result<Self, Error> {
        Ok(Self::with(credentials.clone().ready()?.sign_key))
    }

    fn with(key: SigningKey) -> Self {
        Self {
            verifier: Verifier::new(key),
            scope: "".into(),
        }
    }

    /// Accepts one more key: while a key is being changed, the old and the new one are in use.
    ///
    /// # Errors
    ///
    /// An empty key.
    pub fn or(mut self, sign_key: &SecretString) -> Result<Self, Error> {
        self.verifier = self.verifier.with_key(ready(sign_key)?);
        Ok(self)
    }

    /// How far the time of signing may be off, in both directions; 2 minutes by default, which is the gateway's rule.
    ///
    /// **No page says whether a delivery that comes [again](super::REDELIVERIES), up to a day later, is signed anew.**
    /// If yours come with their first `TIMESTAMP`, they end in [`VerifyError::TooOld`] and the event is lost. Where
    /// that is seen, raise this to more than the longest wait (25 hours will do) and keep a
    /// [replay guard](super::ReplayGuard) that remembers for longer than that (2 days by default): then the guard, and
    /// not the age, is what stops a delivery from being handled twice. Polling the record finds what was lost.
    ///
    /// [`VerifyError::TooOld`]: super::VerifyError::TooOld
    #[must_use]
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.verifier = self.verifier.tolerance(tolerance);
        self
    }

    /// Tells the events of this environment or account apart from others in a [replay guard](super::ReplayGuard) that
    /// they share, such as `Environment::Sandbox.origin().as_str()`. Empty by default.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<Arc<str>>) -> Self {
        self.scope = scope.into();
        self
    }

    /// Checks one delivery: `body` is what came, before any parsing; `now` a
    /// [`SystemTime`](std::time::SystemTime) or a [`Timestamp`]. Of a header that comes twice the first one counts. A body may be of
    /// any size: limit it where you read it.
    ///
    /// Page: <https://developer.en.wcheckout.app/8061103m0>
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Signature`] with what is wrong. [`VerifyError::TooOld`] and [`VerifyError::TooNew`] mean that the
    /// signature itself is right: the first is a replay or a late delivery (see [`tolerance`](Self::tolerance)), the
    /// second a wrong clock. Answer each with a status that is not 2xx. [`ErrorKind::InvalidArgument`] for a `now`
    /// before 1970.
    ///
    /// [`VerifyError::TooOld`]: super::VerifyError::TooOld
    /// [`VerifyError::TooNew`]: super::VerifyError::TooNew
    pub fn verify(
        &self,
        headers: &HeaderMap,
        body: impl Into<Bytes>,
        now: impl TryInto<Timestamp>,
    ) -> Result<Verified, Error> {
        let now = now
            .try_into()
            .map_err(|_| Error::invalid("now", "is before 1970 or too far in the future"))?;
        let body = body.into();
        let received = SignatureHeaders::from_headers(|name| Some(headers.get(name)?.as_bytes()));
        let proof = self
            .verifier
            .verify(MessageKind::Webhook, received, [&body], now)
            .map_err(|error| Error::new(ErrorKind::Signature(error)))?;
        Ok(Verified::new(body, proof, self.scope.clone()))
    }
}

fn ready(sign_key: &SecretString) -> Result<SigningKey, Error> {
    SigningKey::new(sign_key)
        .map_err(|error| Error::configuration("the sign key of webhooks is empty").because(error))
}

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
    fn each_key_is_good_and_known_by_its_place() {
        let [old, new, other]: [SecretString; 3] =
            ["unit-test-old", "unit-test-new", "unit-test-other"].map(Into::into);
        let webhooks = Webhooks::new(&old).unwrap().or(&new).unwrap();
        for (key, index) in [(&old, Some(0)), (&new, Some(1)), (&other, None)] {
            let sent = TestDelivery::of("X").signed(key, AT).unwrap();
            let verified = webhooks.verify(&sent.headers, sent.body, AT);
            assert_eq!(verified.ok().map(|one| one.key_index()), index);
        }
        let credentials = Credentials::new("key", "secret", "unit-test-old");
        let sent = TestDelivery::of("X").signed(&old, AT).unwrap();
        let webhooks = Webhooks::of(&credentials).unwrap();
        assert!(webhooks.verify(&sent.headers, sent.body, AT).is_ok());
        assert!(Webhooks::new(&"".into()).is_err());
        assert!(webhooks.or(&"".into()).is_err());
    }

    #[test]
    fn too_old_and_too_new_are_their_own_errors() {
        let key = "unit-test-key".into();
        let default = Webhooks::new(&key).unwrap();
        let day = default.clone().tolerance(Duration::from_secs(25 * 3600));
        let sent = TestDelivery::of("X").signed(&key, AT).unwrap();
        let early = TestDelivery::of("X").signed(&key, after(120_001)).unwrap();
        let check = |webhooks: &Webhooks, sent: &crate::testing::SignedDelivery, now| match webhooks
            .verify(&sent.headers, sent.body.clone(), now)
            .map_err(|error| error.to_string())
        {
            Ok(_) => "fresh".to_owned(),
            Err(text) => text,
        };
        assert_eq!(check(&default, &sent, after(120_000)), "fresh");
        assert_eq!(
            check(&default, &sent, after(120_001)),
            "the signature is right but 2 min 1 ms old, and 2 min are allowed"
        );
        assert_eq!(check(&day, &sent, after(84_840_000)), "fresh");
        assert_eq!(
            check(&default, &early, AT),
            "the signature is right but 2 min 1 ms ahead of this clock, and 2 min are allowed"
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
    fn a_time_before_1970_is_an_argument() {
        let webhooks = Webhooks::new(&"unit-test-key".into()).unwrap();
        let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
        let error = webhooks
            .verify(&HeaderMap::new(), Bytes::new(), before)
            .unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidArgument { .. }));
    }
}
