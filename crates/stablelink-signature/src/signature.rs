//! Signatures: created ones, and received ones.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::Mac;

use crate::signing_key::HmacSha512;

/// Length of an HMAC-SHA512.
const BYTES: usize = 64;
/// Length of its Base64 text.
const CHARACTERS: usize = 88;

/// A signature created by this crate.
///
/// The type does not implement `==`: the duration of a comparison would reveal how many bytes of a
/// forged signature are correct. A [`Verifier`](crate::Verifier) checks received signatures.
/// `Debug` redacts it.
///
/// ```compile_fail,E0369
/// fn equal(one: stablelink_signature::Signature, other: stablelink_signature::Signature) -> bool {
///     one == other
/// }
/// ```
#[derive(Clone)]
pub struct Signature([u8; BYTES]);

impl Signature {
    pub(crate) fn new(bytes: [u8; BYTES]) -> Self {
        Self(bytes)
    }

    /// Returns the header value: 88 characters of padded Base64.
    #[must_use]
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// Returns the 64 bytes of the HMAC.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; BYTES] {
        &self.0
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature([REDACTED])")
    }
}

/// A received signature that is not verified yet. The type does not implement `==`:
/// [`matches`](Self::matches) is the only comparison.
#[derive(Clone, Copy)]
pub(crate) struct ReceivedSignature([u8; BYTES]);

impl ReceivedSignature {
    /// Returns whether the signature is the result of `mac`. Runs in constant time.
    pub(crate) fn matches(&self, mac: HmacSha512) -> bool {
        mac.verify_slice(&self.0).is_ok()
    }
}

/// The reason why a header value is not a well-formed signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The length is not that of a Base64-encoded HMAC-SHA512.
    #[error(
        "expected {CHARACTERS} characters (Base64 of an HMAC-SHA512), found {characters}{}",
        likely_cause(*characters)
    )]
    Length {
        /// Length in characters, or in bytes if it is not ASCII.
        characters: usize,
    },
    /// The length is right, but the value is not padded Base64 (standard alphabet) of 64 bytes.
    #[error("expected Base64 of {BYTES} bytes (standard alphabet with + and /, padded with ==)")]
    NotBase64,
}

/// Returns the likely mistake behind a wrong length.
fn likely_cause(characters: usize) -> &'static str {
    match characters {
        128 => " (is it hexadecimal?)",
        86 => " (is the padding missing?)",
        44 => " (was SHA-256 used?)",
        64 => " (was SHA-256 in hexadecimal or SHA-384 used?)",
        89 | 90 | 177 | 178 => " (does it contain whitespace, or was the header sent twice?)",
        _ => "",
    }
}

/// Parses a header value. Accepts only the exact text that [`Signature::to_base64`] returns.
pub(crate) fn parse(text: &[u8]) -> Result<ReceivedSignature, SignatureError> {
    if text.len() != CHARACTERS {
        return Err(SignatureError::Length {
            characters: text.len(),
        });
    }
    // Larger than 64 bytes: if the last two characters are not padding, the text decodes to more.
    let mut bytes = [0; CHARACTERS];
    match STANDARD.decode_slice(text, &mut bytes) {
        Ok(BYTES) => {
            let mut signature = [0; BYTES];
            signature.copy_from_slice(&bytes[..BYTES]);
            Ok(ReceivedSignature(signature))
        }
        _ => Err(SignatureError::NotBase64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_accepts_only_canonical_base64() {
        use SignatureError::*;
        let read = |text: &[u8]| parse(text).map(|received| received.0);
        let good = Signature::new([0xfb; BYTES]).to_base64();
        assert_eq!(read(good.as_bytes()), Ok([0xfb; BYTES]));
        let cut = &good[..CHARACTERS - 2];
        let cases = [
            (String::new(), Length { characters: 0 }),
            (cut.to_owned(), Length { characters: 86 }),
            (format!("{good}\n"), Length { characters: 89 }),
            (format!(" {good}"), Length { characters: 89 }),
            (format!("{good}, {good}"), Length { characters: 178 }),
            // The right number of characters, but more bytes.
            (format!("é{}", &good[1..]), Length { characters: 89 }),
            (format!("é{}", &good[2..]), NotBase64),
            ("a".repeat(128), Length { characters: 128 }),
            (
                "a".repeat(1 << 20),
                Length {
                    characters: 1 << 20,
                },
            ),
            (format!("{cut}AA"), NotBase64),
            (format!("{cut}A="), NotBase64),
            (good.replace('+', "-"), NotBase64),
            (good.replace("==", "%3"), NotBase64),
            (format!("==={}", &good[..CHARACTERS - 3]), NotBase64),
            (format!("{}\n{}", &good[..40], &good[41..]), NotBase64),
            (format!("{}\0{}", &good[..40], &good[41..]), NotBase64),
            (format!(" {}", &good[1..]), NotBase64),
            (good.replace("==", "=!"), NotBase64),
            // Non-zero bits after the last byte.
            (good.replace("w==", "x=="), NotBase64),
        ];
        for (text, expected) in cases {
            assert_ne!(text, good);
            assert_eq!(read(text.as_bytes()), Err(expected), "{text:.100}");
        }
        assert_eq!(read(&[0xff; CHARACTERS]), Err(NotBase64));
    }

    #[test]
    fn as_bytes_equals_decoded_base64() {
        let bytes = std::array::from_fn(|at| at as u8);
        let signature = Signature::new(bytes);
        assert_eq!(signature.as_bytes(), &bytes);
        assert_eq!(STANDARD.decode(signature.to_base64()).unwrap(), bytes);
    }

    #[test]
    fn length_error_names_likely_cause() {
        let start = "expected 88 characters (Base64 of an HMAC-SHA512), found";
        let cases = [
            (0, ""),
            (44, " (was SHA-256 used?)"),
            (64, " (was SHA-256 in hexadecimal or SHA-384 used?)"),
            (86, " (is the padding missing?)"),
            (87, ""),
            (
                89,
                " (does it contain whitespace, or was the header sent twice?)",
            ),
            (
                178,
                " (does it contain whitespace, or was the header sent twice?)",
            ),
            (128, " (is it hexadecimal?)"),
        ];
        for (characters, cause) in cases {
            assert_eq!(
                SignatureError::Length { characters }.to_string(),
                format!("{start} {characters}{cause}")
            );
        }
    }

    #[test]
    fn debug_redacts_signature() {
        let shown = format!("{:?}", Signature::new([1; BYTES]));
        assert_eq!(shown, "Signature([REDACTED])");
    }
}
