//! What a signature is about, and the string to sign.

use std::fmt;

use crate::{QueryForm, Timestamp};

/// The body of a call without one, and of an upload: of a multipart body nothing is signed.
///
/// ```
/// # use stablelink_signature::{NO_BODY, RequestLine, SigningKey, Timestamp};
/// # let key = SigningKey::new(&"unit-test-sign-key-not-real-0001".into())?;
/// let line = RequestLine::new("GET", "/checkout/order/info").query("orderNo=7");
/// let signature = key.sign(line, Timestamp::from_millis(1_779_846_400_123), NO_BODY);
/// # Ok::<(), stablelink_signature::EmptyKeyError>(())
/// ```
pub const NO_BODY: [&[u8]; 0] = [];

/// Method, path and query of a request. Any bytes are taken, and none are checked: what is not as
/// sent is refused by the gateway.
///
/// `Debug` shows method and path; of the query, which may be personal, only its length.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RequestLine<'a> {
    method: &'a [u8],
    path: &'a [u8],
    query: &'a [u8],
    query_form: QueryForm,
}

impl<'a> RequestLine<'a> {
    /// A request without a query.
    ///
    /// `method` is signed in upper case. `path` is signed as it is: what stands in the request on
    /// the wire between host and `?`, with its leading `/` and its escapes.
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

    /// The query as on the wire: escaped, in its order, without the `?` in front.
    #[must_use]
    pub fn query(mut self, query: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        self.query = query.as_ref();
        self
    }

    /// Signs the query in another form than the documented one.
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

/// What a signature is about: it decides what is signed beside timestamp and body.
///
/// The parts are joined with nothing between them, in the order of this table:
///
/// | | method | timestamp | path | query | body |
/// |---|---|---|---|---|---|
/// | [`Request`](Self::Request) | yes | yes | yes | yes | of the request |
/// | [`Webhook`](Self::Webhook) | | yes | | | of the delivery |
/// | [`ResponseTo`](Self::ResponseTo) | yes | yes | yes | yes | of the response |
/// | [`Response`](Self::Response) | | yes | | | of the response |
///
/// A signature says nothing about host, other headers and the place where one part ends and the
/// next begins, and a [`Webhook`](Self::Webhook) and a [`Response`](Self::Response) of the same
/// bytes have the same one: that is the gateway's rule.
///
/// Pages: <https://developer.stablelink.app/6916921m0>,
/// <https://developer.en.wcheckout.app/8061103m0>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageKind<'a> {
    /// A request to the gateway.
    Request(RequestLine<'a>),
    /// A delivery of the gateway to a webhook.
    Webhook,
    /// A response of the gateway, signed together with the request that it answers.
    ///
    /// One published page describes this form, another [`Response`](Self::Response). Which one is
    /// in use, and whether the timestamp is the response's own, is not known.
    ResponseTo(RequestLine<'a>),
    /// A response of the gateway, signed for itself.
    Response,
}

impl<'a> From<RequestLine<'a>> for MessageKind<'a> {
    fn from(line: RequestLine<'a>) -> Self {
        Self::Request(line)
    }
}

impl MessageKind<'_> {
    /// The bytes that are signed, in one piece.
    ///
    /// To look at when a signature does not match; signing and verifying need no such copy. It
    /// holds the whole body: do not log it where the body must not be logged.
    #[must_use]
    pub fn string_to_sign<B: AsRef<[u8]>>(
        &self,
        timestamp: Timestamp,
        body: impl IntoIterator<Item = B>,
    ) -> Vec<u8> {
        let mut whole = Vec::new();
        self.write_head(timestamp, &mut |piece| whole.extend_from_slice(piece));
        for part in body {
            whole.extend_from_slice(part.as_ref());
        }
        whole
    }

    /// Gives what stands before the body to `sink`, piece by piece.
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

    fn text(subject: impl Into<MessageKind<'static>>, body: &[&str]) -> String {
        let bytes = subject
            .into()
            .string_to_sign(Timestamp::from_millis(17), body);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn parts_are_joined_with_nothing_between() {
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
    fn debug_does_not_show_the_query() {
        let line = RequestLine::new("GET", "/user").query("email=someone");
        assert_eq!(
            format!("{:?}", MessageKind::from(line)),
            r#"Request(RequestLine { method: "GET", path: "/user", query: [13 bytes], query_form: Decoded })"#
        );
    }
}
