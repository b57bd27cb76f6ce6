//! The key of the HMAC, and signing with it.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha512;

use crate::{MessageKind, Signature, Timestamp};

/// Zeroised on drop by the feature `zeroize` of sha2.
pub(crate) type HmacSha512 = Hmac<Sha512>;

/// The gateway's sign key.
///
/// Holds the initial HMAC state instead of the key text. The state is as secret as the key:
/// `Debug` redacts it, and it is zeroised on drop. (Temporary values that hashing leaves on the
/// stack are not zeroised; the hash library and the compiler control them.)
#[derive(Clone)]
pub struct SigningKey {
    // Boxed: moving the key copies only the pointer, not the secret state.
    state: Box<HmacSha512>,
}

/// The sign key is empty or consists of NUL characters, so anyone could forge its signatures.
///
/// HMAC pads keys with zero bytes: a key of zero bytes signs like an empty key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sign key is empty; copy it from the gateway's dashboard")]
pub struct EmptyKeyError;

impl SigningKey {
    /// Creates a key from the text that the dashboard shows. Its UTF-8 bytes are the HMAC key; the
    /// text is neither decoded nor trimmed.
    ///
    /// # Errors
    ///
    /// Fails if the text is empty or has only NUL characters.
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

    /// Signs a request, webhook or response. The body is passed in any number of parts, which are
    /// not joined in memory: `[bytes]`, a slice of slices, or [`NO_BODY`](crate::NO_BODY).
    ///
    /// Send `timestamp` as the `TIMESTAMP` header.
    #[must_use]
    pub fn sign<'a, B: AsRef<[u8]>>(
        &self,
        message: impl Into<MessageKind<'a>>,
        timestamp: Timestamp,
        body: impl IntoIterator<Item = B>,
    ) -> Signature {
        let mut signer = self.signer(message, timestamp);
        for part in body {
            signer.update(part.as_ref());
        }
        signer.finish()
    }

    /// Starts a signature of a body that is read piece by piece, such as a stream.
    pub fn signer<'a>(&self, message: impl Into<MessageKind<'a>>, timestamp: Timestamp) -> Signer {
        Signer(self.start_mac(&message.into(), timestamp))
    }

    /// Returns the MAC over everything before the body.
    pub(crate) fn start_mac(&self, message: &MessageKind<'_>, timestamp: Timestamp) -> HmacSha512 {
        let mut mac = HmacSha512::clone(&self.state);
        message.write_head(timestamp, &mut |piece| mac.update(piece));
        mac
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey([REDACTED])")
    }
}

/// An unfinished signature: call [`update`](Self::update) with each part of the body in order, then
/// [`finish`](Self::finish).
#[derive(Clone)]
#[must_use = "only `finish` returns the signature"]
pub struct Signer(HmacSha512);

impl Signer {
    /// Adds the next part of the body.
    pub fn update(&mut self, part: &[u8]) {
        self.0.update(part);
    }

    /// Returns the signature of all added parts.
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
    fn empty_or_nul_key_is_rejected() {
        let bad = ["", "\0", "\0\0\0", &"\0".repeat(128), &"\0".repeat(1000)];
        for text in bad {
            assert_eq!(
                SigningKey::new(&text.into()).err(),
                Some(EmptyKeyError),
                "{text:?}"
            );
        }
        // Any other text is a key of any length: HMAC hashes a key that is longer than a block.
        for text in ["k", "\0k", "k\0", " ", "鍵", &"k".repeat(1000)] {
            assert!(SigningKey::new(&text.into()).is_ok(), "{text:?}");
        }
    }

    #[test]
    fn key_text_is_not_trimmed_or_decoded() {
        let sign = |text: &str| {
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
            assert_ne!(sign(key), sign(other), "{other:?}");
        }
    }

    #[test]
    fn key_state_is_zeroised_on_drop() {
        // Does not compile without the feature `zeroize` of sha2. An HMAC consists of two hashes
        // and does not implement the marker trait itself.
        fn assert_zeroised<T: hmac::digest::zeroize::ZeroizeOnDrop>() {}
        assert_zeroised::<Sha512>();
    }

    #[test]
    fn debug_redacts_key_and_signer() {
        let key = SigningKey::new(&"unit-test-sign-key-not-real-0001".into()).unwrap();
        assert_eq!(format!("{key:?}"), "SigningKey([REDACTED])");
        let signer = key.signer(RequestLine::new("GET", "/"), Timestamp::from_millis(0));
        assert_eq!(format!("{signer:?}"), "Signer([REDACTED])");
    }
}
