//! The YAML that overlays are written in: a small, safe part of YAML 1.2, with the line of every node.
//!
//! Tags and merge keys are refused: they bring nothing to an overlay. Aliases have a budget, so that a
//! small file cannot unfold into a large one. Numbers keep their digits, or are refused.

use super::scalar;
use serde_json::{Map, Value};
use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, Span, StrInput};
use std::collections::HashMap;

/// How deep an overlay may be nested. The documents that overlays change are about 15 deep.
const MAX_DEPTH: usize = 64;

/// How large an overlay file may be, in bytes.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// How much all anchors and aliases of a file may copy, in bytes of keys and texts.
const MAX_ALIASED: usize = 1024 * 1024;

/// A node of a YAML file and the line it begins on.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) line: u32,
    pub(super) data: Data,
}

/// What a node holds. Members keep their order and the line of their key.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Data {
    Scalar(Value),
    List(Vec<Node>),
    Map(Vec<Member>),
}

/// A member of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Member {
    pub(super) key: String,
    pub(super) line: u32,
    pub(super) node: Node,
}

/// Why a text is not such YAML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) line: Option<u32>,
    pub(super) text: String,
    pub(super) help: String,
}

impl Node {
    /// The node as JSON, without its lines.
    pub(super) fn into_value(self) -> Value {
        match self.data {
            Data::Scalar(value) => value,
            Data::List(nodes) => Value::Array(nodes.into_iter().map(Node::into_value).collect()),
            Data::Map(members) => Value::Object(
                members
                    .into_iter()
                    .map(|member| (member.key, member.node.into_value()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }

    /// The text of a string node.
    pub(super) fn as_str(&self) -> Option<&str> {
        match &self.data {
            Data::Scalar(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// How deep the node is, and how many bytes its keys and texts have, roughly.
    fn measure(&self) -> (usize, usize) {
        match &self.data {
            Data::Scalar(Value::String(text)) => (0, text.len() + 1),
            Data::Scalar(_) => (0, 8),
            Data::List(nodes) => nodes
                .iter()
                .map(Self::measure)
                .fold((0, 1), |(depth, bytes), inner| {
                    (depth.max(inner.0 + 1), bytes + inner.1)
                }),
            Data::Map(members) => members
                .iter()
                .map(|member| (member.node.measure(), member.key.len()))
                .fold((0, 1), |(depth, bytes), (inner, key)| {
                    (depth.max(inner.0 + 1), bytes + inner.1 + key)
                }),
        }
    }

    /// What the node is, in a word, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match &self.data {
            Data::Map(_) => "a mapping",
            Data::List(_) => "a list",
            Data::Scalar(Value::Null) => "nothing",
            Data::Scalar(Value::Bool(_)) => "a boolean",
            Data::Scalar(Value::Number(_)) => "a number",
            Data::Scalar(_) => "text",
        }
    }
}

/// Reads a file of one YAML document.
pub(super) fn read(bytes: &[u8]) -> Result<Node, Refusal> {
    if bytes.len() > MAX_BYTES {
        return Err(refusal(
            None,
            "the file is larger than 8 MB",
            "an overlay is written by hand: split it, or see what went into it",
        ));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        refusal(
            u32::try_from(line).ok(),
            "the file is not UTF-8",
            "save it as UTF-8",
        )
    })?;
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        anchors: HashMap::new(),
        aliased: 0,
    };
    let mut document = None;
    loop {
        let (event, span) = reader.next()?;
        match event {
            Event::StreamEnd => break,
            Event::DocumentStart(..) if document.is_some() => {
                return Err(refusal(
                    Some(line(&span)),
                    "a second YAML document begins here",
                    "write one overlay a file",
                ));
            }
            Event::DocumentStart(..) | Event::DocumentEnd | Event::StreamStart => {}
            event => document = Some(reader.node(event, &span, 0)?),
        }
    }
    document.ok_or_else(|| {
        refusal(
            None,
            "the file is empty",
            "write an overlay, or delete the file",
        )
    })
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    /// The nodes that have an anchor.
    anchors: HashMap<usize, Node>,
    /// What anchors and aliases copied so far, in bytes.
    aliased: usize,
}

impl<'a> Reader<'a> {
    /// The next event that is not a comment.
    fn next(&mut self) -> Result<(Event<'a>, Span), Refusal> {
        loop {
            match self.parser.next_event() {
                Some(Ok((Event::Comment(..), _))) => {}
                Some(Ok(found)) => return Ok(found),
                Some(Err(error)) => {
                    let line = u32::try_from(error.marker().line()).ok();
                    return Err(refusal(
                        line,
                        &format!("this is not YAML: {}", error.info()),
                        "mend the YAML",
                    ));
                }
                None => return Ok((Event::StreamEnd, Span::default())),
            }
        }
    }

    fn node(&mut self, event: Event<'a>, span: &Span, depth: usize) -> Result<Node, Refusal> {
        let line = line(span);
        if depth > MAX_DEPTH {
            return Err(refusal(
                Some(line),
                "this is nested more than 64 deep",
                "an OpenAPI document needs far less: see what went wrong",
            ));
        }
        let (data, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                untagged(line, tag.is_some())?;
                (Data::Scalar(scalar(&text, style, line)?), anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                untagged(line, tag.is_some())?;
                let mut nodes = Vec::new();
                loop {
                    let (event, span) = self.next()?;
                    match event {
                        Event::SequenceEnd => break (Data::List(nodes), anchor),
                        event => nodes.push(self.node(event, &span, depth + 1)?),
                    }
                }
            }
            Event::MappingStart(_, anchor, tag) => {
                untagged(line, tag.is_some())?;
                (Data::Map(self.members(depth)?), anchor)
            }
            Event::Alias(anchor) => return self.alias(anchor, line, depth),
            _ => {
                return Err(refusal(
                    Some(line),
                    "the YAML breaks off here",
                    "mend the YAML",
                ));
            }
        };
        let node = Node { line, data };
        // 0 means that there is none.
        if anchor != 0 {
            self.copied(&node, line, depth)?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    /// A copy of the node that an alias names, within the budget.
    fn alias(&mut self, anchor: usize, line: u32, depth: usize) -> Result<Node, Refusal> {
        let Some(node) = self.anchors.get(&anchor) else {
            return Err(refusal(
                Some(line),
                "an alias stands inside what it names",
                "write the value out",
            ));
        };
        let node = Node {
            line,
            ..node.clone()
        };
        self.copied(&node, line, depth)?;
        Ok(node)
    }

    /// Charges a copy to the budget.
    fn copied(&mut self, node: &Node, line: u32, depth: usize) -> Result<(), Refusal> {
        let (height, bytes) = node.measure();
        self.aliased += bytes;
        if self.aliased > MAX_ALIASED || depth + height > MAX_DEPTH {
            return Err(refusal(
                Some(line),
                "the anchors and aliases unfold into more than 1 MB, or deeper than 64",
                "write the values out, or split the file",
            ));
        }
        Ok(())
    }

    fn members(&mut self, depth: usize) -> Result<Vec<Member>, Refusal> {
        let mut members: Vec<Member> = Vec::new();
        let mut seen = HashMap::new();
        loop {
            let (event, span) = self.next()?;
            let line = line(&span);
            let key = match event {
                Event::MappingEnd => return Ok(members),
                Event::Scalar(text, style, _, tag) => {
                    untagged(line, tag.is_some())?;
                    if text == "<<" && style == ScalarStyle::Plain {
                        return Err(refusal(
                            Some(line),
                            "`<<` merges are not used in overlays",
                            "write the members out",
                        ));
                    }
                    text.into_owned()
                }
                _ => {
                    return Err(refusal(
                        Some(line),
                        "a key is not plain text",
                        "write the key as text",
                    ));
                }
            };
            if let Some(first) = seen.insert(key.clone(), line) {
                return Err(refusal(
                    Some(line),
                    &format!("`{key}` is written twice in one mapping, first in line {first}"),
                    "keep one of them",
                ));
            }
            let (event, span) = self.next()?;
            let node = self.node(event, &span, depth + 1)?;
            members.push(Member { key, line, node });
        }
    }
}

/// The line of a span; a position beyond 4 billion lines cannot occur in a file of [`MAX_BYTES`].
fn line(span: &Span) -> u32 {
    u32::try_from(span.start.line()).unwrap_or(u32::MAX)
}

fn refusal(line: Option<u32>, text: &str, help: &str) -> Refusal {
    Refusal {
        line,
        text: text.to_owned(),
        help: help.to_owned(),
    }
}

fn untagged(line: u32, tagged: bool) -> Result<(), Refusal> {
    if tagged {
        return Err(refusal(
            Some(line),
            "tags (`!…`) are not used in overlays",
            "leave the tag out; quote the value if it is text",
        ));
    }
    Ok(())
}

fn scalar(text: &str, style: ScalarStyle, line: u32) -> Result<Value, Refusal> {
    if style != ScalarStyle::Plain {
        return Ok(Value::String(text.to_owned()));
    }
    scalar::plain(text).map_err(|doubt| refusal(Some(line), &doubt.text, &doubt.help))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        read(text.as_bytes()).unwrap().into_value()
    }

    #[test]
    fn scalars_follow_json_and_keep_their_digits() {
        let table = [
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
            ("a:\n# a remark\n- b # another\n", r#"{"a":["b"]}"#),
            ("b: 1\na: 2", r#"{"b":1,"a":2}"#),
            (
                "a: &x {c: &y 1.50}\nb: [*x, *y]",
                r#"{"a":{"c":1.50},"b":[{"c":1.50},1.50]}"#,
            ),
            ("a: &x 1\nb: &x 2\nc: *x", r#"{"a":1,"b":2,"c":2}"#),
        ];
        for (yaml, json) in table {
            assert_eq!(value(yaml).to_string(), json, "{yaml}");
        }
    }

    #[test]
    fn what_readers_disagree_about_is_refused() {
        let table: [(&str, u32, &str); 16] = [
            ("a: 1\nb: 007", 2, "digit for digit"),
            ("a: 1e5000", 1, "digit for digit"),
            ("a: 0x1F", 1, "digit for digit"),
            ("a: +1", 1, "digit for digit"),
            ("a: .5", 1, "digit for digit"),
            ("a: 1_000", 1, "digit for digit"),
            ("a: .nan", 1, "digit for digit"),
            ("a: Yes", 1, "a boolean for others"),
            ("a: &x [*x]", 1, "inside what it names"),
            ("a: !!str 1", 1, "tags"),
            ("<<: {a: 1}", 1, "merges"),
            ("a: 1\na: 2", 2, "twice"),
            ("? [a]\n: 1", 1, "key"),
            ("a: 1\n---\nb: 2", 2, "second YAML document"),
            ("a: [1", 1, "not YAML"),
            ("a: b: c", 1, "not YAML"),
        ];
        for (yaml, line, text) in table {
            let refusal = read(yaml.as_bytes()).unwrap_err();
            assert!(refusal.text.contains(text), "{yaml}: {refusal:?}");
            assert_eq!(refusal.line, Some(line), "{yaml}: {refusal:?}");
        }
        assert!(read(b"").unwrap_err().text.contains("empty"));
        assert_eq!(read(b"a: 1\nb: \xff").unwrap_err().line, Some(2));
    }

    #[test]
    fn every_node_knows_its_line() {
        let Data::Map(members) = read(b"# head\na:\n  - x\n  -\n    b: 1\n").unwrap().data else {
            panic!("a mapping")
        };
        let member = members.first().unwrap();
        assert_eq!((member.line, member.key.as_str()), (2, "a"));
        let Data::List(nodes) = &member.node.data else {
            panic!("a list")
        };
        assert_eq!(
            nodes.iter().map(|node| node.line).collect::<Vec<_>>(),
            [3, 5]
        );
    }

    /// Each line repeats the one before it.
    fn bomb(times: usize, lines: usize) -> String {
        let mut text = "a0: &a0 [x]\n".to_owned();
        for line in 1..lines {
            let list = vec![format!("*a{}", line - 1); times].join(", ");
            text.push_str(&format!("a{line}: &a{line} [{list}]\n"));
        }
        text
    }

    #[test]
    fn deep_nesting_and_bombs_are_messages() {
        for text in [
            "[".repeat(100_000),
            "{a: ".repeat(100_000),
            (0..5_000)
                .map(|depth| format!("{}a:\n", " ".repeat(depth)))
                .collect::<String>(),
            "- ".repeat(100_000),
            bomb(2, 30),
            bomb(200, 4),
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
            " ".repeat(MAX_BYTES + 1),
        ] {
            read(text.as_bytes()).unwrap_err();
        }
    }
}
