//! The Markdown version of a page: `# title`, and for an operation a YAML block with a small
//! OpenAPI document.
//!
//! This file splits the page; `operation` reads the document, and `bodies` the bodies of its operation.

mod bodies;
pub(crate) mod operation;

use crate::PageSource;
use crate::diagnostic::Diagnostic;
use crate::json::JsonNode;
use crate::page::{Page, PageKind};
use crate::rendered::lines::{decode, take_notes};
use crate::yaml::parse_block;

/// Parses a Markdown page. If it returns no page, the diagnostics contain an error.
pub(crate) fn read(source: &PageSource, diagnostics: &mut Vec<Diagnostic>) -> Option<Page> {
    let text = decode(source.name, source.text, diagnostics)?;
    let (text, notes) = take_notes(&text);
    let parts = parts(&text);
    let title = parts.title.trim();
    if title.is_empty() {
        diagnostics.push(
            Diagnostic::error(source.name, None, "the page has no title")
                .with_help("a Markdown page starts with `# ` and its title"),
        );
        return None;
    }
    let mut page = Page {
        key: source.key.to_owned(),
        name: source.name.to_owned(),
        title: title.to_owned(),
        folder: Vec::new(),
        status: None,
        role: source.role,
        kind: PageKind::Guide,
        text: parts.text.trim().to_owned(),
        notes,
        modified: None,
        schemas: Vec::new(),
    };
    let Some(block) = parts.block else {
        if let Some(plain) = without_markup(&text) {
            let plain = PageSource {
                text: plain.as_bytes(),
                ..*source
            };
            let mut page = crate::rendered::read(&plain, diagnostics)?;
            // The line below the title may look like a title.
            if page.title != title {
                let above = std::mem::replace(&mut page.title, title.to_owned());
                page.text = [above, page.text].join("\n\n").trim().to_owned();
            }
            return Some(page);
        }
        if source.role == crate::PageRole::Webhook {
            diagnostics.push(
                Diagnostic::error(
                    source.name,
                    None,
                    "the page describes no operation: it has no `## OpenAPI Specification` block",
                )
                .with_help("save the complete Markdown page, or add it as a guide"),
            );
            return None;
        }
        return Some(page);
    };
    if !block.whole {
        diagnostics.push(
            Diagnostic::error(
                source.name,
                block.line.saturating_sub(1),
                "the YAML block that starts here has no end: the page is truncated",
            )
            .with_help("download the page again; none of it is imported until then"),
        );
        return None;
    }
    let root = document(&block, source, diagnostics)?;
    operation::read(&root, &mut page, source, diagnostics)?;
    Some(page)
}

/// Returns a page without an OpenAPI document as plain text, if it shows an operation: an extractor
/// converted the page that a browser shows. Lines are kept.
pub(crate) fn without_markup(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if fence_of(line.trim()).is_some() {
            plain.push_str(&line[line.trim_end().len()..]);
        } else {
            let words = line.trim_start_matches('#');
            let is_heading = words.len() < line.len() && words.starts_with(' ');
            plain.push_str(if is_heading {
                words.trim_start_matches(' ')
            } else {
                line
            });
        }
    }
    crate::rendered::shows_operation(&plain).then_some(plain)
}

/// Returns the OpenAPI document of a page, for a description of its lines.
pub(crate) fn document_of(
    source: &PageSource,
    text: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<JsonNode> {
    let block = parts(text).block.filter(|block| block.whole)?;
    document(&block, source, diagnostics)
}

fn document(
    block: &Block,
    source: &PageSource,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<JsonNode> {
    match parse_block(block.text, block.line) {
        Ok(read) => {
            if let Some(line) = read.cycle {
                diagnostics.push(
                    Diagnostic::warning(
                        source.name,
                        line,
                        "an alias is used inside its own anchor; any value is accepted there",
                    )
                    .with_help("write the value out, or define it in an overlay"),
                );
            }
            Some(read.root)
        }
        Err(error) => {
            diagnostics.push(
                Diagnostic::error(
                    source.name,
                    error.line,
                    format!("the YAML of the page cannot be read: {}", error.message),
                )
                .with_help("download the page again; none of it is imported until then"),
            );
            None
        }
    }
}

/// The parts of a Markdown page.
struct Parts<'a> {
    title: &'a str,
    /// Everything except the title and the YAML block.
    text: String,
    block: Option<Block<'a>>,
}

/// The YAML block.
struct Block<'a> {
    /// Line of the page on which it starts.
    line: u32,
    text: &'a str,
    /// Whether it is closed.
    whole: bool,
}

fn parts(text: &str) -> Parts<'_> {
    let mut parts = Parts {
        title: "",
        text: String::new(),
        block: None,
    };
    let mut number = 0_u32;
    let mut offset = 0;
    // Whether the last line with text is the heading of the YAML block.
    let mut heading = false;
    let mut titled = false;
    let mut fence: Option<&str> = None;
    let mut lines = text.split_inclusive('\n');
    while let Some(raw) = lines.next() {
        number = number.saturating_add(1);
        offset += raw.len();
        let line = raw.trim();
        if !titled {
            if let Some(title) = line.strip_prefix("# ") {
                parts.title = title;
                titled = true;
            }
            continue;
        }
        // A code block contains no headings.
        match fence {
            Some(open) if closes(line, open) => fence = None,
            Some(_) => {}
            None => {
                let open = fence_of(line);
                if open.is_some() && heading && parts.block.is_none() && is_yaml(line) {
                    let (block, end) = block(&text[offset..], line, number.saturating_add(1));
                    number = number.saturating_add(breaks(&text[offset..offset + end]));
                    parts.block = Some(block);
                    offset += end;
                    lines = text[offset..].split_inclusive('\n');
                    // The heading is removed with its block.
                    let kept = parts.text.trim_end().rfind('\n').map_or(0, |at| at + 1);
                    parts.text.truncate(kept);
                    continue;
                }
                fence = open;
            }
        }
        if !line.is_empty() {
            heading = fence.is_none() && is_heading(line);
        }
        parts.text.push_str(raw);
    }
    parts
}

fn is_heading(line: &str) -> bool {
    let words = line.trim_start_matches('#').trim();
    line.starts_with("## ") && words.eq_ignore_ascii_case("openapi specification")
}

fn is_yaml(line: &str) -> bool {
    let word = line.trim_start_matches(['`', '~']).trim();
    word.eq_ignore_ascii_case("yaml") || word.eq_ignore_ascii_case("yml")
}

/// Returns the fence that opens a code block.
fn fence_of(line: &str) -> Option<&str> {
    let c = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let count = line.chars().take_while(|&other| other == c).count();
    (count >= 3).then(|| &line[..count])
}

fn closes(line: &str, fence: &str) -> bool {
    line.len() >= fence.len()
        && line.starts_with(fence)
        && line.chars().all(|c| fence.starts_with(c))
}

/// Reads the block after its fence; also returns the byte offset after the block.
fn block<'a>(text: &'a str, opening: &str, line: u32) -> (Block<'a>, usize) {
    let fence = fence_of(opening).unwrap_or("```");
    let mut end = 0;
    for raw in text.split_inclusive('\n') {
        // YAML may contain an indented fence.
        if raw.starts_with(fence) && closes(raw.trim(), fence) {
            let block = Block {
                line,
                text: &text[..end],
                whole: true,
            };
            return (block, end + raw.len());
        }
        end += raw.len();
    }
    let block = Block {
        line,
        text,
        whole: false,
    };
    (block, text.len())
}

fn breaks(text: &str) -> u32 {
    let count = text.bytes().filter(|&byte| byte == b'\n').count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_pages_are_split() {
        for (text, title, rest, block) in [
            ("# A\n\nText.\n", "A", "Text.", None),
            (
                "\n# A\nText.\n\n## OpenAPI Specification\n\n```yaml\na: 1\n```\nMore.",
                "A",
                "Text.\n\nMore.",
                Some((8, "a: 1\n", true)),
            ),
            (
                "# A\n## OpenAPI specification\n~~~yml\na: |\n  ```\n  x\n",
                "A",
                "",
                Some((4, "a: |\n  ```\n  x\n", false)),
            ),
            // A guide may show YAML.
            (
                "# A\n```yaml\nopenapi: 3.0.1\n```\n",
                "A",
                "```yaml\nopenapi: 3.0.1\n```",
                None,
            ),
            (
                "# A\n```\n## OpenAPI Specification\n```\n```yaml\na: 1\n```\n",
                "A",
                "```\n## OpenAPI Specification\n```\n```yaml\na: 1\n```",
                None,
            ),
        ] {
            let parts = parts(text);
            assert_eq!((parts.title, parts.text.trim()), (title, rest), "{text}");
            let read = parts
                .block
                .map(|block| (block.line, block.text, block.whole));
            assert_eq!(read, block, "{text}");
        }
    }
}
