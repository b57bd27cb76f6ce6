//! Headers: their names, and what came in them.

use std::fmt;

/// Header of the signature, of requests, webhooks and some responses.
pub const SIGNATURE: &str = "SIGNATURE";
/// Header of the time of signing, in milliseconds since the epoch.
pub const TIMESTAMP: &str = "TIMESTAMP";
/// Header of a response's signature, according to one of two pages (the other: [`SIGNATURE`]).
pub const D_SIGNATURE: &str = "D-Signature";

/// The two headers that came with a signed message, present or not.
///
/// Values are taken as they came: whoever reads HTTP has taken off the blanks around them, and
/// nothing is trimmed here. A signed message has each header once. Of one that came twice any may
/// be given: whichever it is, the signature must match with that timestamp. Two that were joined
/// with a comma are refused.
///
/// `Debug` shows the timestamp, of the signature only whether it is there.
#[derive(Clone, Copy)]
pub struct SignatureHeaders<'a> {
    pub(crate) signature: Option<&'a [u8]>,
    pub(crate) timestamp: Option<&'a [u8]>,
    /// For messages: where the signature was looked for.
    pub(crate) signature_header: &'static str,
}

impl<'a> SignatureHeaders<'a> {
    /// The values of the two headers: Base64 of 88 characters, and milliseconds since the epoch in
    /// decimal digits. What they hold is checked by [`Verifier::verify`](crate::Verifier::verify).
    #[must_use]
    pub const fn new(signature: Option<&'a [u8]>, timestamp: Option<&'a [u8]>) -> Self {
        Self {
            signature,
            timestamp,
            signature_header: SIGNATURE,
        }
    }

    /// Asks `header` for [`SIGNATURE`] and [`TIMESTAMP`]. It must not tell upper from lower case,
    /// as maps of HTTP headers don't.
    ///
    /// With the crate `http`: `SignatureHeaders::from_headers(|name| Some(headers.get(name)?.as_bytes()))`.
    pub fn from_headers(mut header: impl FnMut(&'static str) -> Option<&'a [u8]>) -> Self {
        Self::new(header(SIGNATURE), header(TIMESTAMP))
    }

    /// As [`from_headers`](Self::from_headers), for a response: [`D_SIGNATURE`] goes before
    /// [`SIGNATURE`], which is not looked at where the first came, be it empty or wrong.
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
    fn each_header_is_asked_for_once_by_its_name() {
        let mut asked = Vec::new();
        let received = SignatureHeaders::from_headers(|name| {
            asked.push(name);
            Some(name.as_bytes())
        });
        assert_eq!(received.signature, Some(&b"SIGNATURE"[..]));
        assert_eq!(received.timestamp, Some(&b"TIMESTAMP"[..]));
        assert_eq!(received.signature_header, "SIGNATURE");
        assert_eq!(asked, ["SIGNATURE", "TIMESTAMP"]);
    }

    /// A first header that is empty or wrong is no reason to look for a better one.
    #[test]
    fn the_second_header_does_not_stand_in_for_a_bad_first() {
        for bad in [&b""[..], b"bad"] {
            let received = SignatureHeaders::from_response_headers(|name| {
                Some(if name == D_SIGNATURE { bad } else { b"good" })
            });
            assert_eq!(received.signature, Some(bad));
        }
    }

    #[test]
    fn a_response_may_have_either_header() {
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
    fn debug_does_not_show_the_signature() {
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
            // What a header holds can't end a line of a log.
            assert_eq!(format!("{received:?}"), expected);
        }
    }
}
