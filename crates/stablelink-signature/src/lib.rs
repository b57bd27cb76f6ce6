//! Signs and verifies requests, webhooks and responses of the StableLink payment gateway.
//!
//! **Unofficial**: this project is not affiliated with the vendor; names belong to their owners.
//!
//! The signing rule is `SIGNATURE = Base64(HMAC_SHA512(sign key, string to sign))`. The string to sign of a request is
//! method, timestamp, path, query and body, that of a webhook is timestamp and body, each joined without separators. The
//! parts are passed directly to the MAC: bodies are not copied, and a signature allocates only its text. The crate does no
//! I/O, reads no clock and needs no async runtime; it compiles wherever the standard library does, including WebAssembly.
//!
//! Pages: [Signature](https://developer.stablelink.app/6916921m0), and for webhooks the page
//! [Webhook](https://developer.en.wcheckout.app/8061103m0) of a product on the same gateway. Facts that are marked as
//! inferred or unknown are on neither page.
//!
//! # Signing a request
//!
//! ```
//! use stablelink_signature::{RequestLine, SIGNATURE, SigningKey, TIMESTAMP, Timestamp};
//!
//! // Load the key from a secret store or the environment. This one is from public documentation.
//! let key = SigningKey::new(&"aR2822Y6XbehWMclnB0Y2NJK".into())?;
//!
//! // In production: Timestamp::try_from(std::time::SystemTime::now())?
//! let timestamp = Timestamp::from_millis(1636360661729);
//! let body = br#"{"a":"124"}"#; // exactly the bytes that are sent
//!
//! let signature = key.sign(RequestLine::new("POST", "/openapi/test"), timestamp, [body]);
//! let headers = [
//!     (SIGNATURE, signature.to_base64()),
//!     (TIMESTAMP, timestamp.to_string()),
//! ];
//! # assert_eq!(headers[0].1, "MxrYnCm9Q7JOAvOrISf8+T2kuTW1d/w0at8aaPaoiX08VWfun3XPokVlIx1TkHXdcitls09wzfUGtXQZq23xdg==");
//! # assert_eq!(headers[1].1, "1636360661729");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Sign the final bytes: one additional space in the JSON changes the signature. It is unknown how the gateway signs a query
//! with characters that need escaping: see [`QueryForm`]. A multipart body is not signed: pass [`NO_BODY`]. For a streamed
//! body use [`SigningKey::signer`].
//!
//! # Verifying a webhook
//!
//! ```
//! use stablelink_signature::{MessageKind, SignatureHeaders, SigningKey, Timestamp, Verifier, VerifyError};
//!
//! # let headers = std::collections::BTreeMap::from([
//! #     ("SIGNATURE", "xtdFz/A7EdzRrm4QXMCkv3eKCZXAoFO/r0+pbtgI7Km0xNl+K1j+6436KD7klEbsQFgIUzoE0jx0F8FVKljr1A=="),
//! #     ("TIMESTAMP", "1779846460000"),
//! # ]);
//! # let body = br#"{"eventId":"evt_test1","eventType":"CHECKOUT_ORDER_CHANGED","timestamp":1779846460,"data":{"orderNo":"WCHK71779846400123aB3dE9","orderStatus":"PAID"}}"#;
//! # let now = Timestamp::from_millis(1779846461000);
//! // During a key rotation, accept both keys.
//! let verifier = Verifier::new(SigningKey::new(&"unit-test-new-key-not-real".into())?)
//!     .with_key(SigningKey::new(&"unit-test-sign-key-not-real-0001".into())?);
//!
//! // `body`: the bytes as received, before any parsing.
//! let signature_headers = SignatureHeaders::from_headers(|name| Some(headers.get(name)?.as_bytes()));
//! match verifier.verify(MessageKind::Webhook, signature_headers, [body], now) {
//!     Ok(verified) => println!("signed with key {}", verified.key_index),
//!     // Everything except the age is valid.
//!     Err(VerifyError::TooOld { age, .. }) => println!("{} s old", age.as_secs()),
//!     Err(error) => println!("rejected: {error}"),
//! }
//! # assert_eq!(verifier.verify(MessageKind::Webhook, signature_headers, [body], now)?.key_index, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The gateway may deliver an event twice, and anyone can replay a signed message within the
//! tolerance: deduplicate events. Only the two headers and the body are authenticated. Do not trust
//! any other part of the request, such as its path or other headers.
//!
//! # Test vectors
//!
//! `spec/vectors/signatures.json` in the repository has test vectors for every language. The tests
//! of this crate run all of them.
//!
//! # Limits
//!
//! No input causes a panic. Bodies, paths and queries may have any size and any bytes, and so may
//! keys, except empty ones ([`EmptyKeyError`]). Timestamps are 64-bit milliseconds since the epoch,
//! UTC.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod message_kind;
mod query;
mod signature;
mod signature_headers;
mod signing_key;
mod timestamp;
mod verifier;

pub use message_kind::{MessageKind, NO_BODY, RequestLine};
pub use query::{QueryForm, UnknownQueryFormError};
pub use signature::{Signature, SignatureError};
pub use signature_headers::{D_SIGNATURE, SIGNATURE, SignatureHeaders, TIMESTAMP};
pub use signing_key::{EmptyKeyError, Signer, SigningKey};
pub use timestamp::{Timestamp, TimestampError};
pub use verifier::{VerifiedSignature, Verifier, VerifyError};

/// Compiles the code of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
