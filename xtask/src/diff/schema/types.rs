//! Whether a type takes what another one takes.

use super::{Place, Schemas};
use crate::diff::{
    change::{Change, Direction},
    rust,
    view::View,
};

/// A Rust type without what stands in it: that is compared for itself.
pub(super) fn shallow(name: &str) -> &str {
    name.split('<').next().unwrap_or(name)
}

/// The types have nothing in common, so that no part of one is a part of the other.
pub(super) fn are_strangers(old: &View, new: &View) -> bool {
    match (old.kinds(), new.kinds()) {
        (Some(old), Some(new)) => {
            old.is_disjoint(&new)
                && !(old.contains("integer") && new.contains("number"))
                && !(old.contains("number") && new.contains("integer"))
        }
        _ => false,
    }
}

/// A change of type, format or form of money.
pub(super) fn compare(
    schemas: &Schemas,
    old: &View,
    new: &View,
    same: bool,
    place: &Place,
) -> Option<Change> {
    let words = |view: &View| {
        (
            view.kinds()
                .map(|kinds| kinds.into_iter().map(str::to_owned).collect::<Vec<_>>()),
            view.text("format").map(str::to_owned),
            view.word("x-money").cloned(),
            view.branches().map(|(word, _)| word),
        )
    };
    if same && words(old) == words(new) {
        return None;
    }
    let wire = match place.direction {
        Direction::Sent if place.as_text && is_any_text(new) => false,
        Direction::Sent => !covers(new, old, false),
        Direction::Received => !covers(old, new, true),
    };
    if same && !wire && words(old).0 == words(new).0 && old.text("format") == new.text("format") {
        // The mark alone came or went; type and form on the wire stay.
        return Some(
            place
                .change("money-changed", "mark of an exact amount changed")
                .means("the type stays as it is"),
        );
    }
    Some(changed(schemas, old, new, wire, place))
}

fn is_any_text(view: &View) -> bool {
    view.kind() == Some("string") && view.word("format").is_none() && view.word("enum").is_none()
}

pub(super) fn changed(
    schemas: &Schemas,
    old: &View,
    new: &View,
    wire: bool,
    place: &Place,
) -> Change {
    let (was, is) = (old.words(), new.words());
    let types = (rust::base(schemas.old, old), rust::base(schemas.new, new));
    let code = !schemas.same_type(old, new);
    let what = if was == is {
        format!("type changed from {} to {}", types.0, types.1)
    } else {
        format!("type changed from {was} to {is}")
    };
    let mut means = if code {
        format!("`{}` is `{}`, was `{}`", place.rust, types.1, types.0)
    } else {
        format!("`{}` stays `{}`", place.rust, types.1)
    };
    if wire {
        means.push_str(match place.direction {
            Direction::Sent => "; an older build sends what is no longer taken",
            Direction::Received => "; an older build cannot read it",
        });
    }
    place
        .change("type-changed", what)
        .breaks(wire, code)
        .means(means)
}

/// Whether a reader or a gateway that takes `wide` takes every value of `narrow`. A lenient one, as the
/// crate is, lets a text of a format that it has no type for be any text.
pub(super) fn covers(wide: &View, narrow: &View, lenient: bool) -> bool {
    if wide.is_any() {
        return true;
    }
    if narrow.is_any() {
        return false;
    }
    match (wide.is_integer_or_text(), narrow.is_integer_or_text()) {
        (true, true) => return true,
        (true, false) if narrow.branches().is_some() => return false,
        (false, false) => match (wide.branches(), narrow.branches()) {
            (Some(_), Some(_)) => return true,
            (Some((_, branches)), None) => {
                return narrow.component.is_some_and(|name| {
                    branches
                        .iter()
                        .any(|branch| branch.get("$ref").and_then(|it| it.as_str()) == Some(name))
                });
            }
            (None, Some(_)) => return false,
            (None, None) => {}
        },
        _ => {}
    }
    let (Some(types), Some(asked)) = (wide.kinds(), narrow.kinds()) else {
        return false;
    };
    let takes =
        |kind: &&str| types.contains(kind) || (*kind == "integer" && types.contains("number"));
    if !asked.iter().all(takes) {
        return false;
    }
    if wide.word("enum").is_some() && narrow.word("enum").is_none() {
        return false;
    }
    if wide.is_integer_or_text() || narrow.is_integer_or_text() {
        return true;
    }
    formats_cover(wide, narrow, lenient)
}

fn formats_cover(wide: &View, narrow: &View, lenient: bool) -> bool {
    let format = |view: &View| view.text("format").unwrap_or_default().to_owned();
    let (wide_format, narrow_format) = (format(wide), format(narrow));
    if wide_format == narrow_format || wide_format.is_empty() && wide.kind() != Some("integer") {
        return true;
    }
    match wide.kind() {
        Some("string") if lenient => {
            let wide = rust::string(&wide_format);
            wide == "String" || wide == rust::string(&narrow_format)
        }
        Some("integer") => {
            let (wide, narrow) = (range(&wide_format), range(&narrow_format));
            wide.0 <= narrow.0 && narrow.1 <= wide.1
        }
        Some("number") => wide_format != "float",
        Some("string") => false,
        _ => true,
    }
}

fn range(format: &str) -> (i128, i128) {
    match rust::integer(format) {
        "i8" => (i8::MIN.into(), i8::MAX.into()),
        "i16" => (i16::MIN.into(), i16::MAX.into()),
        "i32" => (i32::MIN.into(), i32::MAX.into()),
        "u8" => (0, u8::MAX.into()),
        "u16" => (0, u16::MAX.into()),
        "u32" => (0, u32::MAX.into()),
        "u64" => (0, u64::MAX.into()),
        _ => (i64::MIN.into(), i64::MAX.into()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::diff::document::Document;

    #[test]
    fn what_covers_what() {
        let text = || json!({"type": "string"});
        let of = |kind: &str, format: &str| json!({"type": kind, "format": format});
        let either = json!({"oneOf": [{"type": "integer"}, {"type": "string"}]});
        // Wide, narrow, whether it covers, whether it does leniently.
        let cases: [(Value, Value, bool, bool); 16] = [
            (json!({}), text(), true, true),
            (text(), json!({}), false, false),
            (text(), of("string", "date"), true, true),
            (of("string", "date"), text(), false, false),
            (of("string", "email"), text(), false, true),
            (
                of("string", "date"),
                of("string", "date-time"),
                false,
                false,
            ),
            (
                json!({"type": "number"}),
                json!({"type": "integer"}),
                true,
                true,
            ),
            (
                json!({"type": "integer"}),
                json!({"type": "number"}),
                false,
                false,
            ),
            (of("integer", "int64"), of("integer", "int32"), true, true),
            (of("integer", "int32"), of("integer", "int64"), false, false),
            (
                json!({"type": "integer"}),
                of("integer", "uint64"),
                false,
                false,
            ),
            (
                of("number", "decimal"),
                json!({"type": "number"}),
                true,
                true,
            ),
            (either.clone(), text(), true, true),
            (text(), either.clone(), false, false),
            (
                json!({"type": "string", "enum": ["a"]}),
                text(),
                false,
                false,
            ),
            (either.clone(), either, true, true),
        ];
        for (wide, narrow, strict, lenient) in cases {
            let nothing = json!({});
            let document = Document(&nothing);
            let (one, other) = (View::of(document, &wide), View::of(document, &narrow));
            assert_eq!(covers(&one, &other, false), strict, "{wide} {narrow}");
            assert_eq!(covers(&one, &other, true), lenient, "{wide} {narrow}");
        }
    }
}
