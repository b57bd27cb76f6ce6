//! The title of a page, and the lines above it: breadcrumb, site, navigation.

use super::labels::modified_line;
use super::lines::Lines;
use super::page_header::{begins_page, is_status, method_line, operation_line};

/// The lines above the title: breadcrumb, site, navigation.
pub(super) struct TitleLines {
    first: usize,
    /// The first line of the navigation, or `end`.
    navigation: usize,
    /// The first line after these lines.
    end: usize,
    /// The capture has no empty lines, so the title is the last line before `end`.
    dense: bool,
}

impl TitleLines {
    /// Finds these lines at the start of a page.
    pub(super) fn read(lines: &Lines, first: usize) -> Self {
        let operation = operation_line(lines, first);
        let mut top = Self {
            first,
            navigation: first,
            end: first,
            dense: false,
        };
        let mut at = first;
        let mut bullets = false;
        loop {
            let line = lines.at(at);
            if line.is_empty() {
                // A navigation may have gaps, and a gap may separate it from the breadcrumb.
                let next = lines.next_filled(at, lines.len());
                match next.filter(|&next| is_bullet(lines.at(next))) {
                    Some(next) if bullets || at - first >= 2 => at = next,
                    _ => break,
                }
                continue;
            }
            let below_bullet = at > first && is_bullet(lines.at(at - 1));
            if is_bullet(line) {
                if !bullets {
                    top.navigation = at;
                }
                bullets = true;
            } else if at > first
                && !below_bullet
                && begins_page(line)
                && !(method_line(line).is_some() && operation.is_some_and(|found| at < found))
            {
                top.dense = true;
                break;
            }
            at += 1;
        }
        top.end = at;
        if !bullets {
            top.navigation = at;
        }
        top
    }

    /// Returns the title and the index after it.
    pub(super) fn title(&self, lines: &Lines) -> (String, usize) {
        let own = |end: usize| {
            let mut own = (self.first..end).rev().filter(|&at| {
                let below_bullet = at > 0 && is_bullet(lines.at(at - 1));
                let navigation = below_bullet && method_line(lines.at(at)).is_some();
                !is_bullet(lines.at(at)) && !navigation
            });
            own.next()
        };
        if self.dense {
            let last = own(self.end);
            let status = last.filter(|&at| is_status(lines.at(at)) && at > self.first);
            let title = status.and_then(own).or(last);
            let end = status.unwrap_or(self.end);
            return (title.map_or("", |at| lines.at(at)).to_owned(), end);
        }
        let next = lines.next_filled(self.end, lines.len());
        let below = next.filter(|&at| self.is_title(lines, at));
        let at = below.or_else(|| own(self.end));
        (
            at.map_or("", |at| lines.at(at)).to_owned(),
            below.map_or(self.end, |at| at + 1),
        )
    }

    /// Returns whether the line at `at`, the first one after these lines, is the title.
    fn is_title(&self, lines: &Lines, at: usize) -> bool {
        let line = lines.at(at);
        if begins_page(line) || is_bullet(line) || modified_line(line, || lines.below(at)).is_some()
        {
            return false;
        }
        let after = lines.at(at + 1);
        let next = lines.next_filled(at + 1, lines.len());
        let method_next = next.is_some_and(|next| method_line(lines.at(next)).is_some());
        if is_status(line) && method_next {
            return false;
        }
        // If only one line precedes this one, that line may be the title and this one the start of
        // the text. In that case, this line is the title only if it has at most 100 characters and
        // is followed by an empty line, a method or a status.
        let alone = self.end - self.first == 1;
        let apart = after.is_empty() || method_next || is_status(after);
        !alone || (apart && line.chars().count() <= 100)
    }

    /// Returns the folder path.
    pub(super) fn folder(&self, lines: &Lines, title: &str) -> Vec<String> {
        let above: Vec<&str> = (self.first..self.navigation)
            .map(|at| lines.at(at))
            .filter(|line| !line.is_empty())
            .collect();
        let mut folder: Vec<String> = above
            .iter()
            .skip_while(|line| numbered(line).is_none())
            .map_while(|line| numbered(line))
            .map(str::to_owned)
            .collect();
        // In a page without empty lines the title is among these lines.
        let titles = usize::from(above.last() == Some(&title));
        let is_navigation = above.iter().any(|line| method_line(line).is_some());
        if folder.is_empty() && !is_navigation && above.len() >= 2 + titles {
            folder = above[0]
                .split(['/', '>', '›', '»'])
                .map(|part| part.trim().to_owned())
                .filter(|part| !part.is_empty())
                .collect();
        }
        if folder.last().is_some_and(|last| last == title) {
            folder.pop();
        }
        folder
    }
}

fn is_bullet(line: &str) -> bool {
    line.starts_with(['•', '◦', '▪', '●', '‣']) || line.starts_with("- ") || line.starts_with("* ")
}

/// Removes the number of a folder: `1. Orders` → `Orders`. Returns `None` for a line without a
/// number.
pub(super) fn numbered(line: &str) -> Option<&str> {
    let (number, rest) = line.split_once(". ")?;
    let digits =
        !number.is_empty() && number.len() <= 2 && number.bytes().all(|b| b.is_ascii_digit());
    digits.then_some(rest.trim())
}
