//! Signs and verifies requests, webhooks and responses of the StableLink payment gateway.
//!
//! **Unofficial**: this project is not the vendor's; names belong to their owners.
//!
//! The rule: `SIGNATURE = Base64(HMAC_SHA512(sign key, string to sign))`. For a request the string
//! to sign is method, timestamp, path, query and body, for a webhook timestamp and body, joined
//! with nothing between them. Parts go straight into the MAC: bodies are not copied, and a
//! signature takes one allocation, that of its text. No I/O, no clock, no async; it runs wherever
//! the standard library compiles, WebAssembly included.
//!
//! Pages: [Signature](https://developer.stablelink.app/6916921m0), and for webhooks that of a
//! product on the same gateway, [Webhook](https://developer.en.wcheckout.app/8061103m0). What is
//! marked as inferred or not known is on neither.
//!
//! # Signing a request
//!
//! ```
//! use stablelink_signature::{RequestLine, SIGNATURE, SigningKey, TIMESTAMP, Timestamp};
//!
//! // From a vault or the environment. This one is printed in public documentation.
//! let key = SigningKey::new(&"aR2822Y6XbehWMclnB0Y2NJK".into())?;
//!
//! // Timestamp::try_from(std::time::SystemTime::now())? outside of examples
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
//! Sign the bytes that go out, last of all: one blank more in the JSON is another signature. How
//! a query is signed that has something to escape is not settled: see [`QueryForm`]. Of a
//! multipart body nothing is signed: [`NO_BODY`]. A body that comes as a stream goes through
//! [`SigningKey::signer`].
//!
//! # Verifying a webhook
//!
//! ```
//! use stablelink_signature::{SignatureHeaders, SigningKey, MessageKind, Timestamp, Verifier, VerifyError};
//!
//! # let headers = std::collections::BTreeMap::from([
//! #     ("SIGNATURE", "xtdFz/A7EdzRrm4QXMCkv3eKCZXAoFO/r0+pbtgI7Km0xNl+K1j+6436KD7klEbsQFgIUzoE0jx0F8FVKljr1A=="),
//! #     ("TIMESTAMP", "1779846460000"),
//! # ]);
//! # let body = br#"{"eventId":"evt_test1","eventType":"CHECKOUT_ORDER_CHANGED","timestamp":1779846460,"data":{"orderNo":"WCHK71779846400123aB3dE9","orderStatus":"PAID"}}"#;
//! # let now = Timestamp::from_millis(1779846461000);
//! // While the key is being changed, two of them are good.
//! let verifier = Verifier::new(SigningKey::new(&"unit-test-new-key-not-real".into())?)
//!     .with_key(SigningKey::new(&"unit-test-sign-key-not-real-0001".into())?);
//!
//! // `body`: the bytes as they came, before anything parsed them.
//! let received = SignatureHeaders::from_headers(|name| Some(headers.get(name)?.as_bytes()));
//! match verifier.verify(MessageKind::Webhook, received, [body], now) {
//!     Ok(verified) => println!("signed with key {}", verified.key_index),
//!     // Everything else is right with it.
//!     Err(VerifyError::TooOld { age, .. }) => println!("{} s old", age.as_secs()),
//!     Err(error) => println!("refused: {error}"),
//! }
//! # assert_eq!(verifier.verify(MessageKind::Webhook, received, [body], now)?.key_index, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The gateway may deliver one event twice and anyone may repeat a signed message within the
//! tolerance: remember which events were handled. Only the two headers and the body are vouched
//! for: take nothing else of the request for the gateway's word, such as its path or other headers.
//!
//! # Test vectors
//!
//! `spec/vectors/signatures.json` of the repository has vectors for every language, and this crate
//! is tested with all of them.
//!
//! # Limits
//!
//! Nothing here panics on any input. Bodies, paths and queries may be of any size and any bytes,
//! and so may keys, but for those that are none ([`EmptyKeyError`]). Timestamps are milliseconds since
//! the epoch, UTC, of 64 bits.
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

/// The code of the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
