//! The target of an action: an RFC 9535 JSONPath.
//!
//! The target of an action with `x-operation` starts at a part of the operation instead of the document:
//! `$operation`, `$request` (the schema of the request body) or `$response` (the schema of the response 200).
//! `->name` goes on to a property, through references: `$response->retdata.properties.amount`.
//!
//! Parsing and evaluating a JSONPath can take exponential time (nested filters, lists of
//! wildcards). Overlays need none of that, so expensive paths are rejected before they are parsed.

use crate::openapi::{child, members, text};
use serde_json::Value;
use serde_json_path::{JsonPath, PathElement};

/// A step from a value to a child.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum PathStep {
    Name(String),
    Index(usize),
}

/// The path from the root of a document to a value.
pub(super) type Location = Vec<PathStep>;

/// A parsed target.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    text: String,
    root: TargetRoot,
    /// The properties after the root, which are found through references.
    properties: Vec<String>,
    /// The JSONPath below the root.
    path_text: String,
    path: JsonPath,
}

/// The value at which a target starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TargetRoot {
    Document,
    Operation,
    Request,
    Response,
}

const ROOTS: [(&str, TargetRoot); 3] = [
    ("$operation", TargetRoot::Operation),
    ("$request", TargetRoot::Request),
    ("$response", TargetRoot::Response),
];

const MAX_LENGTH: usize = 500;
const MAX_NESTING: usize = 6;
const MAX_COMMAS: usize = 12;
const MAX_DESCENTS: usize = 2;
/// The number of references that are followed in a row.
const MAX_HOPS: usize = 16;

impl Target {
    /// Parses a JSONPath, which may start at a part of an operation.
    ///
    /// # Errors
    /// Fails with a message if the path violates RFC 9535 or a limit.
    pub fn parse(text: &str) -> Result<Self, String> {
        check_limits(text)?;
        let (root, mut rest) = ROOTS
            .into_iter()
            .find_map(|(name, root)| Some((root, text.strip_prefix(name)?)))
            .unwrap_or((TargetRoot::Document, text.strip_prefix('$').unwrap_or(text)));
        let mut properties = Vec::new();
        while let Some(after) = rest
            .strip_prefix("->")
            .filter(|_| root != TargetRoot::Document)
        {
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let end = after.find(|c| !is_name(c)).unwrap_or(after.len());
            properties.push(after[..end].to_owned());
            rest = &after[end..];
        }
        let path_text = match root {
            TargetRoot::Document => text.to_owned(),
            _ => format!("${rest}"),
        };
        let path = JsonPath::parse(&path_text).map_err(|error| {
            format!(
                "this is not a JSONPath of RFC 9535: {} at character {}",
                error.message(),
                error.position()
            )
        })?;
        Ok(Self {
            text: text.to_owned(),
            root,
            properties,
            path_text,
            path,
        })
    }

    /// Returns whether the target starts at a part of an operation.
    pub fn is_in_operation(&self) -> bool {
        self.root != TargetRoot::Document
    }

    /// Returns the text of the path.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the locations that the path matches, without repetition, in document order. `operation` is
    /// the location of the operation in which the target starts.
    pub(super) fn locations(&self, document: &Value, operation: &[PathStep]) -> Vec<Location> {
        let Some((base, value)) = self.base(document, operation) else {
            return Vec::new();
        };
        let mut seen = std::collections::HashSet::new();
        let mut locations = Vec::new();
        for below in self.path.query_located(value).locations() {
            let mut location = base.clone();
            location.extend(below.iter().map(|element| match element {
                PathElement::Name(name) => PathStep::Name((*name).to_owned()),
                PathElement::Index(index) => PathStep::Index(*index),
            }));
            if seen.insert(location.clone()) {
                locations.push(location);
            }
        }
        locations
    }

    /// Returns the names of selectors with several names, such as `['a', 'b']`, that match nothing.
    pub(super) fn unmatched_names(&self, document: &Value, operation: &[PathStep]) -> Vec<String> {
        let Some((_, value)) = self.base(document, operation) else {
            return Vec::new();
        };
        let mut unmatched = Vec::new();
        let text = &self.path_text;
        for (start, end) in brackets(text) {
            for name in names(&text[start..end]).unwrap_or_default() {
                let path = format!("{}{name}{}", &text[..start], &text[end..]);
                let path = JsonPath::parse(&path);
                if path.is_ok_and(|path| path.query(value).is_empty()) {
                    unmatched.push(name.to_owned());
                }
            }
        }
        unmatched
    }

    /// Returns the value at which the path starts.
    fn base<'a>(
        &self,
        document: &'a Value,
        operation: &[PathStep],
    ) -> Option<(Location, &'a Value)> {
        let mut place = (operation.to_vec(), get(document, operation)?);
        let body: &[&str] = match self.root {
            TargetRoot::Document | TargetRoot::Operation => return Some(place),
            TargetRoot::Request => &["requestBody", "content"],
            TargetRoot::Response => &["responses", "200", "content"],
        };
        for name in body {
            place = follow(document, step(place, name)?)?;
        }
        let (media_type, _) = members(Some(place.1)).next()?;
        place = step(place, media_type)?;
        place = follow(document, step(place, "schema")?)?;
        for name in &self.properties {
            place = step(place, "properties")?;
            place = follow(document, step(place, name)?)?;
        }
        Some(place)
    }
}

/// Returns the value of a field, with its location.
fn step<'a>(
    (mut location, value): (Location, &'a Value),
    name: &str,
) -> Option<(Location, &'a Value)> {
    let value = value.get(name)?;
    location.push(PathStep::Name(name.to_owned()));
    Some((location, value))
}

/// Follows the references of a value. Returns `None` if a reference has no target.
fn follow<'a>(
    document: &'a Value,
    mut place: (Location, &'a Value),
) -> Option<(Location, &'a Value)> {
    for _ in 0..MAX_HOPS {
        let Some(reference) = text(place.1, "$ref") else {
            break;
        };
        let pointer = reference.strip_prefix('#')?;
        place = (location_of(pointer), document.pointer(pointer)?);
    }
    Some(place)
}

/// Returns the location of a JSON pointer into objects.
pub(super) fn location_of(pointer: &str) -> Location {
    let segments = pointer.split('/').skip(1);
    segments
        .map(|segment| PathStep::Name(segment.replace("~1", "/").replace("~0", "~")))
        .collect()
}

/// Returns the value at a location.
fn get<'a>(document: &'a Value, location: &[PathStep]) -> Option<&'a Value> {
    location.iter().try_fold(document, |node, step| match step {
        PathStep::Name(name) => node.get(name),
        PathStep::Index(index) => node.get(index),
    })
}

/// Returns the ranges of the texts between brackets, without those in quotes.
fn brackets(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut open = Vec::new();
    let mut quote = None;
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match (quote, character) {
            (Some(_), '\\') => {
                characters.next();
            }
            (Some(mark), _) if mark == character => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '[') => open.push(at + 1),
            (None, ']') => found.extend(open.pop().map(|start| (start, at))),
            _ => {}
        }
    }
    found
}

/// Returns the quoted names of a selector with at least two names, or `None` for another selector.
fn names(selector: &str) -> Option<Vec<&str>> {
    let mut names = Vec::new();
    let mut rest = selector.trim();
    loop {
        let mark = rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let mut end = None;
        let mut characters = rest.char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            if character == '\\' {
                characters.next();
            } else if character == mark {
                end = Some(at + 1);
                break;
            }
        }
        let (name, after) = rest.split_at(end?);
        names.push(name);
        match after.trim_start().strip_prefix(',') {
            Some(after) => rest = after.trim_start(),
            None => return (after.trim().is_empty() && names.len() > 1).then_some(names),
        }
    }
}

/// Returns the JSON pointer of a location.
pub(super) fn pointer(location: &[PathStep]) -> String {
    location
        .iter()
        .fold(String::new(), |pointer, step| match step {
            PathStep::Name(name) => child(&pointer, name),
            PathStep::Index(index) => format!("{pointer}/{index}"),
        })
}

/// Returns the value at a location, to be changed.
pub(super) fn find<'a>(document: &'a mut Value, location: &[PathStep]) -> Option<&'a mut Value> {
    location.iter().try_fold(document, |node, step| match step {
        PathStep::Name(name) => node.get_mut(name),
        PathStep::Index(index) => node.get_mut(index),
    })
}

/// Fails if parsing or evaluating the path could take long.
fn check_limits(text: &str) -> Result<(), String> {
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
                return Err(
                    "`$` inside a filter is not supported: compare with a literal".to_owned(),
                );
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
            "`match()` and `search()` are not supported: name the locations, or compare with a literal"
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
            .locations(document, &[])
            .iter()
            .map(|location| pointer(location))
            .collect()
    }

    #[test]
    fn matches_are_unique_json_pointers() {
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
    fn names_of_a_selector_that_match_nothing_are_found() {
        let document = json!({"a": {"x": 1}, "b": {"y": 1}, "it's": {"x": 1}});
        let table: [(&str, &[&str]); 6] = [
            ("$['a','b']", &[]),
            ("$['a', 'gone', \"lost\"].x", &["'gone'", "\"lost\""]),
            ("$['a','b']['x','z']", &["'b'", "'z'"]),
            ("$['it\\'s', 'a'].x", &[]),
            ("$['gone']", &[]),
            ("$[?@['x', 'gone']]", &["'gone'"]),
        ];
        for (path, expected) in table {
            let unmatched = Target::parse(path).map(|it| it.unmatched_names(&document, &[]));
            if let Ok(unmatched) = unmatched {
                assert_eq!(unmatched, expected, "{path}");
            }
        }
    }

    #[test]
    fn invalid_or_expensive_path_is_rejected_with_reason() {
        let table = [
            ("paths", "not a JSONPath"),
            ("", "not a JSONPath"),
            ("$.a[", "not a JSONPath"),
            ("$[99999999999999999999]", "not a JSONPath"),
            ("$..[?$..a]", "`$` inside"),
            ("$..*..*..*", "split"),
            ("$[?((((((@.a))))))]", "deep"),
            ("$[?@[?@[?@[?@.a]]]]", "split"),
            ("$[?search(@, '(a{1000}){1000}')]", "not supported"),
        ];
        for (path, text) in table {
            let message = Target::parse(path).unwrap_err();
            assert!(message.contains(text), "{path}: {message}");
        }
        assert!(Target::parse(&format!("${}", "[*,*]".repeat(13))).is_err());
        assert!(Target::parse(&format!("$.{}", "a".repeat(MAX_LENGTH))).is_err());
    }
}
