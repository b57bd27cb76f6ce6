//! Arbitrary JSON made of given names and texts.

use proptest::prelude::*;
use serde_json::{Value, json};

/// Returns values with these field `names` and string `texts`, which the checks look for, in any place.
pub(crate) fn any_value(
    names: &'static [&'static str],
    texts: &'static [&'static str],
) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|truth| json!(truth)),
        any::<i8>().prop_map(|number| json!(number)),
        prop::sample::select(texts).prop_map(|text| json!(text)),
    ];
    leaf.prop_recursive(6, 60, 6, move |inner| {
        let member = (prop::sample::select(names), inner.clone());
        prop_oneof![
            1 => prop::collection::vec(inner, 0..4).prop_map(Value::Array),
            4 => prop::collection::vec(member, 0..6).prop_map(|members| {
                let members = members.into_iter();
                Value::Object(members.map(|(name, value)| (name.to_owned(), value)).collect())
            }),
        ]
    })
}
