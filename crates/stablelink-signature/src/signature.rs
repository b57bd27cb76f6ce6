//! The value of the `SIGNATURE` header.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::Mac;

use crate::signing_key::HmacSha512;

/// Bytes of an HMAC-SHA512.
const BYTES: usize = 64;
/// Characters of its Base64.
const CHARACTERS: usize = 88;

/// A signature that was made here.
///
/// There is no `==`: it would tell by its duration how much of a forged signature is right.
/// SignatureHeaders signatures are checked by a [`Verifier`](crate::Verifier). `Debug` does not show it.
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

    /// The text of the header: 88 characters of Base64, padded.
    #[must_use]
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// The HMAC itself, 64 bytes, before any Base64.
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

/// A signature that was received. It has no `==` either: [`is_of`](Self::is_of) is the one
/// comparison there is.
#[derive(Clone, Copy)]
pub(crate) struct Claimed([u8; BYTES]);

impl Claimed {
    /// Whether `mac` gives this signature. Takes the same time wherever the bytes differ.
    pub(crate) fn is_of(&self, mac: HmacSha512) -> bool {
        mac.verify_slice(&self.0).is_ok()
    }
}

/// Why a text can't be a signature of anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// Another length than that of an HMAC-SHA512 in Base64.
    #[error(
        "it is {characters} characters long, and the Base64 of an HMAC-SHA512 is {CHARACTERS}{}",
        suspicion(*characters)
    )]
    Length {
        /// Characters, or bytes where it is not ASCII.
        characters: usize,
    },
    /// The length is right, but it is not the Base64 (standard alphabet, padded) of 64 bytes.
    #[error(
        "it is not the Base64 of {BYTES} bytes (standard alphabet with + and /, padded with ==)"
    )]
    NotBase64,
}

/// What the length makes one think of.
fn suspicion(characters: usize) -> &'static str {
    match characters {
        128 => ": was it written in hexadecimal?",
        86 => ": was the padding left out?",
        44 => ": was it made with SHA-256?",
        64 => ": was it made with SHA-256 (hexadecimal) or SHA-384?",
        89 | 90 | 177 | 178 => ": is there a blank or a line break, or did the header come twice?",
        _ => "",
    }
}

/// Reads the value of a header. Only the one text that [`Signature::to_base64`] writes is read.
pub(crate) fn parse(text: &[u8]) -> Result<Claimed, SignatureError> {
    if text.len() != CHARACTERS {
        return Err(SignatureError::Length {
            characters: text.len(),
        });
    }
    // Room for whatever that many characters say: the last two may be no padding.
    let mut bytes = [0; CHARACTERS];
    match STANDARD.decode_slice(text, &mut bytes) {
        Ok(BYTES) => {
            let mut read = [0; BYTES];
            read.copy_from_slice(&bytes[..BYTES]);
            Ok(Claimed(read))
        }
        _ => Err(SignatureError::NotBase64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_text_that_we_write_is_read() {
        use SignatureError::*;
        let read = |text: &[u8]| parse(text).map(|claimed| claimed.0);
        let good = Signature::new([0xfb; BYTES]).to_base64();
        assert_eq!(read(good.as_bytes()), Ok([0xfb; BYTES]));
        let cut = &good[..CHARACTERS - 2];
        let cases = [
            (String::new(), Length { characters: 0 }),
            (cut.to_owned(), Length { characters: 86 }),
            (format!("{good}\n"), Length { characters: 89 }),
            (format!(" {good}"), Length { characters: 89 }),
            (format!("{good}, {good}"), Length { characters: 178 }),
            // As many characters as it takes, more bytes.
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
            // Bits behind the last byte.
            (good.replace("w==", "x=="), NotBase64),
        ];
        for (text, expected) in cases {
            assert_ne!(text, good);
            assert_eq!(read(text.as_bytes()), Err(expected), "{text:.100}");
        }
        assert_eq!(read(&[0xff; CHARACTERS]), Err(NotBase64));
    }

    #[test]
    fn the_bytes_are_those_of_the_text() {
        let bytes = std::array::from_fn(|at| at as u8);
        let signature = Signature::new(bytes);
        assert_eq!(signature.as_bytes(), &bytes);
        assert_eq!(STANDARD.decode(signature.to_base64()).unwrap(), bytes);
    }

    #[test]
    fn the_message_says_what_the_length_looks_like() {
        let start = "characters long, and the Base64 of an HMAC-SHA512 is 88";
        let cases = [
            (0, ""),
            (44, ": was it made with SHA-256?"),
            (64, ": was it made with SHA-256 (hexadecimal) or SHA-384?"),
            (86, ": was the padding left out?"),
            (87, ""),
            (
                89,
                ": is there a blank or a line break, or did the header come twice?",
            ),
            (
                178,
                ": is there a blank or a line break, or did the header come twice?",
            ),
            (128, ": was it written in hexadecimal?"),
        ];
        for (characters, suspicion) in cases {
            assert_eq!(
                SignatureError::Length { characters }.to_string(),
                format!("it is {characters} {start}{suspicion}")
            );
        }
    }

    #[test]
    fn debug_does_not_show_it() {
        let shown = format!("{:?}", Signature::new([1; BYTES]));
        assert_eq!(shown, "Signature([REDACTED])");
    }
}
