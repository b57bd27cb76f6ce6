//! The kinds of signed messages, and the string to sign of each.

use std::fmt;

use crate::{QueryForm, Timestamp};

/// An absent body. Also used for uploads: a multipart body is not signed.
///
/// ```
/// # use stablelink_signature::{NO_BODY, RequestLine, SigningKey, Timestamp};
/// # let key = SigningKey::new(&"unit-test-sign-key-not-real-0001".into())?;
/// let line = RequestLine::new("GET", "/checkout/order/info").query("orderNo=7");
/// let signature = key.sign(line, Timestamp::from_millis(1_779_846_400_123), NO_BODY);
/// # Ok::<(), stablelink_signature::EmptyKeyError>(())
/// ```
pub const NO_BODY: [&[u8]; 0] = [];

/// The method, the path and the query of a request. The bytes are not validated: if they differ
/// from the request that is sent, the gateway rejects the signature.
///
/// `Debug` shows the method, the path and the length of the query. The query itself may hold
/// personal data and is omitted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RequestLine<'a> {
    method: &'a [u8],
    path: &'a [u8],
    query: &'a [u8],
    query_form: QueryForm,
}

impl<'a> RequestLine<'a> {
    /// Creates a request line without a query.
    ///
    /// `method` is signed in upper case. `path` is signed unchanged: the part of the URL between host
    /// and `?` as it is sent, with its leading `/` and its escapes.
    #[must_use]
    pub fn new<M, P>(method: &'a M, path: &'a P) -> Self
    where
        M: AsRef<[u8]> + ?Sized,
        P: AsRef<[u8]> + ?Sized,
    {
        Self {
            method: method.as_ref(),
            path: path.as_ref(),
            query: b"",
            query_form: QueryForm::default(),
        }
    }

    /// Sets the query as it is sent: escaped, in the same order, without the `?`.
    #[must_use]
    pub fn query(mut self, query: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        self.query = query.as_ref();
        self
    }

    /// Sets the form in which the query is signed. Default: [`QueryForm::Decoded`].
    #[must_use]
    pub const fn query_form(mut self, form: QueryForm) -> Self {
        self.query_form = form;
        self
    }

    fn write_method(&self, sink: &mut impl FnMut(&[u8])) {
        if self.method.iter().any(u8::is_ascii_lowercase) {
            for byte in self.method {
                sink(&[byte.to_ascii_uppercase()]);
            }
        } else {
            sink(self.method);
        }
    }
}

impl fmt::Debug for RequestLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestLine")
            .field("method", &String::from_utf8_lossy(self.method))
            .field("path", &String::from_utf8_lossy(self.path))
            .field("query", &format_args!("[{} bytes]", self.query.len()))
            .field("query_form", &self.query_form)
            .finish()
    }
}

/// The kind of message that is signed. It decides which parts are in the string to sign.
///
/// The parts are joined without separators, in the order of this table:
///
/// | | method | timestamp | path | query | body |
/// |---|---|---|---|---|---|
/// | [`Request`](Self::Request) | yes | yes | yes | yes | request body |
/// | [`Webhook`](Self::Webhook) | | yes | | | delivery body |
/// | [`ResponseTo`](Self::ResponseTo) | yes | yes | yes | yes | response body |
/// | [`Response`](Self::Response) | | yes | | | response body |
///
/// By the gateway's rule, a signature does not cover the host, other headers, or the boundaries
/// between parts. A [`Webhook`](Self::Webhook) and a [`Response`](Self::Response) with the same
/// timestamp and body have the same signature.
///
/// Pages: <https://developer.stablelink.app/6916921m0>,
/// <https://developer.en.wcheckout.app/8061103m0>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageKind<'a> {
    /// A request to the gateway.
    Request(RequestLine<'a>),
    /// A webhook delivery from the gateway.
    Webhook,
    /// A response of the gateway, signed together with the line of its request.
    ///
    /// One published page describes this form, another page [`Response`](Self::Response). It is
    /// unknown which one is in use, and whether the timestamp is the response's or the request's.
    ResponseTo(RequestLine<'a>),
    /// A response of the gateway, signed without its request.
    Response,
}

impl<'a> From<RequestLine<'a>> for MessageKind<'a> {
    fn from(line: RequestLine<'a>) -> Self {
        Self::Request(line)
    }
}

impl MessageKind<'_> {
    /// Returns the bytes that are signed.
    ///
    /// Use it to find out why a signature does not match; signing and verifying make no such copy.
    /// It contains the whole body: do not log it where the body must not be logged.
    #[must_use]
    pub fn string_to_sign<B: AsRef<[u8]>>(
        &self,
        timestamp: Timestamp,
        body: impl IntoIterator<Item = B>,
    ) -> Vec<u8> {
        let mut string = Vec::new();
        self.write_head(timestamp, &mut |piece| string.extend_from_slice(piece));
        for part in body {
            string.extend_from_slice(part.as_ref());
        }
        string
    }

    /// Passes everything before the body to `sink`, piece by piece.
    pub(crate) fn write_head(&self, timestamp: Timestamp, sink: &mut impl FnMut(&[u8])) {
        match self {
            Self::Request(line) | Self::ResponseTo(line) => {
                line.write_method(sink);
                timestamp.write(sink);
                sink(line.path);
                line.query_form.write(line.query, sink);
            }
            Self::Webhook | Self::Response => timestamp.write(sink),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(message: impl Into<MessageKind<'static>>, body: &[&str]) -> String {
        let bytes = message
            .into()
            .string_to_sign(Timestamp::from_millis(17), body);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn string_to_sign_joins_parts_without_separators() {
        let line = RequestLine::new("post", "/a%20b").query("x=%C3%A9&y=1");
        assert_eq!(
            text(line, &["{\"a\"", ":1}"]),
            "POST17/a%20bx=é&y=1{\"a\":1}"
        );
        assert_eq!(
            text(line.query_form(QueryForm::DecodedWithMark), &[]),
            "POST17/a%20b?x=é&y=1"
        );
        assert_eq!(
            text(MessageKind::ResponseTo(line.query("")), &["ok"]),
            "POST17/a%20bok"
        );
        assert_eq!(text(MessageKind::Webhook, &["ok"]), "17ok");
        assert_eq!(text(MessageKind::Response, &["ok"]), "17ok");
    }

    #[test]
    fn debug_redacts_query() {
        let line = RequestLine::new("GET", "/user").query("email=someone");
        assert_eq!(
            format!("{:?}", MessageKind::from(line)),
            r#"Request(RequestLine { method: "GET", path: "/user", query: [13 bytes], query_form: Decoded })"#
        );
    }
}
