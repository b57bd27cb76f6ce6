//! A first look at an answer.

use std::sync::LazyLock;

use memchr::memchr;
use memchr::memmem::Finder;

/// How the gateway begins an envelope of success, in either form.
const BEGINNINGS: [&[u8]; 2] = [br#"{"retcode":"200","#, br#"{"retcode":200,"#];

static RETCODE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(br#""retcode""#));
static SUCCESS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(br#""success""#));

/// Whether a body is an envelope of success, **provided that it is JSON**, which is not looked at: to read the envelope first
/// and the record after it costs a call by a thirtieth more. Whoever reads the record finds out.
///
/// False of what is not plain; then the envelope is read.
pub(super) fn is_plain_success(body: &[u8]) -> bool {
    let rest = BEGINNINGS
        .iter()
        .find_map(|start| body.strip_prefix(*start));
    let Some(rest) = rest else { return false };
    // Without an escape each quote begins or ends a text, and no name is written in another way.
    if memchr(b'\\', rest).is_some() || RETCODE.find(rest).is_some() {
        return false;
    }
    // As a name, wherever it stands, it says yes; as a value it says nothing.
    SUCCESS.find_iter(rest).all(|at| {
        let behind = &rest[at + SUCCESS.needle().len()..];
        behind.starts_with(b":true") || matches!(behind.first(), Some(b',' | b'}' | b']'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_plain_needs_no_second_look() {
        for (body, plain) in [
            (r#"{"retcode":"200","retdata":{},"success":true}"#, true),
            (
                r#"{"retcode":200,"retmsg":"success","retdata":{"a":["success"]}}"#,
                true,
            ),
            (r#"{"retcode":"200","retmsg":"success"}"#, true),
            // Not JSON, which is seen by whoever reads the record.
            (r#"{"retcode":"200","#, true),
            (r#"{"retcode":"200"}"#, false),
            (r#" {"retcode":"200","retdata":{}}"#, false),
            (r#"{"retcode": "200","retdata":{}}"#, false),
            (r#"{"retcode":"2000","retdata":{}}"#, false),
            (r#"{"retcode":200.0,"retdata":{}}"#, false),
            (r#"{"retcode":"00008","retdata":{}}"#, false),
            (r#"{"retdata":{},"retcode":"200"}"#, false),
            (r#"{"retcode":"200","retcode":"00008"}"#, false),
            (r#"{"retcode":"200","ret\u0063ode":"00008"}"#, false),
            (r#"{"retcode":"200","success":false}"#, false),
            (r#"{"retcode":"200","success" :true}"#, false),
            (r#"{"retcode":"200","success":null}"#, false),
            (r#"{"retcode":"200","retdata":{"success":false}}"#, false),
            (r#"{"retcode":"200","retmsg":"\"success\":false"}"#, false),
            (r#"{"retcode":"200","x":"success"#, true),
            (r#"{"retcode":"200","x":"success""#, false),
            ("", false),
        ] {
            assert_eq!(is_plain_success(body.as_bytes()), plain, "{body}");
        }
    }
}
