//! Finds the values that the description of a field lists.

/// Returns the values in lists of a description, such as `One of: A, B`. A list is recognised by a value that
/// is known; its other items count as values if they have the same case.
pub(crate) fn listed_values<'a>(description: &'a str, known: &[&str]) -> Vec<&'a str> {
    let case = |value: &str| {
        let has = |is: fn(char) -> bool| value.contains(is);
        (has(char::is_uppercase), has(char::is_lowercase))
    };
    let is_value = |item: &&str| {
        let is_word = |c: char| c.is_alphanumeric() || "_-.".contains(c);
        !item.is_empty()
            && item.chars().all(is_word)
            && known.iter().any(|known| case(known) == case(item))
    };
    let mut values = Vec::new();
    for line in description.lines() {
        let items = line
            .split([',', '/', '|', ';', '、', '，'])
            .flat_map(|part| part.split(" or "));
        let items: Vec<&str> = items.map(item).collect();
        if items.len() > 1 && items.iter().any(|item| known.contains(item)) {
            values.extend(items.into_iter().filter(is_value));
        }
    }
    values
}

/// Returns the value of a list item: without the introduction before it, the explanation after it, and quotes.
fn item(text: &str) -> &str {
    let text = text.rsplit([':', '：']).next().unwrap_or(text);
    let text = text.split(['(', '（', '=']).next().unwrap_or(text);
    let text = text
        .trim()
        .trim_start_matches("or ")
        .trim_start_matches("and ");
    text.trim_matches(|c: char| c.is_whitespace() || "`'\"“”.".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_list_of_description_is_recognised_by_a_known_value() {
        for (description, expected) in [
            ("One of: PAID, OPEN, LATE", vec!["PAID", "OPEN", "LATE"]),
            ("`PAID` (done) / `LATE` (too late)", vec!["PAID", "LATE"]),
            ("PAID or LATE.", vec!["PAID", "LATE"]),
            ("The order is PAID, after which nothing happens", vec![]),
            ("One of: USD, EUR", vec![]),
            ("PAID", vec![]),
        ] {
            let values = listed_values(description, &["PAID", "OPEN"]);
            assert_eq!(values, expected, "{description}");
        }
    }
}
