//! Changes one member of a JSON document, and nothing else: numbers keep their digits.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// The document with another value at the path; `None` if there is nothing at that path.
pub(crate) fn replace(document: &str, path: &str, value: &str) -> Option<String> {
    let Some((step, rest)) = path
        .split_once('.')
        .or_else(|| (!path.is_empty()).then_some((path, "")))
    else {
        return Some(value.to_owned());
    };
    if let Ok(mut members) = serde_json::from_str::<BTreeMap<String, &RawValue>>(document) {
        let edited = replace(members.get(step)?.get(), rest, value)?;
        members.remove(step);
        let others = members
            .iter()
            .filter_map(|(name, raw)| Some(format!("{}:{}", quoted(name)?, raw.get())));
        let members: Vec<_> = std::iter::once(format!("{}:{edited}", quoted(step)?))
            .chain(others)
            .collect();
        return Some(format!("{{{}}}", members.join(",")));
    }
    let items: Vec<&RawValue> = serde_json::from_str(document).ok()?;
    let index: usize = step.parse().ok()?;
    let edited = replace(items.get(index)?.get(), rest, value)?;
    let items: Vec<_> = items
        .iter()
        .enumerate()
        .map(|(at, raw)| if at == index { &edited } else { raw.get() })
        .collect();
    Some(format!("[{}]", items.join(",")))
}

fn quoted(name: &str) -> Option<String> {
    serde_json::to_string(name).ok()
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert_eq, proptest};

    use super::*;

    proptest! {
        #[test]
        fn no_input_makes_it_panic(document: String, path: String) {
            let _ = replace(&document, &path, "null");
        }

        #[test]
        fn what_is_put_in_is_there(name in "[a-z\"\\\\ä]{1,5}", index in 0_usize..3) {
            let document = format!("{{{}:[1,2,3],\"other\":0.10}}", quoted(&name).unwrap());
            let edited = replace(&document, &format!("{name}.{index}"), "7.70").unwrap();
            let read: BTreeMap<String, &RawValue> = serde_json::from_str(&edited).unwrap();
            let items: Vec<&RawValue> = serde_json::from_str(read[&name].get()).unwrap();
            prop_assert_eq!(items[index].get(), "7.70");
            prop_assert_eq!(read["other"].get(), "0.10");
        }
    }

    #[test]
    fn changes_one_member_and_keeps_the_digits() {
        let document = r#"{"a":{"b":[{"n":0.10},{"n":1e400}]},"m":12345678901234567890.10}"#;
        for (path, value, expected) in [
            (
                "a.b.1.n",
                "null",
                Some(r#"{"a":{"b":[{"n":0.10},{"n":null}]},"m":12345678901234567890.10}"#),
            ),
            ("a", "[]", Some(r#"{"a":[],"m":12345678901234567890.10}"#)),
            (
                "m",
                "not json",
                Some(r#"{"m":not json,"a":{"b":[{"n":0.10},{"n":1e400}]}}"#),
            ),
            ("", "7", Some("7")),
            ("a.c", "null", None),
            ("a.b.2", "null", None),
            ("a.b.x", "null", None),
            ("m.x", "null", None),
        ] {
            assert_eq!(
                replace(document, path, value).as_deref(),
                expected,
                "{path}"
            );
        }
        assert_eq!(replace("<html>", "a", "null"), None);
    }
}
