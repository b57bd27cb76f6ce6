//! Reads YAML into a [`JsonNode`] tree that keeps the line of every field and the digits of every number.
//!
//! Libraries considered: `serde-saphyr` deserializes into Rust types and reads numbers as `f64`; `saphyr` keeps
//! positions but expands aliases without a limit. This reader uses the event parser of `serde-saphyr`.
//!
//! There are two modes. [`parse_strict`] is for files that a person maintains: syntax that YAML readers interpret
//! differently is an error. The importer's own mode is for pages: it accepts what a page generator may emit.

use crate::json::{JsonNode, MAX_PAGE_VALUES, MAX_PROJECT_VALUES};
use reader::YamlReader;

mod reader;
mod scalars;

/// Largest file that [`parse_strict`] reads, in bytes: 8 MiB.
const MAX_STRICT_BYTES: usize = 8 * 1024 * 1024;

/// The syntax that a mode accepts.
#[derive(Debug, Clone, Copy)]
struct YamlLimits {
    strict: bool,
    depth: usize,
    /// Number of values, including those that aliases copy.
    values: usize,
    /// Bytes of keys and strings that anchors and aliases copy.
    copied_bytes: usize,
}

const STRICT: YamlLimits = YamlLimits {
    strict: true,
    depth: 64,
    values: usize::MAX,
    copied_bytes: 1024 * 1024,
};

const LENIENT: YamlLimits = YamlLimits {
    strict: false,
    depth: 100,
    values: MAX_PAGE_VALUES,
    copied_bytes: usize::MAX,
};

/// The reason why a text cannot be parsed as YAML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YamlError {
    /// The line, counted from 1; absent if the error concerns the whole file.
    pub line: Option<u32>,
    /// The problem, in one sentence without a full stop.
    pub message: String,
    /// How to correct it.
    pub help: String,
}

impl YamlError {
    fn new(line: impl Into<Option<u32>>, message: impl Into<String>, help: &str) -> Self {
        Self {
            line: line.into(),
            message: message.into(),
            help: help.to_owned(),
        }
    }
}

/// Returns the line of the last `---` up to a line, or that line.
fn document_start(text: &str, line: u32) -> u32 {
    let mut start = line;
    let mut number = 0;
    for text in text.lines() {
        number += 1;
        if number <= line && text.starts_with("---") {
            start = number;
        }
    }
    start
}

/// Reads a file of exactly one YAML document by strict rules.
///
/// # Errors
///
/// Returns an error for a file that is empty, larger than 8 MiB or not UTF-8; for a second document, a repeated key, a key
/// that is not a scalar, a tag, a `<<` merge, an alias inside its own anchor, nesting beyond 64 levels, and aliases that
/// copy more than 1 MiB; and for a plain scalar that some readers parse as a boolean (`yes`) or that JSON cannot hold digit
/// for digit (`0x1F`, `007`).
pub fn parse_strict(bytes: &[u8]) -> Result<JsonNode, YamlError> {
    if bytes.len() > MAX_STRICT_BYTES {
        return Err(YamlError::new(
            None,
            "the file is larger than 8 MiB",
            "split the file, or check what was added to it",
        ));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        YamlError::new(
            u32::try_from(line).ok(),
            "the file is not UTF-8",
            "save the file as UTF-8",
        )
    })?;
    let mut reader = YamlReader::new(text, 1, STRICT);
    let root = reader.document()?;
    match reader.next_content()? {
        None => root.ok_or_else(|| {
            YamlError::new(
                None,
                "the file is empty",
                "write a document, or delete the file",
            )
        }),
        Some((_, line)) => Err(YamlError::new(
            document_start(text, line),
            "a second YAML document begins here",
            "write one document per file",
        )),
    }
}

/// The YAML block of a page.
#[derive(Debug)]
pub(crate) struct YamlBlock {
    pub(crate) root: JsonNode,
    /// Line of an alias inside its own anchor, which is read as null.
    pub(crate) cycle: Option<u32>,
}

/// Reads the first document of a block whose first line is line `first_line` of the page.
///
/// Tags are ignored except that they make a scalar a string, and a repeated key is kept.
pub(crate) fn parse_block(text: &str, first_line: u32) -> Result<YamlBlock, YamlError> {
    parse_lenient(text, first_line, LENIENT)
}

/// Reads the first document of a file that has the operations of a whole project.
pub(crate) fn parse_project(text: &str) -> Result<YamlBlock, YamlError> {
    let limits = YamlLimits {
        values: MAX_PROJECT_VALUES,
        ..LENIENT
    };
    parse_lenient(text, 1, limits)
}

fn parse_lenient(text: &str, first_line: u32, limits: YamlLimits) -> Result<YamlBlock, YamlError> {
    let mut reader = YamlReader::new(text, first_line, limits);
    let Some(root) = reader.document()? else {
        return Err(YamlError::new(
            first_line,
            "the block is empty",
            "save the page again",
        ));
    };
    Ok(YamlBlock {
        root,
        cycle: reader.cycle,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lenient(text: &str) -> String {
        match parse_block(text, 10) {
            Ok(block) => block.root.to_value().to_string(),
            Err(error) => format!("{:?}: {}", error.line, error.message),
        }
    }

    fn strict(text: &str) -> String {
        parse_strict(text.as_bytes())
            .unwrap()
            .to_value()
            .to_string()
    }

    #[test]
    fn project_may_have_more_values_than_a_page() {
        let text = format!("a: [{}1]", "1,".repeat(MAX_PAGE_VALUES));
        let error = parse_block(&text, 1).unwrap_err();
        assert!(
            error.message.contains("more than 200000 values"),
            "{error:?}"
        );
        assert!(parse_project(&text).is_ok());
    }

    #[test]
    fn lenient_scalars_follow_json() {
        for (yaml, json) in [
            (
                "a: 1.50\nb: '1'\nc: 007\nd: ~\ne: yes",
                r#"{"a":1.50,"b":"1","c":"007","d":null,"e":"yes"}"#,
            ),
            (
                "- 2026-01-02\n- 1e400\n- .5\n- 0x1F\n- -0\n- 1_000",
                r#"["2026-01-02",1e+400,".5","0x1F",-0,"1_000"]"#,
            ),
            ("? a\n: b", r#"{"a":"b"}"#),
            (
                "a: >-\n  x\n  y\nb: |-\n  x\n  y",
                r#"{"a":"x y","b":"x\ny"}"#,
            ),
            ("a: &x {b: 1}\nc: *x", r#"{"a":{"b":1},"c":{"b":1}}"#),
            ("a: &x\n  b: *x", r#"{"a":{"b":null}}"#),
            ("!!str 1", r#""1""#),
        ] {
            assert_eq!(lenient(yaml), json, "{yaml}");
        }
    }

    #[test]
    fn strict_scalars_follow_json_and_keep_their_digits() {
        for (yaml, json) in [
            ("a: 0.10", r#"{"a":0.10}"#),
            (
                "a: 12345678901234567890.12",
                r#"{"a":12345678901234567890.12}"#,
            ),
            ("a: -0", r#"{"a":-0}"#),
            ("a: '0.10'", r#"{"a":"0.10"}"#),
            (
                "a: [1, ~, null, true, \"x\"]",
                r#"{"a":[1,null,null,true,"x"]}"#,
            ),
            (
                "a: >-\n  two\n  lines\nb: |\n  x\n",
                r#"{"a":"two lines","b":"x\n"}"#,
            ),
            (
                "200: {description: 2025-12-24}",
                r#"{"200":{"description":"2025-12-24"}}"#,
            ),
            ("a: 1.2.3", r#"{"a":"1.2.3"}"#),
            (
                "a: 0x\nb: e5\nc: '.'\nd: .",
                r#"{"a":"0x","b":"e5","c":".","d":"."}"#,
            ),
            ("a:\n# a comment\n- b # another\n", r#"{"a":["b"]}"#),
            ("b: 1\na: 2", r#"{"b":1,"a":2}"#),
            (
                "a: &x {c: &y 1.50}\nb: [*x, *y]",
                r#"{"a":{"c":1.50},"b":[{"c":1.50},1.50]}"#,
            ),
            ("a: &x 1\nb: &x 2\nc: *x", r#"{"a":1,"b":2,"c":2}"#),
        ] {
            assert_eq!(strict(yaml), json, "{yaml}");
        }
    }

    #[test]
    fn strict_mode_rejects_what_readers_disagree_about() {
        for (yaml, line, message) in [
            ("a: 1\nb: 007", 2, "digit for digit"),
            ("a: 1e5000", 1, "digit for digit"),
            ("a: 0x1F", 1, "digit for digit"),
            ("a: +1", 1, "digit for digit"),
            ("a: .5", 1, "digit for digit"),
            ("a: 1_000", 1, "digit for digit"),
            ("a: .nan", 1, "digit for digit"),
            ("a: Yes", 1, "a boolean for others"),
            ("a: &x [*x]", 1, "inside its own anchor"),
            ("a: !!str 1", 1, "tags"),
            ("<<: {a: 1}", 1, "merges"),
            (
                "a: 1\na: 2",
                2,
                "repeated in one mapping; it is first on line 1",
            ),
            ("? [a]\n: 1", 1, "a key of a mapping"),
            ("a: 1\n---\nb: 2", 2, "second YAML document"),
            ("a: [1", 1, "not YAML"),
            ("a: b: c", 1, "not YAML"),
        ] {
            let error = parse_strict(yaml.as_bytes()).unwrap_err();
            assert!(error.message.contains(message), "{yaml}: {error:?}");
            assert_eq!(error.line, Some(line), "{yaml}: {error:?}");
        }
        assert!(parse_strict(b"").unwrap_err().message.contains("empty"));
        assert_eq!(parse_strict(b"a: 1\nb: \xff").unwrap_err().line, Some(2));
    }

    #[test]
    fn nodes_keep_their_lines() {
        let root = parse_strict(b"# head\na:\n  - x\n  -\n    b: 1\n").unwrap();
        let field = &root.fields()[0];
        assert_eq!((field.line, field.name.as_str()), (2, "a"));
        let lines: Vec<u32> = field.value.items().iter().map(|node| node.line).collect();
        assert_eq!(lines, [3, 5]);
        let root = parse_block("a:\n  - 1\n  -\n    b: 2", 10).unwrap().root;
        let [one, two] = root.get("a").unwrap().items() else {
            panic!("two items");
        };
        assert_eq!((one.line, two.fields()[0].line), (11, 13));
    }

    /// Returns a text in which each line repeats the previous one through aliases.
    fn alias_bomb(times: usize, lines: usize) -> String {
        let mut text = "a0: &a0 [x]\n".to_owned();
        for line in 1..lines {
            let aliases = vec![format!("*a{}", line - 1); times].join(", ");
            text.push_str(&format!("a{line}: &a{line} [{aliases}]\n"));
        }
        text
    }

    /// Returns nested mappings, one per line.
    fn nested_mappings(levels: usize) -> String {
        (0..levels)
            .map(|level| format!("{}a:\n", " ".repeat(level)))
            .collect()
    }

    #[test]
    fn lenient_errors_name_line_and_reason() {
        for (yaml, line, message) in [
            (alias_bomb(10, 12).as_str(), 14, "more than 200000 values"),
            (&"[".repeat(5_000), 10, ""),
            (&format!("a: {}", "- ".repeat(5_000)), 10, ""),
            (&nested_mappings(150), 111, "deeper than 100 levels"),
            ("", 10, "the block is empty"),
            ("a: [1, 2", 10, "not YAML"),
            ("a: *b", 10, "not YAML"),
            ("[a]: 1", 10, "a key of a mapping"),
            ("a: 1\n b: 2", 11, "not YAML"),
        ] {
            let error = parse_block(yaml, 10).expect_err(&yaml[..yaml.len().min(40)]);
            assert!(error.message.contains(message), "{error:?}");
            assert!(error.line.is_some_and(|found| found >= line), "{error:?}");
        }
    }

    #[test]
    fn strict_mode_rejects_deep_nesting_and_alias_bombs() {
        for text in [
            "[".repeat(100_000),
            "{a: ".repeat(100_000),
            nested_mappings(5_000),
            "- ".repeat(100_000),
            alias_bomb(2, 30),
            alias_bomb(200, 4),
            format!(
                "a: &a {}\nb: [{}]",
                "x".repeat(100_000),
                vec!["*a"; 20].join(", ")
            ),
            format!(
                "a: &a {0}1{1}\nb: {0}*a{1}\n",
                "[".repeat(40),
                "]".repeat(40)
            ),
            " ".repeat(MAX_STRICT_BYTES + 1),
        ] {
            parse_strict(text.as_bytes()).unwrap_err();
        }
    }
}
