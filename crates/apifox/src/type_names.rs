//! The type names that pages use.

use crate::infer::Format;

/// The meaning of a type name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Declared {
    Any,
    Boolean,
    Integer,
    Number,
    /// A number that some pages send as a string; the example decides.
    Decimal,
    Text(Option<Format>),
    /// The bytes of a file.
    Binary,
    Object,
    Array(Box<Declared>),
}

/// Lower case.
const WORDS: &[(&str, Word)] = &[
    ("any", Word::Any),
    ("array", Word::Array),
    ("bigdecimal", Word::Decimal),
    ("bigint", Word::Integer),
    ("biginteger", Word::Integer),
    ("binary", Word::Binary),
    ("bool", Word::Boolean),
    ("boolean", Word::Boolean),
    ("byte", Word::Integer),
    ("char", Word::Text),
    ("date", Word::Text),
    ("date-time", Word::Text),
    ("datetime", Word::Text),
    ("decimal", Word::Decimal),
    ("double", Word::Number),
    ("email", Word::Text),
    ("enum", Word::Text),
    ("file", Word::Binary),
    ("float", Word::Number),
    ("int", Word::Integer),
    ("int32", Word::Integer),
    ("int64", Word::Integer),
    ("integer", Word::Integer),
    ("json", Word::Object),
    ("list", Word::Array),
    ("localdate", Word::Text),
    ("localdatetime", Word::Text),
    ("long", Word::Integer),
    ("map", Word::Object),
    ("money", Word::Decimal),
    ("number", Word::Number),
    ("numeric", Word::Decimal),
    ("object", Word::Object),
    ("set", Word::Array),
    ("short", Word::Integer),
    ("str", Word::Text),
    ("string", Word::Text),
    ("text", Word::Text),
    ("timestamp", Word::Any),
    ("uri", Word::Text),
    ("url", Word::Text),
    ("uuid", Word::Text),
    ("varchar", Word::Text),
];

#[derive(Debug, Clone, Copy)]
enum Word {
    Any,
    Array,
    Binary,
    Boolean,
    Decimal,
    Integer,
    Number,
    Object,
    Text,
}

/// Parses a type name: `String`, `string(64)`, `integer <int64>`, `array[string]`, `List<Long>`,
/// `string[]`.
pub(crate) fn declared(text: &str) -> Option<Declared> {
    declared_below(text, 0)
}

fn declared_below(text: &str, depth: usize) -> Option<Declared> {
    if depth > 8 || text.len() > 200 {
        return None;
    }
    let lower = text.trim().to_lowercase();
    if let Some(inner) = lower.strip_suffix("[]") {
        return Some(Declared::Array(Box::new(declared_below(inner, depth + 1)?)));
    }
    let split = lower
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
        .unwrap_or(lower.len());
    let (word, rest) = lower.split_at(split);
    let (_, kind) = WORDS.iter().find(|(known, _)| *known == word)?;
    let rest = rest.trim();
    let inner = rest
        .strip_prefix(['<', '[', '('])
        .and_then(|inner| inner.strip_suffix(['>', ']', ')']))
        .or_else(|| {
            rest.strip_prefix("of ")
                .filter(|_| matches!(kind, Word::Array))
        })
        .map(str::trim);
    if !rest.is_empty() && inner.is_none() {
        return None;
    }
    Some(match kind {
        Word::Any => Declared::Any,
        Word::Binary => Declared::Binary,
        Word::Boolean => Declared::Boolean,
        Word::Decimal => Declared::Decimal,
        Word::Integer => Declared::Integer,
        Word::Number => Declared::Number,
        Word::Object => Declared::Object,
        Word::Text => match inner {
            Some("binary") => Declared::Binary,
            inner => Declared::Text(inner.and_then(Format::from_name)),
        },
        Word::Array => {
            let inner = inner.map(|inner| inner.strip_suffix('s').unwrap_or(inner));
            let items = inner
                .and_then(|inner| declared_below(inner, depth + 1))
                .unwrap_or(Declared::Any);
            Declared::Array(Box::new(items))
        }
    })
}

/// The type of a field in the list format of the site: `array [object (Book) {3}]`, `string | null`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TypeLine {
    pub(crate) declared: Declared,
    pub(crate) nullable: bool,
    /// Number of fields that the object, or the object in the array, has.
    pub(crate) fields: Option<usize>,
    /// The format of a scalar, which may be unknown to OpenAPI: `int64` in `integer <int64>`.
    pub(crate) format: Option<String>,
}

/// Type names of the list format, in lower case. A table may use more of them.
const LISTED: &[&str] = &[
    "any", "array", "bool", "boolean", "decimal", "double", "enum", "file", "float", "int",
    "integer", "long", "null", "number", "object", "string",
];

/// Parses a line of the list format that only contains a type.
pub(crate) fn type_line(text: &str) -> Option<TypeLine> {
    if text.len() > 200 {
        return None;
    }
    // The site prints types in lower case: `Number` is a description.
    if text.trim_start().starts_with(|c: char| c.is_uppercase()) {
        return None;
    }
    let lower = text.trim().to_lowercase();
    let mut line = TypeLine {
        declared: Declared::Any,
        nullable: false,
        fields: None,
        format: None,
    };
    if matches!(lower.as_str(), "oneof" | "anyof" | "allof") {
        return Some(line);
    }
    let mut known = Vec::new();
    for part in lower.split('|').map(str::trim) {
        if part == "null" {
            line.nullable = true;
        } else {
            known.push(part);
        }
    }
    for part in &known {
        let word = part.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
        if !LISTED.contains(&word) {
            return None;
        }
        let (part, fields) = without_count(part);
        let inner = bracketed(&part, word);
        let (declared, format) = match (word, inner) {
            ("enum", Some(inner)) => (declared(inner)?, None),
            ("array" | "object", _) => (declared(&part)?, None),
            (word, Some(inner)) if part.contains('<') => {
                let declared = declared(&part).or_else(|| declared(word))?;
                (
                    declared,
                    Some(inner.to_owned()).filter(|inner| inner != "binary"),
                )
            }
            _ => (declared(&part)?, None),
        };
        line.fields = fields;
        line.format = format;
        line.declared = declared;
    }
    // A union of several types is imported as a type that accepts any value.
    if known.len() > 1 {
        line.declared = Declared::Any;
        line.format = None;
    }
    Some(line)
}

/// Removes the number of fields: `array [object {3}]` → `array [object]`, 3.
fn without_count(part: &str) -> (String, Option<usize>) {
    let count = part.rfind('{').and_then(|open| {
        let close = open + part[open..].find('}')?;
        let count = part[open + 1..close].trim().parse().ok()?;
        let rest = format!("{}{}", part[..open].trim_end(), &part[close + 1..]);
        Some((rest, count))
    });
    match count {
        Some((rest, count)) => (rest, Some(count)),
        None => (part.to_owned(), None),
    }
}

/// Returns the text in the brackets after a word.
fn bracketed<'a>(part: &'a str, word: &str) -> Option<&'a str> {
    let rest = part.strip_prefix(word)?.trim();
    let inner = rest.strip_prefix(['<', '[', '('])?;
    Some(inner.strip_suffix(['>', ']', ')'])?.trim())
}

/// Returns the length in `string(64)`.
pub(crate) fn length_of(text: &str) -> Option<u64> {
    let (_, rest) = text.split_once('(')?;
    rest.trim().strip_suffix(')')?.trim().parse().ok()
}

/// Returns the byte lengths of the type names at the start of a text, longest first, including a
/// following bracket.
pub(crate) fn prefixes(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let mut found: Vec<usize> = WORDS
        .iter()
        .filter(|(word, _)| {
            bytes
                .get(..word.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
        })
        .map(|(word, _)| word.len() + bracket_after(&text[word.len()..]))
        .collect();
    found.sort_unstable_by(|a, b| b.cmp(a));
    found
}

/// Returns the byte length of the longest type name at the end of a text.
pub(crate) fn suffix(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    WORDS
        .iter()
        .map(|(word, _)| word)
        .filter(|word| {
            bytes.len() >= word.len()
                && bytes[bytes.len() - word.len()..].eq_ignore_ascii_case(word.as_bytes())
        })
        .map(|word| word.len())
        .max()
}

fn bracket_after(rest: &str) -> usize {
    let close = match rest.as_bytes().first() {
        Some(b'<') => '>',
        Some(b'[') => ']',
        Some(b'(') => ')',
        _ => return 0,
    };
    rest.char_indices()
        .take(60)
        .find(|&(_, c)| c == close)
        .map_or(0, |(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_names_are_parsed() {
        let array = |items| Some(Declared::Array(Box::new(items)));
        for (text, read) in [
            ("String", Some(Declared::Text(None))),
            ("string(64)", Some(Declared::Text(None))),
            (
                "string <date-time>",
                Some(Declared::Text(Some(Format::DateTime))),
            ),
            ("integer<int64>", Some(Declared::Integer)),
            ("BigDecimal", Some(Declared::Decimal)),
            ("array[string]", array(Declared::Text(None))),
            ("array of strings", array(Declared::Text(None))),
            ("List<Long>", array(Declared::Integer)),
            ("array [Book]", array(Declared::Any)),
            ("int[]", array(Declared::Integer)),
            ("object (Book)", Some(Declared::Object)),
            ("file", Some(Declared::Binary)),
            ("Book", None),
            ("string of pearls and more", None),
            ("strings", None),
            ("", None),
        ] {
            assert_eq!(declared(text), read, "{text}");
        }
        assert_eq!(length_of("string(64)"), Some(64));
        assert_eq!(length_of("decimal(10,2)"), None);
        assert_eq!(declared(&"[]".repeat(50)), None);
    }

    #[test]
    fn type_lines_of_the_list_format_are_parsed() {
        let array = |items| Declared::Array(Box::new(items));
        for (text, read, nullable, fields, format) in [
            ("string", Declared::Text(None), false, None, None),
            ("string | null", Declared::Text(None), true, None, None),
            ("null", Declared::Any, true, None, None),
            ("string | integer", Declared::Any, false, None, None),
            (
                "integer <int64>",
                Declared::Integer,
                false,
                None,
                Some("int64"),
            ),
            (
                "string<password>",
                Declared::Text(None),
                false,
                None,
                Some("password"),
            ),
            ("enum<integer>", Declared::Integer, false, None, None),
            ("file", Declared::Binary, false, None, None),
            ("object {2}", Declared::Object, false, Some(2), None),
            ("object (Guest) {3}", Declared::Object, false, Some(3), None),
            (
                "array[object (Guest) {3}]",
                array(Declared::Object),
                false,
                Some(3),
                None,
            ),
            (
                "array [object {1}] | null",
                array(Declared::Object),
                true,
                Some(1),
                None,
            ),
            (
                "array [array]",
                array(array(Declared::Any)),
                false,
                None,
                None,
            ),
            (
                "array[string]",
                array(Declared::Text(None)),
                false,
                None,
                None,
            ),
            ("oneOf", Declared::Any, false, None, None),
        ] {
            let line = type_line(text).expect(text);
            assert_eq!(line.declared, read, "{text}");
            assert_eq!((line.nullable, line.fields), (nullable, fields), "{text}");
            assert_eq!(line.format.as_deref(), format, "{text}");
        }
        for text in [
            "timestamp",
            "Number",
            "text",
            "Book",
            "object of value",
            "string of pearls",
            "",
        ] {
            assert_eq!(type_line(text), None, "{text}");
        }
    }

    #[test]
    fn type_names_at_start_and_end_of_text() {
        assert_eq!(prefixes("IntegerYes64"), [7, 3]);
        assert_eq!(prefixes("List<Long>No"), [10]);
        assert_eq!(prefixes("é"), Vec::<usize>::new());
        assert_eq!(suffix("The number of itemsInteger"), Some(7));
        assert_eq!(suffix("é"), None);
    }
}
