//! Percent escapes, both ways.

/// Gives `bytes` with each escape replaced by its byte: runs without one as they stand.
pub(super) fn decode(bytes: &[u8], sink: &mut impl FnMut(&[u8])) {
    let (mut run, mut at) = (0, 0);
    while at < bytes.len() {
        match escape(&bytes[at..]) {
            Some(byte) => {
                // May be empty, which adds nothing.
                sink(&bytes[run..at]);
                sink(&[byte]);
                at += 3;
                run = at;
            }
            None => at += 1,
        }
    }
    sink(&bytes[run..]);
}

/// The bytes that `bytes` stands for where `+` is a blank, as in HTML forms.
pub(super) fn form_bytes(mut bytes: &[u8]) -> impl Iterator<Item = u8> {
    std::iter::from_fn(move || {
        let (&first, rest) = bytes.split_first()?;
        let byte = match escape(bytes) {
            Some(byte) => {
                bytes = &bytes[3..];
                return Some(byte);
            }
            None if first == b'+' => b' ',
            None => first,
        };
        bytes = rest;
        Some(byte)
    })
}

/// Gives one byte as HTML forms escape it.
pub(super) fn encode(byte: u8, sink: &mut impl FnMut(&[u8])) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => sink(&[byte]),
        b' ' => sink(b"+"),
        _ => sink(&[
            b'%',
            HEX[usize::from(byte >> 4)],
            HEX[usize::from(byte & 15)],
        ]),
    }
}

/// The byte of the escape that `bytes` begins with, if any.
fn escape(bytes: &[u8]) -> Option<u8> {
    match bytes {
        [b'%', high, low, ..] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    }
}

/// The value of a hexadecimal digit.
fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}
