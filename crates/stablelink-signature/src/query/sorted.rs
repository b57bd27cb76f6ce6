//! Pairs sorted by key and escaped anew.

use super::escapes::{encode, form_bytes};

/// Gives the pairs of `query`, sorted and escaped.
pub(super) fn write(query: &[u8], sink: &mut impl FnMut(&[u8])) {
    let mut pairs: Vec<(&[u8], &[u8])> = query
        .split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty())
        .map(split)
        .collect();
    // Stable: pairs of one key keep the order of the wire. By bytes, not by text: a key may be
    // escaped, or be no UTF-8.
    pairs.sort_by(|(one, _), (other, _)| form_bytes(one).cmp(form_bytes(other)));
    for (at, (key, value)) in pairs.into_iter().enumerate() {
        if at > 0 {
            sink(b"&");
        }
        form_bytes(key).for_each(|byte| encode(byte, sink));
        sink(b"=");
        form_bytes(value).for_each(|byte| encode(byte, sink));
    }
}

fn split(pair: &[u8]) -> (&[u8], &[u8]) {
    match pair.iter().position(|byte| *byte == b'=') {
        Some(at) => (&pair[..at], &pair[at + 1..]),
        None => (pair, b""),
    }
}
