//! The YAML block of a page, with the line of every member and every digit of a number.
//!
//! Aliases are resolved within a budget, so that a small page cannot unfold into a large one.

use std::collections::HashMap;

use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, Span, StrInput};

use crate::json::{Budget, Json, Member, Node};

/// How deep the block may be nested: as deep as the examples of any page.
const DEEPEST: usize = 100;

/// Why a block can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// Line of the page.
    pub(super) line: u32,
    pub(super) reason: String,
}

/// A block that was read.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) node: Node,
    /// Line of an alias that stands inside what it names; nothing is there in its place.
    pub(super) cycle: Option<u32>,
}

/// Reads the first document of a block whose first line is `first` on the page.
pub(super) fn read(text: &str, first: u32) -> Result<Read, Failure> {
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        before: first.saturating_sub(1),
        anchors: HashMap::new(),
        budget: Budget::default(),
        cycle: None,
    };
    loop {
        let (event, line) = reader.next()?;
        match event {
            Event::StreamEnd => return Err(failure(line.max(first), "the block is empty")),
            Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
            event => {
                let node = reader.node(event, line, 0)?;
                return Ok(Read {
                    node,
                    cycle: reader.cycle,
                });
            }
        }
    }
}

/// A node that an alias can name.
struct Anchored {
    node: Node,
    height: usize,
    size: usize,
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    /// Lines of the page before the block.
    before: u32,
    anchors: HashMap<usize, Anchored>,
    budget: Budget,
    cycle: Option<u32>,
}

fn failure(line: u32, reason: impl Into<String>) -> Failure {
    Failure {
        line,
        reason: reason.into(),
    }
}

impl<'a> Reader<'a> {
    /// The next event that is no comment, and its line on the page.
    fn next(&mut self) -> Result<(Event<'a>, u32), Failure> {
        loop {
            match self.parser.next_event() {
                Some(Ok((Event::Comment(..), _))) => {}
                Some(Ok((event, span))) => return Ok((event, self.line(&span))),
                Some(Err(error)) => {
                    let line = u32::try_from(error.marker().line()).unwrap_or(u32::MAX);
                    let line = line.saturating_add(self.before);
                    return Err(failure(line, format!("this is no YAML: {}", error.info())));
                }
                None => return Ok((Event::StreamEnd, 0)),
            }
        }
    }

    fn line(&self, span: &Span) -> u32 {
        let line = u32::try_from(span.start.line()).unwrap_or(u32::MAX);
        line.saturating_add(self.before)
    }

    fn take(&mut self, line: u32) -> Result<(), Failure> {
        if self.budget.take() {
            return Ok(());
        }
        Err(failure(
            line,
            "the block holds, or unfolds by its aliases into, more than 200000 values",
        ))
    }

    fn node(&mut self, event: Event<'a>, line: u32, depth: usize) -> Result<Node, Failure> {
        if depth > DEEPEST {
            return Err(failure(
                line,
                format!("the block is nested deeper than {DEEPEST} levels"),
            ));
        }
        self.take(line)?;
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                // A tag tells the type of a value; all but strings are plain JSON anyway.
                let plain = style == ScalarStyle::Plain && tag.is_none();
                (scalar(&text, plain), anchor)
            }
            Event::SequenceStart(_, anchor, _) => (Json::Array(self.items(depth)?), anchor),
            Event::MappingStart(_, anchor, _) => (Json::Object(self.members(depth)?), anchor),
            Event::Alias(anchor) => return self.alias(anchor, line, depth),
            _ => return Err(failure(line, "the block breaks off here")),
        };
        let node = Node { line, value };
        // 0 means that there is none.
        if anchor != 0 {
            let (height, size) = measure(&node);
            self.spend(size, line)?;
            let anchored = Anchored {
                node: node.clone(),
                height,
                size,
            };
            self.anchors.insert(anchor, anchored);
        }
        Ok(node)
    }

    fn items(&mut self, depth: usize) -> Result<Vec<Node>, Failure> {
        let mut items = Vec::new();
        loop {
            let (event, line) = self.next()?;
            match event {
                Event::SequenceEnd => return Ok(items),
                event => items.push(self.node(event, line, depth + 1)?),
            }
        }
    }

    fn members(&mut self, depth: usize) -> Result<Vec<Member>, Failure> {
        let mut members: Vec<Member> = Vec::new();
        loop {
            let (event, line) = self.next()?;
            let name = match event {
                Event::MappingEnd => return Ok(members),
                Event::Scalar(text, ..) => text.into_owned(),
                _ => return Err(failure(line, "a key of a mapping is not plain text")),
            };
            let (event, at) = self.next()?;
            let value = self.node(event, at, depth + 1)?;
            members.push(Member { name, line, value });
        }
    }

    /// A copy of the node that an alias names, within the budget. It stands where the alias does.
    fn alias(&mut self, anchor: usize, line: u32, depth: usize) -> Result<Node, Failure> {
        let Some(anchored) = self.anchors.get(&anchor) else {
            self.cycle = self.cycle.or(Some(line));
            return Ok(Node {
                line,
                value: Json::Null,
            });
        };
        if depth + anchored.height > DEEPEST {
            return Err(failure(
                line,
                format!("an alias nests the block deeper than {DEEPEST} levels"),
            ));
        }
        let (node, size) = (anchored.node.clone(), anchored.size);
        self.spend(size, line)?;
        Ok(Node { line, ..node })
    }

    fn spend(&mut self, size: usize, line: u32) -> Result<(), Failure> {
        (0..size).try_for_each(|_| self.take(line))
    }
}

/// Depth and number of the values of a node.
fn measure(node: &Node) -> (usize, usize) {
    let below = |values: &mut dyn Iterator<Item = &Node>| {
        values.map(measure).fold((0, 1), |(height, size), inner| {
            (height.max(inner.0 + 1), size + inner.1)
        })
    };
    match &node.value {
        Json::Array(items) => below(&mut items.iter()),
        Json::Object(members) => below(&mut members.iter().map(|member| &member.value)),
        // A long text counts as what it takes.
        Json::Text(text) | Json::Number(text) => (0, 1 + text.len() / 256),
        Json::Null | Json::Bool(_) => (0, 1),
    }
}

/// A scalar by the rules of the JSON schema of YAML 1.2.
fn scalar(text: &str, plain: bool) -> Json {
    if !plain {
        return Json::Text(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Json::Null,
        "true" | "True" | "TRUE" => Json::Bool(true),
        "false" | "False" | "FALSE" => Json::Bool(false),
        _ if is_number(text) => Json::Number(text.to_owned()),
        _ => Json::Text(text.to_owned()),
    }
}

/// Whether JSON has the number too.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let leading_zero = digits.len() > 1
        && digits.starts_with('0')
        && digits.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    digits.starts_with(|c: char| c.is_ascii_digit())
        && !leading_zero
        && text.parse::<serde_json::Number>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(text: &str) -> String {
        match read(text, 10) {
            Ok(read) => read.node.to_value().to_string(),
            Err(failure) => format!("{}: {}", failure.line, failure.reason),
        }
    }

    #[test]
    fn values_are_those_of_json() {
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
            assert_eq!(flat(yaml), json, "{yaml}");
        }
    }

    #[test]
    fn lines_are_those_of_the_page() {
        let node = read("a:\n  - 1\n  -\n    b: 2", 10).unwrap().node;
        let [one, two] = node.get("a").unwrap().items() else {
            panic!("two items");
        };
        assert_eq!((one.line, two.members()[0].line), (11, 13));
    }

    #[test]
    fn what_is_refused_says_why() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let names = vec![format!("*a{}", level - 1); 10].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{names}]\n"));
        }
        for (yaml, line, reason) in [
            (bomb.as_str(), 14, "more than 200000 values"),
            (&"[".repeat(5_000), 10, ""),
            (&format!("a: {}", "- ".repeat(5_000)), 10, ""),
            (&deep(150), 111, "deeper than 100 levels"),
            ("", 10, "the block is empty"),
            ("a: [1, 2", 10, "no YAML"),
            ("a: *b", 10, "no YAML"),
            ("[a]: 1", 10, "a key"),
            ("a: 1\n b: 2", 11, "no YAML"),
        ] {
            let failure = read(yaml, 10).expect_err(&yaml[..yaml.len().min(40)]);
            assert!(failure.reason.contains(reason), "{failure:?}");
            assert!(failure.line >= line, "{failure:?}");
        }
    }

    /// A block of mappings, each in the one before.
    fn deep(levels: usize) -> String {
        (0..levels)
            .map(|level| format!("{}a:\n", " ".repeat(level)))
            .collect()
    }
}
