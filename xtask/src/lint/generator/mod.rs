//! The rules for the input of the Rust generator, progenitor: what it rejects, panics on, or silently breaks.
//! It ignores `x-webhooks`, but the bodies of webhooks are components like others.

mod operations;
mod schemas;

use super::{LintRule, shared};

/// Returns the rules in the order of their findings.
pub(super) fn all() -> Vec<LintRule> {
    vec![
        ("later-keywords", schemas::later_keywords),
        ("dangling-ref", shared::dangling_references),
        ("plain-names", schemas::plain_names),
        ("operation-names", operations::method_names),
        ("component-names", schemas::type_names),
        ("request-media", operations::request_media),
        ("request-media-one", operations::one_request_media),
        ("request-required", operations::required_body),
        ("response-media", operations::response_media),
        ("response-schema", operations::response_schema),
        ("response-named", operations::named_response),
        ("one-success-type", operations::one_success_type),
        ("one-error-type", operations::one_error_type),
        ("parameter-style", operations::parameter_style),
        ("parameter-explode", operations::parameter_explode),
        ("parameter-cookie", operations::cookie_parameter),
        ("parameter-shape", operations::parameter_shape),
        ("transport-header", operations::transport_header),
        ("closed-enum", schemas::closed_enum),
        ("any-of-scalars", schemas::any_of_scalars),
        ("closed-object", shared::closed_object),
        ("dropped-fields", schemas::dropped_fields),
        ("nullable-list", schemas::nullable_list),
        ("binary-float", schemas::binary_float),
        ("one-of-exclusive", shared::exclusive_branches),
        ("one-of-decimal", schemas::decimal_in_union),
        ("discriminator", schemas::discriminator),
    ]
}

/// Splits a name into words as the generator does: before an upper-case letter that follows a lower-case one,
/// before the last of several upper-case letters, and at characters that are neither letters nor digits.
fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = vec![String::new()];
    for (index, letter) in letters.iter().enumerate() {
        if !letter.is_alphanumeric() {
            words.push(String::new());
            continue;
        }
        let before = index.checked_sub(1).and_then(|before| letters.get(before));
        let after = letters.get(index + 1);
        let is_start = letter.is_uppercase()
            && before.is_some_and(|before| {
                !before.is_uppercase() || after.is_some_and(|after| after.is_lowercase())
            });
        if is_start {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(*letter);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn names_are_split_into_words() {
        for (name, expected) in [
            ("getPrice", "get Price"),
            ("get_price", "get price"),
            ("getKYBInfo", "get KYB Info"),
            ("V2Order", "V2 Order"),
            ("__", ""),
            ("A", "A"),
        ] {
            assert_eq!(words(name).join(" "), expected, "{name}");
        }
    }
}
