//! Names of components and webhooks, made from titles and member names.

use std::collections::HashMap;

/// Longest name that is made from one title or member name.
const LONGEST_PART: usize = 80;
/// Longest name of a component: nested names would grow without an end otherwise.
const LONGEST: usize = 200;

/// `get-shelf count_V2` → `GetShelfCountV2`. Letters and digits of ASCII only; empty if there are none.
pub(crate) fn pascal_case(text: &str) -> String {
    let mut out = String::new();
    let mut start = true;
    for c in text.chars() {
        if out.len() >= LONGEST_PART {
            break;
        }
        if c.is_ascii_alphanumeric() {
            out.push(if start { c.to_ascii_uppercase() } else { c });
            start = false;
        } else if c != '\'' && c != '’' {
            start = true;
        }
    }
    out
}

/// `Get shelf count` → `getShelfCount`, `URL Check` → `urlCheck`.
pub(crate) fn camel_case(text: &str) -> String {
    let pascal = pascal_case(text);
    let bytes = pascal.as_bytes();
    let upper = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_uppercase())
        .count();
    // The last capital of a run begins the next word.
    let lower = if upper > 1 && bytes.get(upper).is_some_and(u8::is_ascii_lowercase) {
        upper - 1
    } else {
        upper
    };
    format!(
        "{}{}",
        pascal[..lower].to_ascii_lowercase(),
        &pascal[lower..]
    )
}

/// The name that a page's components start with: from its title, else from method and path.
pub(crate) fn page_name(title: &str, method: &str, path: &str) -> String {
    let name = pascal_case(title);
    if name.chars().any(|c| c.is_ascii_alphabetic()) {
        return if name.starts_with(|c: char| c.is_ascii_digit()) {
            format!("{}{name}", pascal_case(method))
        } else {
            name
        };
    }
    format!("{}{}", pascal_case(method), pascal_case(path))
}

/// Names that are taken.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// The next number to try behind a name.
    taken: HashMap<String, u32>,
}

impl Names {
    /// Takes the name, with digits behind it if it is taken already (then the second value is `true`).
    pub(crate) fn take(&mut self, wanted: &str) -> (String, bool) {
        let mut end = wanted.len().min(LONGEST);
        while !wanted.is_char_boundary(end) {
            end -= 1;
        }
        let wanted = &wanted[..end];
        let Some(&next) = self.taken.get(wanted) else {
            self.taken.insert(wanted.to_owned(), 2);
            return (wanted.to_owned(), false);
        };
        let mut number = next;
        loop {
            let name = format!("{wanted}{number}");
            number += 1;
            if !self.taken.contains_key(&name) {
                self.taken.insert(wanted.to_owned(), number);
                self.taken.insert(name.clone(), 2);
                return (name, true);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases() {
        for (text, pascal, camel) in [
            ("Get Shelf Count", "GetShelfCount", "getShelfCount"),
            ("submit Form V2", "SubmitFormV2", "submitFormV2"),
            (
                "create-developer-user",
                "CreateDeveloperUser",
                "createDeveloperUser",
            ),
            ("orderlines", "Orderlines", "orderlines"),
            ("parcelLabelDTO", "ParcelLabelDTO", "parcelLabelDTO"),
            ("URL Check", "URLCheck", "urlCheck"),
            ("the reader's list", "TheReadersList", "theReadersList"),
            ("订单", "", ""),
        ] {
            assert_eq!(pascal_case(text), pascal);
            assert_eq!(camel_case(text), camel);
        }
    }

    #[test]
    fn a_title_without_letters_gives_way_to_the_path() {
        assert_eq!(page_name("订单", "get", "/orders/{id}"), "GetOrdersId");
        assert_eq!(page_name("2 Orders", "get", "/orders"), "Get2Orders");
        assert_eq!(page_name("Order", "get", "/orders"), "Order");
    }

    #[test]
    fn names_stay_unique_and_short() {
        let mut names = Names::default();
        assert_eq!(names.take("A"), ("A".to_owned(), false));
        assert_eq!(names.take("A2"), ("A2".to_owned(), false));
        assert_eq!(names.take("A"), ("A3".to_owned(), true));
        assert_eq!(names.take("A"), ("A4".to_owned(), true));
        assert_eq!(names.take(&"x".repeat(1000)).0.len(), LONGEST);
        assert!(names.take(&"x".repeat(1001)).1);
    }
}
