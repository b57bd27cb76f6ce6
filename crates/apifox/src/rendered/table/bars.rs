/// Splits a line into the cells between `|`; `\|` is a bar within a cell.
pub(super) fn bars(line: &str) -> Vec<String> {
    let line = line.trim();
    let line = line.strip_prefix('|').unwrap_or(line);
    let mut cells = vec![String::new()];
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\\' && chars.peek() == Some(&'|') {
            chars.next();
            push(&mut cells, '|');
        } else if c == '|' {
            cells.push(String::new());
        } else {
            push(&mut cells, c);
        }
    }
    let closed = line.ends_with('|') && !line.ends_with("\\|");
    if closed && cells.len() > 1 {
        cells.pop();
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

fn push(cells: &mut [String], c: char) {
    if let Some(cell) = cells.last_mut() {
        cell.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_bars_stay_in_the_cell() {
        assert_eq!(bars("| a | b\\|c |"), ["a", "b|c"]);
        assert_eq!(bars("a||b"), ["a", "", "b"]);
        assert_eq!(bars("|"), [""]);
    }
}
