//! Names of components and webhooks, derived from titles and field names.

use std::collections::HashMap;

/// Maximum length of a name derived from one title or field name.
const LONGEST_PART: usize = 80;
/// Maximum length of a component name: names of nested objects would otherwise grow without limit.
const LONGEST: usize = 200;

/// Converts a text to Pascal case: `get-shelf count_V2` → `GetShelfCountV2`. Keeps only ASCII
/// letters and digits, so the result may be empty.
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

/// Converts a text to camel case: `Get shelf count` → `getShelfCount`, `URL Check` → `urlCheck`.
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

/// Returns whether OpenAPI allows the name for a component.
pub(crate) fn is_legal(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    !name.is_empty() && name.len() <= LONGEST && name.chars().all(fits)
}

/// Returns a legal component name: `Page«Order»` → `PageOfOrder`. A hash of the name is appended if
/// it has letters outside ASCII.
pub(crate) fn legal(name: &str) -> String {
    if is_legal(name) {
        return name.to_owned();
    }
    let mut words = String::new();
    let mut lost = false;
    for c in name.chars() {
        // A bracket at the start or after a space is not a type argument.
        let of = words.ends_with(|c: char| c.is_ascii_alphanumeric());
        match c {
            '«' | '<' | '[' | '《' | '〈' | '＜' if of => words.push_str(" Of "),
            c if c.is_ascii() => words.push(c),
            c => {
                lost |= c.is_alphanumeric();
                words.push(' ');
            }
        }
    }
    let mut legal = pascal_case(&words);
    if legal.is_empty() {
        legal.push_str("Schema");
        lost = true;
    }
    if lost || words.len() > LONGEST_PART {
        legal.push_str(&format!("{:06x}", number_of(name) & 0x00ff_ffff));
    }
    legal
}

/// Returns the FNV-1a hash of a text, which is the same on every machine and in every release.
fn number_of(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Returns the prefix of a page's component names: from its title, or from method and path.
///
/// A title with letters outside ASCII is not used: two titles could differ only in the letters that
/// are dropped.
pub(crate) fn page_name(title: &str, method: &str, path: &str) -> String {
    let name = pascal_case(title);
    let whole = !title.chars().any(|c| c.is_alphabetic() && !c.is_ascii());
    if whole && name.chars().any(|c| c.is_ascii_alphabetic()) {
        return if name.starts_with(|c: char| c.is_ascii_digit()) {
            format!("{}{name}", pascal_case(method))
        } else {
            name
        };
    }
    format!("{}{}", pascal_case(method), pascal_case(path))
}

/// The set of names in use.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// The next number to append to a name.
    taken: HashMap<String, u32>,
}

impl Names {
    /// Reserves a name. If it is in use, a number is appended and the second value is `true`.
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
    fn case_conversions() {
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
    fn component_names_become_legal() {
        for (name, wanted) in [
            ("Order", "Order"),
            ("order_v1.2-a", "order_v1.2-a"),
            ("Page«Order»", "PageOfOrder"),
            ("Map<string, List<Order>>", "MapOfStringListOfOrder"),
            ("Order list (v2)", "OrderListV2"),
            ("../../etc/passwd", "EtcPasswd"),
            ("$ref", "Ref"),
            ("", "Schema222325"),
        ] {
            assert_eq!(legal(name), wanted, "{name}");
            assert!(is_legal(&legal(name)));
        }
        let [one, other] = ["订单", "订单Order"].map(legal);
        assert!(
            one.starts_with("Schema") && other.starts_with("Order"),
            "{one} {other}"
        );
        assert_ne!(legal("订单"), legal("客户"));
        assert!(is_legal(&legal(&"«长".repeat(500))));
    }

    #[test]
    fn title_without_ascii_letters_uses_the_path() {
        assert_eq!(page_name("订单", "get", "/orders/{id}"), "GetOrdersId");
        assert_eq!(page_name("订单 V2", "get", "/orders"), "GetOrders");
        assert_eq!(page_name("2 Orders", "get", "/orders"), "Get2Orders");
        assert_eq!(page_name("Order", "get", "/orders"), "Order");
    }

    #[test]
    fn reserved_names_are_unique_and_short() {
        let mut names = Names::default();
        assert_eq!(names.take("A"), ("A".to_owned(), false));
        assert_eq!(names.take("A2"), ("A2".to_owned(), false));
        assert_eq!(names.take("A"), ("A3".to_owned(), true));
        assert_eq!(names.take("A"), ("A4".to_owned(), true));
        assert_eq!(names.take(&"x".repeat(1000)).0.len(), LONGEST);
        assert!(names.take(&"x".repeat(1001)).1);
    }
}
