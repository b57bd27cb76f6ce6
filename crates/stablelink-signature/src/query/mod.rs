//! The query in the form in which it is signed.

mod escapes;
mod sorted;

use std::borrow::Cow;

/// How the query stands in the string to sign.
///
/// The vendor's page says "un-encoded, without `?`"; the vendor's own client signs it encoded and
/// sorted; one example keeps the `?`. Nobody has shown a signed query with a character that needs
/// escaping, so what the gateway does with one is not known: [`Decoded`](Self::Decoded), the
/// documented form, is the default, and the others can be chosen. But for the `?` they agree on a
/// query of one `key=value` of letters, digits, `-`, `.`, `_` and `~`.
///
/// Every form takes any bytes. An escape is `%` and two hexadecimal digits, of either case. A `%`
/// without them is no error but stands for itself (`100%` is `100%`, `%zz` is `%zz`). The bytes of
/// escapes go into the MAC as they are and need not be UTF-8. An empty query adds nothing, not
/// even a `?`.
///
/// Page: <https://developer.stablelink.app/6916921m0>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum QueryForm {
    /// Documented: each escape replaced by its byte, in the order of the wire, without `?`.
    ///
    /// `+` stays `+`: it is an escape of HTML forms, not of URLs. Send blanks as `%20` and plus
    /// signs as `%2B`, and it does not matter how the gateway reads a `+`.
    #[default]
    Decoded,
    /// [`Decoded`](Self::Decoded) with a `?` in front, as one published example has it.
    DecodedWithMark,
    /// What the vendor's Go client signs: pairs sorted by key, escaped anew, without `?`.
    ///
    /// Encoded and sorted is all that is recorded of it. The rest is inferred: it is what
    /// `url.Values.Encode` of Go's standard library makes of such pairs. (Go *reads* no pair that
    /// has a bare `;` or a broken escape; here they count as they stand.)
    ///
    /// Pairs are parted by `&`, empty ones dropped; a key without `=` gets one. Keys are compared
    /// decoded, byte by byte; pairs of the same key keep their order. Letters, digits, `-`, `.`,
    /// `_` and `~` stay, a blank (`%20`, and here `+` too) becomes `+`, every other byte `%` and
    /// two hexadecimal digits in upper case, a `%` without digits therefore `%25`.
    ///
    /// Sorting takes memory for a list of the pairs; the other forms take none.
    ///
    /// Best sent in this form too: [`canonical`](Self::canonical) makes it.
    EncodedSorted,
}

impl QueryForm {
    /// Every form, the default one first.
    pub const ALL: [Self; 3] = [Self::Decoded, Self::DecodedWithMark, Self::EncodedSorted];

    /// The name in test vectors and settings: `decoded`, `decoded-with-mark`, `encoded-sorted`. It
    /// is also what `Display` writes and `FromStr` reads, upper and lower case told apart.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Decoded => "decoded",
            Self::DecodedWithMark => "decoded-with-mark",
            Self::EncodedSorted => "encoded-sorted",
        }
    }

    /// The bytes that are signed for `query`, which is as on the wire, without the `?`.
    ///
    /// For logs of a test and for sending the query in the form that is signed
    /// ([`EncodedSorted`](Self::EncodedSorted) is a valid query again); signing needs no copy.
    #[must_use]
    pub fn canonical(self, query: &[u8]) -> Cow<'_, [u8]> {
        if self == Self::Decoded && !query.contains(&b'%') {
            return Cow::Borrowed(query);
        }
        let mut whole = Vec::with_capacity(query.len() + 1);
        self.write(query, &mut |piece| whole.extend_from_slice(piece));
        Cow::Owned(whole)
    }

    /// Gives the bytes that are signed for `query` to `sink`, piece by piece.
    pub(crate) fn write(self, query: &[u8], sink: &mut impl FnMut(&[u8])) {
        if query.is_empty() {
            return;
        }
        match self {
            Self::Decoded => escapes::decode(query, sink),
            Self::DecodedWithMark => {
                sink(b"?");
                escapes::decode(query, sink);
            }
            Self::EncodedSorted => sorted::write(query, sink),
        }
    }
}

/// The [`name`](Self::name).
impl std::fmt::Display for QueryForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// There is no form of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a query form: decoded, decoded-with-mark or encoded-sorted is needed")]
pub struct UnknownQueryFormError;

/// Reads a [`name`](Self::name).
impl std::str::FromStr for QueryForm {
    type Err = UnknownQueryFormError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|form| form.name() == name)
            .ok_or(UnknownQueryFormError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_forms() {
        // (on the wire, decoded, encoded and sorted)
        let cases: &[(&str, &[u8], &str)] = &[
            ("", b"", ""),
            ("test=234", b"test=234", "test=234"),
            ("b=2&a=1", b"b=2&a=1", "a=1&b=2"),
            ("a=2&b=3&a=1", b"a=2&b=3&a=1", "a=2&a=1&b=3"),
            ("n=John%20Doe", b"n=John Doe", "n=John+Doe"),
            ("n=John+Doe", b"n=John+Doe", "n=John+Doe"),
            ("n=1%2B1", b"n=1+1", "n=1%2B1"),
            ("u=%3a%3A", b"u=::", "u=%3A%3A"),
            ("p=%253D", b"p=%3D", "p=%253D"),
            ("e=%26%3D%3F", b"e=&=?", "e=%26%3D%3F"),
            ("c=%C3%A9", "c=é".as_bytes(), "c=%C3%A9"),
            ("c=é", "c=é".as_bytes(), "c=%C3%A9"),
            ("b=%FF%00", b"b=\xff\0", "b=%FF%00"),
            ("x=100%", b"x=100%", "x=100%25"),
            ("x=%4", b"x=%4", "x=%254"),
            ("x=%zz", b"x=%zz", "x=%25zz"),
            ("x=%%41", b"x=%A", "x=%25A"),
            ("x=%4%41", b"x=%4A", "x=%254A"),
            ("flag", b"flag", "flag="),
            ("=v", b"=v", "=v"),
            ("a=b=c", b"a=b=c", "a=b%3Dc"),
            ("&&a=1&&", b"&&a=1&&", "a=1"),
            ("&", b"&", ""),
            ("a%3D=1", b"a==1", "a%3D=1"),
            ("%62=2&a=1", b"b=2&a=1", "a=1&b=2"),
            ("ab=1&a=2", b"ab=1&a=2", "a=2&ab=1"),
            ("?a=1", b"?a=1", "%3Fa=1"),
            ("a=1;b=2", b"a=1;b=2", "a=1%3Bb%3D2"),
            ("Az09-._~=*'()", b"Az09-._~=*'()", "Az09-._~=%2A%27%28%29"),
        ];
        for (wire, decoded, sorted) in cases {
            let form = |form: QueryForm| form.canonical(wire.as_bytes()).into_owned();
            assert_eq!(form(QueryForm::Decoded), *decoded, "{wire}");
            assert_eq!(form(QueryForm::EncodedSorted), sorted.as_bytes(), "{wire}");
            let marked = if wire.is_empty() { b"" } else { &b"?"[..] };
            assert_eq!(
                form(QueryForm::DecodedWithMark),
                [marked, decoded].concat(),
                "{wire}"
            );
        }
    }

    #[test]
    fn names_are_read_back() {
        for form in QueryForm::ALL {
            assert_eq!(form.to_string().parse(), Ok(form));
        }
        assert_eq!("Decoded".parse::<QueryForm>(), Err(UnknownQueryFormError));
        assert_eq!(QueryForm::default(), QueryForm::ALL[0]);
    }
}
