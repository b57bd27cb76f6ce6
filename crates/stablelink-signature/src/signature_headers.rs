//! The headers of a signed message: names and received values.

use std::fmt;

/// Name of the signature header of requests, webhooks and some responses.
pub const SIGNATURE: &str = "SIGNATURE";
/// Name of the header with the signing time, in milliseconds since the epoch.
pub const TIMESTAMP: &str = "TIMESTAMP";
/// Name of a response's signature header on one of two pages; the other page uses [`SIGNATURE`].
pub const D_SIGNATURE: &str = "D-Signature";

/// The two signature headers of a received message, each present or absent.
///
/// Values are not trimmed: an HTTP parser has already removed the surrounding whitespace. A signed
/// message has each header once. If a header was received twice, either value may be passed, because
/// the signature must match the timestamp in any case. Two values joined with a comma are rejected.
///
/// `Debug` shows the timestamp, and only the presence of the signature.
#[derive(Clone, Copy)]
pub struct SignatureHeaders<'a> {
    pub(crate) signature: Option<&'a [u8]>,
    pub(crate) timestamp: Option<&'a [u8]>,
    /// The header names that error messages show for the signature.
    pub(crate) signature_header: &'static str,
}

impl<'a> SignatureHeaders<'a> {
    /// Creates the pair from the header values: 88 characters of Base64, and decimal milliseconds
    /// since the epoch. [`Verifier::verify`](crate::Verifier::verify) checks their contents.
    #[must_use]
    pub const fn new(signature: Option<&'a [u8]>, timestamp: Option<&'a [u8]>) -> Self {
        Self {
            signature,
            timestamp,
            signature_header: SIGNATURE,
        }
    }

    /// Looks up [`SIGNATURE`] and [`TIMESTAMP`] with `header`, which must ignore the case of names,
    /// as HTTP header maps do.
    ///
    /// With the crate `http`: `SignatureHeaders::from_headers(|name| Some(headers.get(name)?.as_bytes()))`.
    pub fn from_headers(mut header: impl FnMut(&'static str) -> Option<&'a [u8]>) -> Self {
        Self::new(header(SIGNATURE), header(TIMESTAMP))
    }

    /// Looks up the headers of a response, like [`from_headers`](Self::from_headers).
    /// [`D_SIGNATURE`] takes precedence. [`SIGNATURE`] is used only if it is absent, not if it is
    /// empty or invalid.
    pub fn from_response_headers(mut header: impl FnMut(&'static str) -> Option<&'a [u8]>) -> Self {
        Self {
            signature: header(D_SIGNATURE).or_else(|| header(SIGNATURE)),
            timestamp: header(TIMESTAMP),
            signature_header: "D-Signature or SIGNATURE",
        }
    }
}

impl fmt::Debug for SignatureHeaders<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignatureHeaders")
            .field("signature", &self.signature.map(|_| "[REDACTED]"))
            .field("timestamp", &self.timestamp.map(String::from_utf8_lossy))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_looked_up_once_by_name() {
        let mut names = Vec::new();
        let received = SignatureHeaders::from_headers(|name| {
            names.push(name);
            Some(name.as_bytes())
        });
        assert_eq!(received.signature, Some(&b"SIGNATURE"[..]));
        assert_eq!(received.timestamp, Some(&b"TIMESTAMP"[..]));
        assert_eq!(received.signature_header, "SIGNATURE");
        assert_eq!(names, ["SIGNATURE", "TIMESTAMP"]);
    }

    #[test]
    fn invalid_d_signature_does_not_fall_back_to_signature() {
        for bad in [&b""[..], b"bad"] {
            let received = SignatureHeaders::from_response_headers(|name| {
                Some(if name == D_SIGNATURE { bad } else { b"good" })
            });
            assert_eq!(received.signature, Some(bad));
        }
    }

    #[test]
    fn response_accepts_either_signature_header() {
        let cases: &[(&[&str], Option<&[u8]>)] = &[
            (&[D_SIGNATURE, SIGNATURE], Some(b"D-Signature")),
            (&[D_SIGNATURE], Some(b"D-Signature")),
            (&[SIGNATURE], Some(b"SIGNATURE")),
            (&[TIMESTAMP], None),
        ];
        for (present, expected) in cases {
            let header = |name: &'static str| present.contains(&name).then_some(name.as_bytes());
            let received = SignatureHeaders::from_response_headers(header);
            assert_eq!(received.signature, *expected, "{present:?}");
            assert_eq!(received.timestamp.is_some(), present.contains(&TIMESTAMP));
        }
    }

    #[test]
    fn debug_redacts_signature() {
        let cases = [
            (
                SignatureHeaders::new(Some(b"c2ln"), Some(b"17\n\x01")),
                r#"SignatureHeaders { signature: Some("[REDACTED]"), timestamp: Some("17\n\u{1}") }"#,
            ),
            (
                SignatureHeaders::new(None, None),
                "SignatureHeaders { signature: None, timestamp: None }",
            ),
        ];
        for (received, expected) in cases {
            // Control characters are escaped, so a header cannot break a log line.
            assert_eq!(format!("{received:?}"), expected);
        }
    }
}
