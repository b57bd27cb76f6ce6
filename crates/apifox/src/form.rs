/// The format in which a page is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PageFormat {
    /// The text of a page as a browser shows it.
    Rendered,
    /// The Markdown version of a page: `# title`, and for an operation a YAML block.
    Markdown,
    /// The JSON from which the site renders its pages.
    Published,
}

impl PageFormat {
    /// Detects the format by the start of the text: a JSON object, a Markdown heading, or anything
    /// else.
    pub fn detect(text: &[u8]) -> Self {
        let text = text
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(text)
            .trim_ascii_start();
        if text.starts_with(b"{") {
            Self::Published
        } else if text.starts_with(b"# ") {
            Self::Markdown
        } else {
            Self::Rendered
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn format_is_detected_by_the_start_of_the_text() {
        for (text, form) in [
            ("{\"id\": 1}", PageFormat::Published),
            ("\u{feff}\n  {", PageFormat::Published),
            ("\n# Get Order\n", PageFormat::Markdown),
            ("#hashtag", PageFormat::Rendered),
            ("1. Orders\nHarbour Books\n", PageFormat::Rendered),
            ("", PageFormat::Rendered),
        ] {
            assert_eq!(PageFormat::detect(text.as_bytes()), form, "{text:?}");
        }
    }
}
