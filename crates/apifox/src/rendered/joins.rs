//! Joins lines that an extractor divided: `HTTP Code`, `: 200` → `HTTP Code: 200`.

use super::labels::modified_line;
use super::lines::Lines;
use super::response_labels::{code_line, media_line, status_tab};
use crate::type_names::type_line;

/// Longest line that is joined with the next one, in bytes.
const LONGEST: usize = 120;

/// Joins the divided lines of a page.
pub(crate) fn join_divided(lines: &mut Lines) {
    let mut above: Option<usize> = None;
    for at in 0..lines.len() {
        if lines.at(at).is_empty() {
            continue;
        }
        let joined = above.and_then(|above| joined(lines.at(above), lines.at(at)));
        match (joined, above) {
            (Some(text), Some(above)) => {
                lines.replace(above, text);
                lines.clear(at);
            }
            _ => above = Some(at),
        }
    }
}

/// Joins two lines that are parts of one label, status or type. Otherwise returns `None`.
fn joined(front: &str, rest: &str) -> Option<String> {
    let may_follow = rest.starts_with([':', '：', '(', '（', '{']);
    if !may_follow
        || front.len() > LONGEST
        || rest.len() > LONGEST
        || front.starts_with(['"', '{', '['])
    {
        return None;
    }
    let text = format!("{front}{rest}");
    let is_label = rest.starts_with([':', '：'])
        && (code_line(&text).is_some()
            || media_line(&text).is_some()
            || modified_line(&text, || "").is_some());
    let is_status = rest.starts_with(['(', '（'])
        && status_tab(rest).is_some_and(|(_, name)| name.is_empty())
        && status_tab(front).is_none();
    let is_count = rest.len() <= 8
        && rest.starts_with('{')
        && rest.ends_with('}')
        && rest[1..]
            .trim_end_matches('}')
            .bytes()
            .all(|byte| byte.is_ascii_digit())
        && rest.len() > 2
        && type_line(front).is_some();
    let spaced = if is_count {
        format!("{front} {rest}")
    } else {
        text
    };
    (is_label || is_status || is_count).then_some(spaced)
}

#[cfg(test)]
mod tests {
    use super::super::lines::split;
    use super::*;

    #[test]
    fn divided_lines_are_joined() {
        for (text, wanted) in [
            ("HTTP Code\n: 200", &["HTTP Code: 200", ""][..]),
            (
                "成功\n(200)\n\nHTTP 状态码\n: 200",
                &["成功(200)", "", "", "HTTP 状态码: 200", ""],
            ),
            (
                "内容格式\n: JSON\napplication/json",
                &["内容格式: JSON", "", "application/json"],
            ),
            ("object\n{0}", &["object {0}", ""]),
            ("object\n{}", &["object", "{}"]),
            ("Note\n: the list", &["Note", ": the list"]),
            ("rows\n(see above)", &["rows", "(see above)"]),
            ("{\n\"a\": 1\n}", &["{", "\"a\": 1", "}"]),
        ] {
            let mut lines = split(text);
            join_divided(&mut lines);
            let read: Vec<&str> = (0..lines.len()).map(|at| lines.at(at)).collect();
            assert_eq!(read, wanted, "{text}");
        }
    }
}
