//! The target of an action: an RFC 9535 JSONPath, and the places it finds.
//!
//! A JSONPath can ask for more work than any document deserves (nested filters over the whole
//! document, lists of wildcards). Overlays need little of that, so the costly forms are refused
//! before they are parsed.

use crate::openapi::child;
use serde_json::Value;
use serde_json_path::{JsonPath, PathElement};

/// One step down a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Step {
    Name(String),
    Index(usize),
}

/// A place in a document, from its root.
pub(super) type Place = Vec<Step>;

/// A parsed target.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    text: String,
    path: JsonPath,
}

const MAX_LENGTH: usize = 500;
const MAX_NESTING: usize = 6;
const MAX_COMMAS: usize = 12;
const MAX_DESCENTS: usize = 2;

impl Target {
    /// Parses a JSONPath.
    ///
    /// # Errors
    /// A sentence that says what the path breaks: the syntax of RFC 9535, or one of the limits on its work.
    pub fn parse(text: &str) -> Result<Self, String> {
        limits(text)?;
        let path = JsonPath::parse(text).map_err(|error| {
            format!(
                "this is not a JSONPath of RFC 9535: {} at character {}",
                error.message(),
                error.position()
            )
        })?;
        Ok(Self {
            text: text.to_owned(),
            path,
        })
    }

    /// The path as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// All places that the path finds, each once, in the order of the document.
    pub(super) fn places(&self, document: &Value) -> Vec<Place> {
        let mut seen = std::collections::HashSet::new();
        let mut places = Vec::new();
        for location in self.path.query_located(document).locations() {
            let place: Place = location
                .iter()
                .map(|element| match element {
                    PathElement::Name(name) => Step::Name((*name).to_owned()),
                    PathElement::Index(index) => Step::Index(*index),
                })
                .collect();
            if seen.insert(place.clone()) {
                places.push(place);
            }
        }
        places
    }
}

/// The JSON pointer of a place.
pub(super) fn pointer(place: &[Step]) -> String {
    place
        .iter()
        .fold(String::new(), |pointer, step| match step {
            Step::Name(name) => child(&pointer, name),
            Step::Index(index) => format!("{pointer}/{index}"),
        })
}

/// The node at a place.
pub(super) fn find<'a>(document: &'a mut Value, place: &[Step]) -> Option<&'a mut Value> {
    place.iter().try_fold(document, |node, step| match step {
        Step::Name(name) => node.get_mut(name),
        Step::Index(index) => node.get_mut(index),
    })
}

/// Refuses paths whose parsing or search could take long.
fn limits(text: &str) -> Result<(), String> {
    if text.len() > MAX_LENGTH {
        return Err(format!(
            "the target is longer than {MAX_LENGTH} characters: split the action"
        ));
    }
    let (mut depth, mut commas, mut descents, mut filters) = (0_usize, 0, 0, 0);
    let mut quote = None;
    let mut before = ' ';
    let mut characters = text.chars().enumerate();
    while let Some((index, character)) = characters.next() {
        match (quote, character) {
            (Some(_), '\\') => {
                characters.next();
            }
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth = depth.saturating_sub(1),
            (None, ',') => commas += 1,
            (None, '?') => filters += 1,
            (None, '.') if before == '.' => descents += 1,
            (None, '$') if index > 0 => {
                return Err("`$` inside a filter is not offered: compare with a literal".to_owned());
            }
            _ => {}
        }
        if depth > MAX_NESTING {
            return Err(format!(
                "the target nests brackets more than {MAX_NESTING} deep: split the action"
            ));
        }
        before = character;
    }
    if commas > MAX_COMMAS || descents > MAX_DESCENTS || filters > 3 {
        return Err(format!(
            "the target has more than {MAX_COMMAS} commas, {MAX_DESCENTS} `..` or 3 filters: split the action"
        ));
    }
    if ["match", "search"]
        .iter()
        .any(|name| text.contains(&format!("{name}(")))
    {
        return Err(
            "`match()` and `search()` are not offered: name the places, or compare with a literal"
                .to_owned(),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pointers(path: &str, document: &Value) -> Vec<String> {
        Target::parse(path)
            .unwrap()
            .places(document)
            .iter()
            .map(|place| pointer(place))
            .collect()
    }

    #[test]
    fn places_are_found_once_and_as_json_pointers() {
        let document = json!({"paths": {"/a/b": {"post": {"tags": ["x", "y"]}, "get": {"tags": []}}}, "m~n": 1});
        let table: [(&str, &[&str]); 7] = [
            ("$", &[""]),
            (
                "$.paths['/a/b'].post.tags[1]",
                &["/paths/~1a~1b/post/tags/1"],
            ),
            ("$['m~n']", &["/m~0n"]),
            (
                "$.paths['/a/b']['post','get'].tags",
                &["/paths/~1a~1b/post/tags", "/paths/~1a~1b/get/tags"],
            ),
            ("$.paths['/a/b']['post','post']", &["/paths/~1a~1b/post"]),
            ("$..tags[?@ == 'x']", &["/paths/~1a~1b/post/tags/0"]),
            ("$.nothing", &[]),
        ];
        for (path, expected) in table {
            assert_eq!(pointers(path, &document), expected, "{path}");
        }
    }

    #[test]
    fn a_path_that_is_wrong_or_costs_too_much_is_a_message() {
        let table = [
            ("paths", "not a JSONPath"),
            ("", "not a JSONPath"),
            ("$.a[", "not a JSONPath"),
            ("$[99999999999999999999]", "not a JSONPath"),
            ("$..[?$..a]", "`$` inside"),
            ("$..*..*..*", "split"),
            ("$[?((((((@.a))))))]", "deep"),
            ("$[?@[?@[?@[?@.a]]]]", "split"),
            ("$[?search(@, '(a{1000}){1000}')]", "not offered"),
        ];
        for (path, text) in table {
            let message = Target::parse(path).unwrap_err();
            assert!(message.contains(text), "{path}: {message}");
        }
        assert!(Target::parse(&format!("${}", "[*,*]".repeat(13))).is_err());
        assert!(Target::parse(&format!("$.{}", "a".repeat(MAX_LENGTH))).is_err());
    }
}
