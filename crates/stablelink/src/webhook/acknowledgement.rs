//! What a receiver answers.

use std::fmt;

/// What a receiver answers, with a status of 2xx, when it took a delivery.
///
/// One page asks for the word `SUCCESS`, another and the vendor's own client for this object: it has both. Any status
/// but 2xx, and no answer within 15 seconds, is a failed delivery, which comes [again](super::REDELIVERIES). Pages:
/// <https://developer.stablelink.app/7865392m0>, <https://developer.en.wcheckout.app/8061103m0>.
///
/// ```
/// use stablelink::webhook::Acknowledgement;
///
/// assert_eq!(Acknowledgement.to_string(), r#"{"retcode":200,"retmsg":"SUCCESS"}"#);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Acknowledgement;

impl Acknowledgement {
    /// The body. Its `retcode` is an integer: that is how the pages about webhooks write it.
    pub const BODY: &'static str = r#"{"retcode":200,"retmsg":"SUCCESS"}"#;
    /// The `Content-Type` of the body.
    pub const CONTENT_TYPE: &'static str = "application/json";
}

impl fmt::Display for Acknowledgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::BODY)
    }
}

#[cfg(test)]
mod tests {
    use stablelink_api::types::WebhookReply;

    use super::*;

    #[test]
    fn it_is_the_reply_of_the_document() {
        let reply: WebhookReply = serde_json::from_str(Acknowledgement::BODY).unwrap();
        assert_eq!(reply.retcode, 200);
        assert_eq!(reply.retmsg.as_deref(), Some("SUCCESS"));
        assert_eq!(
            serde_json::to_string(&reply).unwrap(),
            Acknowledgement::BODY
        );
    }
}
