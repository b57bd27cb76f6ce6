//! Builds the tree of values from the events of the parser.

use super::scalars::{lenient_scalar, strict_scalar};
use super::{YamlError, YamlLimits};
use crate::json::{JsonField, JsonNode, JsonValue};
use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, Span, StrInput};
use std::collections::HashMap;

/// A node that an alias can refer to, and its size.
struct AnchoredNode {
    node: JsonNode,
    size: NodeSize,
}

#[derive(Debug, Clone, Copy)]
struct NodeSize {
    height: usize,
    values: usize,
    bytes: usize,
}

pub(super) struct YamlReader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    /// Number of lines of the page above the block.
    lines_above: u32,
    limits: YamlLimits,
    /// The number of values that a document may have.
    max_values: usize,
    anchors: HashMap<usize, AnchoredNode>,
    pub(super) cycle: Option<u32>,
}

impl<'a> YamlReader<'a> {
    pub(super) fn new(text: &'a str, first_line: u32, limits: YamlLimits) -> Self {
        Self {
            parser: Parser::new_from_str(text),
            lines_above: first_line.saturating_sub(1),
            limits,
            max_values: limits.values,
            anchors: HashMap::new(),
            cycle: None,
        }
    }

    /// Returns the next event that is not a comment, and its line.
    pub(super) fn next(&mut self) -> Result<(Event<'a>, u32), YamlError> {
        loop {
            match self.parser.next_event() {
                Some(Ok((Event::Comment(..), _))) => {}
                Some(Ok((event, span))) => return Ok((event, self.line(&span))),
                Some(Err(error)) => {
                    let line = u32::try_from(error.marker().line()).unwrap_or(u32::MAX);
                    return Err(YamlError::new(
                        line.saturating_add(self.lines_above),
                        format!("this is not YAML: {}", error.info()),
                        "correct the YAML syntax",
                    ));
                }
                None => return Ok((Event::StreamEnd, 0)),
            }
        }
    }

    /// Returns the next event inside a document, or `None` at the end of the text.
    pub(super) fn next_content(&mut self) -> Result<Option<(Event<'a>, u32)>, YamlError> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(None),
                (Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd, _) => {}
                content => return Ok(Some(content)),
            }
        }
    }

    /// Reads the next document, or returns `None` at the end of the text.
    pub(super) fn document(&mut self) -> Result<Option<JsonNode>, YamlError> {
        match self.next_content()? {
            Some((event, line)) => self.node(event, line, 0).map(Some),
            None => Ok(None),
        }
    }

    fn line(&self, span: &Span) -> u32 {
        let line = u32::try_from(span.start.line()).unwrap_or(u32::MAX);
        line.saturating_add(self.lines_above)
    }

    pub(super) fn node(
        &mut self,
        event: Event<'a>,
        line: u32,
        depth: usize,
    ) -> Result<JsonNode, YamlError> {
        if depth > self.limits.depth {
            return Err(self.too_deep(line));
        }
        self.charge_values(1, line)?;
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.check_tag(tag.is_some(), line)?;
                let plain = style == ScalarStyle::Plain && tag.is_none();
                let value = match plain {
                    false => JsonValue::String(text.into_owned()),
                    true if self.limits.strict => strict_scalar(&text, line)?,
                    true => lenient_scalar(&text),
                };
                (value, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.check_tag(tag.is_some(), line)?;
                (JsonValue::Array(self.items(depth)?), anchor)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.check_tag(tag.is_some(), line)?;
                (JsonValue::Object(self.fields(depth)?), anchor)
            }
            Event::Alias(anchor) => return self.alias(anchor, line, depth),
            _ => {
                return Err(YamlError::new(
                    line,
                    "the YAML ends here, before it is complete",
                    "correct the YAML syntax",
                ));
            }
        };
        let node = JsonNode { line, value };
        // The parser uses 0 for a node without an anchor.
        if anchor != 0 {
            let size = measure(&node);
            self.charge_copy(size, line)?;
            let node = node.clone();
            self.anchors.insert(anchor, AnchoredNode { node, size });
        }
        Ok(node)
    }

    fn items(&mut self, depth: usize) -> Result<Vec<JsonNode>, YamlError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                (event, line) => items.push(self.node(event, line, depth + 1)?),
            }
        }
    }

    fn fields(&mut self, depth: usize) -> Result<Vec<JsonField>, YamlError> {
        let mut fields: Vec<JsonField> = Vec::new();
        let mut first_lines = HashMap::new();
        loop {
            let (event, line) = self.next()?;
            let name = match event {
                Event::MappingEnd => return Ok(fields),
                Event::Scalar(text, style, _, tag) => {
                    self.check_tag(tag.is_some(), line)?;
                    if self.limits.strict && text == "<<" && style == ScalarStyle::Plain {
                        return Err(YamlError::new(
                            line,
                            "`<<` merges are not supported",
                            "write the merged fields out",
                        ));
                    }
                    text.into_owned()
                }
                _ => {
                    return Err(YamlError::new(
                        line,
                        "a key of a mapping is not a scalar",
                        "write the key as text",
                    ));
                }
            };
            if self.limits.strict
                && let Some(first) = first_lines.insert(name.clone(), line)
            {
                return Err(YamlError::new(
                    line,
                    format!(
                        "the key `{name}` is repeated in one mapping; it is first on line {first}"
                    ),
                    "keep one of the two fields",
                ));
            }
            let (event, value_line) = self.next()?;
            let value = self.node(event, value_line, depth + 1)?;
            fields.push(JsonField { name, line, value });
        }
    }

    /// Copies the node that an alias refers to. The copy has the line of the alias.
    fn alias(&mut self, anchor: usize, line: u32, depth: usize) -> Result<JsonNode, YamlError> {
        let Some(anchored) = self.anchors.get(&anchor) else {
            if self.limits.strict {
                return Err(YamlError::new(
                    line,
                    "an alias is used inside its own anchor",
                    "write the value out",
                ));
            }
            self.cycle = self.cycle.or(Some(line));
            let value = JsonValue::Null;
            return Ok(JsonNode { line, value });
        };
        if depth + anchored.size.height > self.limits.depth {
            return Err(self.too_deep(line));
        }
        let (value, size) = (anchored.node.value.clone(), anchored.size);
        self.charge_copy(size, line)?;
        Ok(JsonNode { line, value })
    }

    fn check_tag(&self, tagged: bool, line: u32) -> Result<(), YamlError> {
        if tagged && self.limits.strict {
            return Err(YamlError::new(
                line,
                "tags (`!…`) are not supported",
                "remove the tag; put the value in quotes if it is a string",
            ));
        }
        Ok(())
    }

    fn too_deep(&self, line: u32) -> YamlError {
        let message = format!(
            "the YAML is nested deeper than {} levels",
            self.limits.depth
        );
        YamlError::new(
            line,
            message,
            "an OpenAPI document needs fewer levels: check the indentation",
        )
    }

    fn charge_copy(&mut self, size: NodeSize, line: u32) -> Result<(), YamlError> {
        self.charge_values(size.values, line)?;
        let left = self.limits.copied_bytes.checked_sub(size.bytes);
        self.limits.copied_bytes = left.ok_or_else(|| {
            YamlError::new(
                line,
                "the anchors and aliases copy more than 1 MiB",
                "write the values out, or split the file",
            )
        })?;
        Ok(())
    }

    fn charge_values(&mut self, count: usize, line: u32) -> Result<(), YamlError> {
        let left = self.limits.values.checked_sub(count);
        self.limits.values = left.ok_or_else(|| {
            let message = format!(
                "the YAML has more than {} values, copies by aliases included",
                self.max_values
            );
            YamlError::new(line, message, "write the values out, or split the page")
        })?;
        Ok(())
    }
}

fn measure(node: &JsonNode) -> NodeSize {
    let leaf = |values, bytes| NodeSize {
        height: 0,
        values,
        bytes,
    };
    let add = |all: NodeSize, inner: NodeSize, name_bytes: usize| NodeSize {
        height: all.height.max(inner.height + 1),
        values: all.values + inner.values,
        bytes: all.bytes + inner.bytes + name_bytes,
    };
    match &node.value {
        JsonValue::Array(items) => items
            .iter()
            .fold(leaf(1, 1), |all, item| add(all, measure(item), 0)),
        JsonValue::Object(fields) => fields.iter().fold(leaf(1, 1), |all, field| {
            add(all, measure(&field.value), field.name.len())
        }),
        // A long string counts as several values.
        JsonValue::String(text) | JsonValue::Number(text) => {
            leaf(1 + text.len() / 256, text.len() + 1)
        }
        JsonValue::Null | JsonValue::Bool(_) => leaf(1, 8),
    }
}
