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
/// False of what is not plain; then the envelope is read. Of JSON without doubled members true here is a success there: a
/// property test below holds the two together.
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
    use std::cell::Cell;
    use std::fmt;
    use std::time::SystemTime;

    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};
    use proptest::prelude::*;
    use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

    use super::*;
    use crate::call::{Verdict, judge};
    use crate::raw_response::RawResponse;

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

    /// The members of an envelope as they stand, doubled ones too.
    #[derive(Debug)]
    struct Members(Vec<(String, serde_json::Value)>);

    impl<'de> Deserialize<'de> for Members {
        fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
            struct All;
            impl<'de> Visitor<'de> for All {
                type Value = Members;

                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("an object")
                }

                fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                    let mut all = Vec::new();
                    while let Some(member) = map.next_entry()? {
                        all.push(member);
                    }
                    Ok(Members(all))
                }
            }
            json.deserialize_map(All)
        }
    }

    /// Names and values that a first look could take for others.
    fn member() -> impl Strategy<Value = String> {
        let name = prop::sample::select(vec![
            "retmsg",
            "retdata",
            "success",
            "retcode",
            "x",
            "ret\\u0063ode",
            "succ\\u0065ss",
            "Success",
            " success",
            "",
            "success:true",
        ]);
        let value = prop::sample::select(vec![
            "true",
            "false",
            "null",
            "0",
            "200",
            "13",
            r#""200""#,
            r#""00008""#,
            r#""success""#,
            r#""retcode""#,
            r#"":true""#,
            r#""false""#,
            r#"" success""#,
            r#""x\",\"success\":false""#,
            r#"["success"]"#,
            r#"["success","success"]"#,
            r#"{"success":true}"#,
            r#"{"success":false}"#,
            r#"{"retcode":"00008"}"#,
            r#"{"a":{"b":["success",{"success":true}]}}"#,
            r#"{"success" : true}"#,
            "{}",
            "[]",
            r#""é""#,
        ]);
        let blank = prop::sample::select(vec!["", "", "", " ", "\n"]);
        (name, blank.clone(), value, blank)
            .prop_map(|(name, before, value, after)| format!(r#""{name}"{before}:{after}{value}"#))
    }

    fn envelope() -> impl Strategy<Value = String> {
        let first = prop::sample::select(vec![
            r#"{"retcode":"200","#,
            r#"{"retcode":200,"#,
            r#"{"retcode":"200" ,"#,
            r#"{"retcode":"2000","#,
            "{",
        ]);
        (first, prop::collection::vec(member(), 1..5))
            .prop_map(|(first, members)| format!("{first}{}}}", members.join(",")))
    }

    /// Nothing that a thorough reader takes for another thing is a plain success.
    #[test]
    fn a_plain_success_is_one_to_the_full_reader() {
        let config = ProptestConfig {
            cases: 20_000,
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let plain = Cell::new(0);
        proptest!(config, |(body in envelope())| {
            if !is_plain_success(body.as_bytes()) {
                return Ok(());
            }
            plain.set(plain.get() + 1);
            let Members(members) = serde_json::from_str(&body).unwrap();
            let of = |wanted: &str| {
                let of_name = members.iter().filter(|(name, _)| name == wanted);
                of_name.map(|(_, value)| value.clone()).collect::<Vec<_>>()
            };
            let [retcode] = &of("retcode")[..] else { panic!("{body}") };
            prop_assert!(*retcode == 200 || *retcode == "200", "{}", body);
            prop_assert!(of("success").iter().all(|value| *value == true), "{}", body);
            if of("success").len() > 1 || of("retmsg").len() > 1 {
                // Not to be read by who is strict; but nothing of it says no.
                return Ok(());
            }
            let reply = RawResponse::new(StatusCode::OK, HeaderMap::new(), Bytes::from(body.clone()));
            let (reply, verdict) = judge(reply, SystemTime::UNIX_EPOCH);
            prop_assert!(matches!(verdict, Verdict::Success), "{}: {:?}", body, verdict);
            prop_assert_eq!(reply.retcode(), Some("200"));
        });
        assert!(plain.get() > 500, "only {} were plain", plain.get());
    }

    proptest! {
        /// Any bytes after the beginning, JSON or not: no panic, and what is JSON is a success.
        #[test]
        fn any_bytes_are_looked_at(rest in prop::collection::vec(prop::sample::select(vec![
            r#""success""#, r#""retcode""#, r#""x""#, ":", ",", "true", "false", "{", "}", "[", "]", "\"", "\\", " ", "200", "é",
        ]), 0..12)) {
            let body = format!(r#"{{"retcode":"200",{}"#, rest.concat());
            if is_plain_success(body.as_bytes()) && let Ok(Members(members)) = serde_json::from_str(&body) {
                let no = |(name, value): &(String, serde_json::Value)| match name.as_str() {
                    "retcode" => *value != "200",
                    "success" => *value != true,
                    _ => false,
                };
                prop_assert!(!members.iter().any(no), "{}", body);
            }
        }
    }
}
