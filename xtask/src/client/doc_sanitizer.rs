//! Converts the text of a page to a safe doc comment.
//!
//! rustdoc compiles and runs fenced and indented code, resolves brackets as links to items, and
//! passes HTML through. Page text is untrusted, so: code becomes a `text` block, other active markup
//! is escaped, and invisible characters are written as escapes. Lists, tables, emphasis, code spans
//! on one line and `<https://…>` are kept.
//!
//! The crate pulldown-cmark-to-cmark was considered. It writes Markdown that pulldown-cmark parsed, but
//! with one list marker and one kind of code fence for the whole text, which the options set. The tests
//! check the output with pulldown-cmark.

/// Returns the text as Markdown of a doc comment: any number of lines.
pub(super) fn block(text: &str) -> String {
    let text = unix_lines(text);
    let lines: Vec<&str> = text.split('\n').collect();
    let mut out: Vec<String> = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let after_blank = out.last().is_none_or(String::is_empty);
        let (code, next) = if let Some(fence) = Fence::opened_by(lines[at]) {
            fence.take(&lines, at + 1)
        } else if after_blank && indentation(lines[at]) >= CODE && !lines[at].trim().is_empty() {
            take_indented(&lines, at)
        } else {
            out.push(line(lines[at]));
            at += 1;
            continue;
        };
        push_code(&mut out, &code);
        at = next;
    }
    out.join("\n").trim_matches('\n').to_owned()
}

/// Returns the text as Markdown on one line, for use inside a sentence or a list item.
pub(super) fn inline(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut out = String::new();
    push_start(&mut out, &words.join(" "));
    out
}

/// The indentation, in columns, from which a line is code.
const CODE: usize = 4;

fn unix_lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// Returns the columns of leading whitespace.
fn indentation(line: &str) -> usize {
    let mut columns = 0;
    for c in line.chars() {
        match c {
            ' ' => columns += 1,
            '\t' => columns += CODE,
            _ => break,
        }
    }
    columns
}

/// The line that opens a fenced code block.
struct Fence {
    mark: char,
    length: usize,
}

impl Fence {
    fn opened_by(line: &str) -> Option<Self> {
        let line = line.trim_start();
        let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let length = line.chars().take_while(|c| *c == mark).count();
        // With more backticks on the line, it is a code span inside a sentence.
        let rest = &line[length..];
        (length >= 3 && !(mark == '`' && rest.contains('`'))).then_some(Self { mark, length })
    }

    fn closed_by(&self, line: &str) -> bool {
        let line = line.trim();
        line.len() >= self.length && line.chars().all(|c| c == self.mark)
    }

    /// Returns the lines from `at` to the closing fence, and the index of the next line. An unclosed
    /// block ends at the last blank line, because the URL of the page follows it.
    fn take<'a>(&self, lines: &[&'a str], at: usize) -> (Vec<&'a str>, usize) {
        let rest = &lines[at..];
        if let Some(length) = rest.iter().position(|line| self.closed_by(line)) {
            return (rest[..length].to_vec(), at + length + 1);
        }
        let blank = rest.iter().rposition(|line| line.trim().is_empty());
        let length = blank.unwrap_or(rest.len());
        (rest[..length].to_vec(), at + length)
    }
}

/// Returns the indented lines from `at`, without four columns, and the index of the next line.
fn take_indented<'a>(lines: &[&'a str], at: usize) -> (Vec<&'a str>, usize) {
    let length = lines[at..]
        .iter()
        .position(|line| indentation(line) < CODE && !line.trim().is_empty())
        .unwrap_or(lines.len() - at);
    let mut code = &lines[at..at + length];
    while let [rest @ .., last] = code
        && last.trim().is_empty()
    {
        code = rest;
    }
    let code: Vec<&str> = code
        .iter()
        .map(|line| {
            line.strip_prefix('\t')
                .or_else(|| line.strip_prefix("    "))
                .unwrap_or(line.trim_start())
        })
        .collect();
    let end = at + code.len();
    (code, end)
}

/// Appends a `text` block whose fence is longer than any fence in it.
fn push_code(out: &mut Vec<String>, code: &[&str]) {
    let longest = code
        .iter()
        .flat_map(|line| line.split(|c| c != '`').map(str::len))
        .max()
        .unwrap_or(0);
    let fence = "`".repeat(3.max(longest + 1));
    out.push(format!("{fence}text"));
    for line in code {
        let mut visible = String::new();
        line.chars().for_each(|c| push_visible(&mut visible, c, ""));
        out.push(visible);
    }
    out.push(fence);
}

/// Converts a line outside code blocks.
fn line(text: &str) -> String {
    // Three columns keep a nested list and never start a code block.
    let mut out = " ".repeat(indentation(text).min(CODE - 1));
    let text = text.trim();
    if text.is_empty() {
        return String::new();
    }
    match list_marker(text) {
        Some(length) => {
            out.push_str(&text[..length]);
            out.push(' ');
            push_start(&mut out, text[length..].trim_start());
        }
        None => push_escaped(&mut out, text),
    }
    out
}

/// Returns the length of the list marker at the start of a line.
fn list_marker(text: &str) -> Option<usize> {
    let length = match text.as_bytes().first()? {
        b'-' | b'*' | b'+' => 1,
        b'0'..=b'9' => {
            let digits = text.bytes().take_while(u8::is_ascii_digit).count();
            (digits <= 9 && matches!(text.as_bytes().get(digits), Some(b'.' | b')')))
                .then_some(digits + 1)?
        }
        _ => return None,
    };
    text[length..]
        .chars()
        .next()
        .is_none_or(char::is_whitespace)
        .then_some(length)
}

/// Appends text so that its start is not a list item, a heading or a rule.
fn push_start(out: &mut String, text: &str) {
    match (list_marker(text), text.chars().next()) {
        (Some(length), _) => {
            out.push_str(&text[..length - 1]);
            out.push('\\');
            out.push_str(&text[length - 1..length]);
            push_escaped(out, &text[length..]);
        }
        (None, Some(mark @ ('#' | '-' | '*' | '+' | '=' | '_'))) => {
            out.push('\\');
            out.push(mark);
            push_escaped(out, &text[1..]);
        }
        _ => push_escaped(out, text),
    }
}

fn push_escaped(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let ticks = rest.bytes().take_while(|b| *b == b'`').count();
        if ticks > 1 {
            out.push_str(&"\\`".repeat(ticks));
            rest = &rest[ticks..];
            continue;
        }
        let taken = match c {
            '`' => code_span(rest).inspect(|span| {
                span.chars().for_each(|c| push_visible(out, c, ""));
            }),
            '<' => autolink(rest).inspect(|link| out.push_str(link)),
            'h' => url(rest).inspect(|url| {
                out.push('<');
                out.push_str(url);
                out.push('>');
            }),
            _ => None,
        };
        if let Some(taken) = taken {
            rest = &rest[taken.len()..];
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match c {
            ' ' | '\t' => {
                // Several spaces after a list marker would start a code block.
                if !rest.starts_with([' ', '\t']) {
                    out.push(' ');
                }
            }
            '\\' | '`' | '<' | '>' | '[' | ']' | '~' => {
                out.push('\\');
                out.push(c);
            }
            '&' if rest.starts_with(|c: char| c == '#' || c.is_ascii_alphabetic()) => {
                out.push_str("\\&");
            }
            c => push_visible(out, c, "\\"),
        }
    }
}

/// Returns the code span in single backticks, backticks included.
fn code_span(text: &str) -> Option<&str> {
    let length = text[1..].find('`')?;
    let span = &text[..length + 2];
    let closed = !text[span.len()..].starts_with('`') && !span[1..=length].trim().is_empty();
    closed.then_some(span)
}

/// Returns the autolink `<https://…>` at the start of the text.
fn autolink(text: &str) -> Option<&str> {
    let length = url_length(&text[1..])?;
    text[1 + length..]
        .starts_with('>')
        .then(|| &text[..length + 2])
}

/// Returns the URL at the start of the text, without trailing punctuation.
fn url(text: &str) -> Option<&str> {
    let url = text[..url_length(text)?]
        .trim_end_matches(['.', ',', ':', ';', '!', '?', ')', '\'', '*', '_', '&']);
    (url_length(url)? == url.len()).then_some(url)
}

fn url_length(text: &str) -> Option<usize> {
    let scheme = ["https://", "http://"]
        .into_iter()
        .find(|scheme| text.starts_with(scheme))?;
    let rest = text[scheme.len()..]
        .bytes()
        .take_while(|b| b.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=%".contains(b))
        .count();
    (rest > 0).then_some(scheme.len() + rest)
}

/// Appends a character. An invisible one is written as its Unicode escape after `escape`.
fn push_visible(out: &mut String, c: char, escape: &str) {
    let hidden = c.is_control() && c != '\t'
        || matches!(
            u32::from(c),
            0x00AD
                | 0x061C
                | 0x180E
                | 0x200B
                | 0x200E..=0x200F
                | 0x2028..=0x202E
                | 0x2060..=0x206F
                | 0xFEFF
                | 0xFFF9..=0xFFFB
                | 0xE0000..=0xE007F
        );
    if hidden {
        out.push_str(escape);
        out.extend(c.escape_unicode());
    } else {
        out.push(c);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulldown_cmark::{CodeBlockKind, Event, LinkType, Options, Parser, Tag};

    use super::*;

    #[test]
    fn block_keeps_structure_and_escapes_active_markup() {
        let cases = [
            ("", ""),
            (
                "Plain words, 1.5 * 2 and snake_case.",
                "Plain words, 1.5 * 2 and snake_case.",
            ),
            (
                "Page: <https://developer.stablelink.app/312999607e0>",
                "Page: <https://developer.stablelink.app/312999607e0>",
            ),
            (
                "see https://a.example/x?b=1&c=2.",
                "see <https://a.example/x?b=1&c=2>.",
            ),
            ("(https://a.example)", "(<https://a.example>)"),
            ("https:// alone", "https:// alone"),
            (
                "- one\n  - two\n* three\n1. four",
                "- one\n  - two\n* three\n1. four",
            ),
            (
                "| a | b |\n|---|---|\n| 1 | 2 |",
                "| a | b |\n|---|---|\n| 1 | 2 |",
            ),
            (
                "`code` and ``more`` and `open",
                "`code` and \\`\\`more\\`\\` and \\`open",
            ),
            ("a\\b", "a\\\\b"),
            ("[`Vec`] [x](y) ![z]", "\\[`Vec`\\] \\[x\\](y) !\\[z\\]"),
            (
                "<script>alert(1)</script>",
                "\\<script\\>alert(1)\\</script\\>",
            ),
            (
                "<https://a b> &lt;b&gt; & co",
                "\\<<https://a> b\\> \\&lt;b\\&gt; & co",
            ),
            ("```rust\nx\n```\nafter", "```text\nx\n```\nafter"),
            ("```rust\nunclosed", "```text\nunclosed\n```"),
            (
                "```json\n{\n\n}\n\nPage: <https://docs.example/1e0>",
                "```text\n{\n\n}\n```\n\nPage: <https://docs.example/1e0>",
            ),
            ("```\n\nafter", "```text\n```\n\nafter"),
            ("~~~\nx\n~~~~", "```text\nx\n```"),
            ("````\n```rust\n```\n````", "````text\n```rust\n```\n````"),
            ("   ```rust\n   x\n   ```", "```text\n   x\n```"),
            ("``` one ``` line", "\\`\\`\\` one \\`\\`\\` line"),
            (
                "- ```rust\n  std::process::exit(3);\n  ```",
                "- \\`\\`\\`rust\n  std::process::exit(3);\n```text\n```",
            ),
            ("> ```rust\n> x", "\\> \\`\\`\\`rust\n\\> x"),
            (
                "words\n\n    let x = 1;\n\n\ty\n\nafter",
                "words\n\n```text\nlet x = 1;\n\ny\n```\n\nafter",
            ),
            ("words\n    goes on", "words\n   goes on"),
            ("-     code", "- code"),
            ("- - - x", "- \\- - x"),
            ("- # x", "- \\# x"),
            ("1.\t    code", "1. code"),
            (
                "a\u{202e}b\0c\u{1b}[0m",
                "a\\\\u{202e}b\\\\u{0}c\\\\u{1b}\\[0m",
            ),
            ("`a\u{202e}`", "`a\\u{202e}`"),
            ("```\na\u{202e}\n```", "```text\na\\u{202e}\n```"),
            ("one\r\ntwo\rthree", "one\ntwo\nthree"),
            ("#![no_std] */ \"# {}", "#!\\[no_std\\] */ \"# {}"),
        ];
        for (text, expected) in cases {
            assert_eq!(block(text), expected, "of {text:?}");
        }
    }

    #[test]
    fn inline_text_is_one_escaped_line() {
        let cases = [
            ("Get  Access\nToken", "Get Access Token"),
            ("- not a list", "\\- not a list"),
            ("1. not a list", "1\\. not a list"),
            ("# not a title", "\\# not a title"),
            ("```rust\nx\n```", "\\`\\`\\`rust x \\`\\`\\`"),
        ];
        for (text, expected) in cases {
            assert_eq!(inline(text), expected, "of {text:?}");
        }
    }

    /// Returns the first active markup, found by the parser and options of rustdoc.
    fn active_markup(markdown: &str) -> Option<String> {
        let options = Options::ENABLE_TABLES
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_TASKLISTS
            | Options::ENABLE_SMART_PUNCTUATION;
        // As in rustdoc, an unknown reference is a link: it may name an item.
        let broken = |_: pulldown_cmark::BrokenLink<'_>| Some(("x".into(), "x".into()));
        Parser::new_with_broken_link_callback(markdown, options, Some(broken)).find_map(|event| {
            let fine = match &event {
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => &**info == "text",
                Event::Start(Tag::Link { link_type, .. }) => *link_type == LinkType::Autolink,
                Event::Start(
                    Tag::CodeBlock(_)
                    | Tag::Image { .. }
                    | Tag::HtmlBlock
                    | Tag::BlockQuote(_)
                    | Tag::FootnoteDefinition(_),
                )
                | Event::Html(_)
                | Event::InlineHtml(_)
                | Event::FootnoteReference(_) => false,
                _ => true,
            };
            (!fine).then(|| format!("{event:?} in {markdown:?}"))
        })
    }

    #[test]
    fn active_markup_is_detected() {
        for text in [
            "```\nx\n```",
            "    x",
            "- ```rust\n  x",
            "<b>",
            "[`Vec`]",
            "> x",
            "-     x",
            "[a](b)",
            "~~~\nx",
        ] {
            assert!(active_markup(text).is_some(), "{text:?}");
        }
    }

    /// Generates texts from pieces of Markdown syntax.
    fn markup() -> impl Strategy<Value = String> {
        let pieces = prop::sample::select(vec![
            "`",
            "```",
            "````",
            "~~~",
            "rust",
            "\n",
            "\n\n",
            "    ",
            "\t",
            " ",
            "- ",
            "1. ",
            "> ",
            "#",
            "[",
            "]",
            "(x)",
            "[x]: y",
            "<",
            ">",
            "</b>",
            "<b>",
            "<!--",
            "-->",
            "\\",
            "&lt;",
            "&#60;",
            "*",
            "_",
            "|",
            "---",
            "===",
            "https://a.example/b",
            "<https://a.example>",
            "!",
            "{",
            "}",
            "x",
            "word",
            "\r",
            "\0",
            "\u{202e}",
            "[^1]",
            ":",
            "\u{a0}",
            "é",
        ]);
        prop::collection::vec(pieces, 0..24).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn markup_becomes_inactive(text in markup()) {
            prop_assert_eq!(active_markup(&block(&text)), None);
            prop_assert_eq!(active_markup(&inline(&text)), None);
            // The texts are combined as progenitor combines them.
            let sentence = format!("{}\n\n{}\n\nSends a `GET` request\n\n- `x`: {}\n- `y`", inline(&text), block(&text), inline(&text));
            prop_assert_eq!(active_markup(&sentence), None);
        }

        #[test]
        fn any_text_becomes_inactive(text in ".*") {
            prop_assert_eq!(active_markup(&block(&text)), None);
            prop_assert!(!block(&text).contains(|c: char| c.is_control() && c != '\n' && c != '\t'));
            prop_assert!(!inline(&text).contains('\n'));
        }
    }

    #[test]
    fn long_text_takes_linear_time() {
        for piece in [
            "`",
            "<https://",
            "[",
            "```\n",
            "    x\n",
            "- ",
            "https://",
            "~~~x\n",
            "\\",
        ] {
            let text = piece.repeat(200_000);
            let start = std::time::Instant::now();
            assert!(!block(&text).is_empty());
            assert!(!inline(&text).is_empty());
            // Linear time takes under a second; quadratic time takes minutes.
            assert!(start.elapsed().as_secs() < 20, "{piece:?}");
        }
    }
}
