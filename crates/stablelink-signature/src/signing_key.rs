//! The sign key, and signing with it.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha512;

use crate::{MessageKind, Signature, Timestamp};

/// Its two hashes and their buffer overwrite themselves when dropped.
pub(crate) type HmacSha512 = Hmac<Sha512>;

/// A sign key, ready for use.
///
/// It keeps no copy of the text, only the state that HMAC begins with. That state is as secret as
/// the key: `Debug` does not show it, and it is overwritten when dropped. (What hashing leaves on
/// the stack while it runs is not: that is up to the library and the compiler.)
#[derive(Clone)]
pub struct SigningKey {
    // On the heap, so that moving the key leaves no copies behind.
    state: Box<HmacSha512>,
}

/// The sign key is empty, or of nothing but NUL characters: anyone could make its signatures.
///
/// HMAC fills a key up with zero bytes, so that a key of zero bytes signs as none does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sign key is empty; copy it from the gateway's dashboard")]
pub struct EmptyKeyError;

impl SigningKey {
    /// Takes the sign key as the dashboard shows it. Its UTF-8 bytes are the key of the HMAC:
    /// nothing is decoded or trimmed.
    ///
    /// # Errors
    ///
    /// An empty key, or one of nothing but NUL.
    pub fn new(key: &SecretString) -> Result<Self, EmptyKeyError> {
        let bytes = key.expose_secret().as_bytes();
        if bytes.iter().all(|byte| *byte == 0) {
            return Err(EmptyKeyError);
        }
        #[expect(
            clippy::expect_used,
            reason = "HMAC hashes long keys and pads short ones"
        )]
        let state = HmacSha512::new_from_slice(bytes).expect("HMAC takes keys of any length");
        Ok(Self {
            state: Box::new(state),
        })
    }

    /// Signs a request, webhook or response. The body comes in any number of parts, which are not
    /// joined in memory: `[bytes]`, a slice of slices, [`NO_BODY`](crate::NO_BODY).
    ///
    /// `timestamp` is what the `TIMESTAMP` header has to say.
    #[must_use]
    pub fn sign<'a, B: AsRef<[u8]>>(
        &self,
        subject: impl Into<MessageKind<'a>>,
        timestamp: Timestamp,
        body: impl IntoIterator<Item = B>,
    ) -> Signature {
        let mut signer = self.signer(subject, timestamp);
        for part in body {
            signer.update(part.as_ref());
        }
        signer.finish()
    }

    /// Begins a signature whose body comes bit by bit.
    pub fn signer<'a>(&self, subject: impl Into<MessageKind<'a>>, timestamp: Timestamp) -> Signer {
        Signer(self.begin(&subject.into(), timestamp))
    }

    /// The MAC of all that stands before the body.
    pub(crate) fn begin(&self, subject: &MessageKind<'_>, timestamp: Timestamp) -> HmacSha512 {
        let mut mac = HmacSha512::clone(&self.state);
        subject.write_head(timestamp, &mut |piece| mac.update(piece));
        mac
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey([REDACTED])")
    }
}

/// A signature in the making: [`update`](Self::update) with each part of the body, in order, then
/// [`finish`](Self::finish).
#[derive(Clone)]
#[must_use = "a signature comes out of `finish` only"]
pub struct Signer(HmacSha512);

impl Signer {
    /// Takes the next part of the body.
    pub fn update(&mut self, part: &[u8]) {
        self.0.update(part);
    }

    /// The signature of all that was taken.
    #[must_use]
    pub fn finish(self) -> Signature {
        Signature::new(self.0.finalize().into_bytes().into())
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer([REDACTED])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RequestLine;

    #[test]
    fn a_key_that_is_none_is_refused() {
        let bad = ["", "\0", "\0\0\0", &"\0".repeat(128), &"\0".repeat(1000)];
        for text in bad {
            assert_eq!(
                SigningKey::new(&text.into()).err(),
                Some(EmptyKeyError),
                "{text:?}"
            );
        }
        // Anything else is a key, of any length: HMAC hashes what is longer than a block.
        for text in ["k", "\0k", "k\0", " ", "鍵", &"k".repeat(1000)] {
            assert!(SigningKey::new(&text.into()).is_ok(), "{text:?}");
        }
    }

    #[test]
    fn nothing_of_a_key_is_trimmed_or_decoded() {
        let signed = |text: &str| {
            let key = SigningKey::new(&text.into()).unwrap();
            key.sign(MessageKind::Webhook, Timestamp::from_millis(0), [b"{}"])
                .to_base64()
        };
        let key = "dW5pdC10ZXN0";
        for other in [
            " dW5pdC10ZXN0",
            "dW5pdC10ZXN0 ",
            "dW5pdC10ZXN0\n",
            "dw5pdC10ZXN0",
            "unit-test",
        ] {
            assert_ne!(signed(key), signed(other), "{other:?}");
        }
    }

    #[test]
    fn the_state_is_overwritten_when_dropped() {
        // Does not compile without the feature `zeroize` of sha2. An HMAC is two of these and has
        // no mark of its own.
        fn overwritten<T: hmac::digest::zeroize::ZeroizeOnDrop>() {}
        overwritten::<Sha512>();
    }

    #[test]
    fn debug_shows_nothing() {
        let key = SigningKey::new(&"unit-test-sign-key-not-real-0001".into()).unwrap();
        assert_eq!(format!("{key:?}"), "SigningKey([REDACTED])");
        let signer = key.signer(RequestLine::new("GET", "/"), Timestamp::from_millis(0));
        assert_eq!(format!("{signer:?}"), "Signer([REDACTED])");
    }
}
