//! Redacts messages of the gateway. A message may quote the request, because Java servers quote the value that they reject.

use std::net::IpAddr;

/// Replaces a redacted part.
const MASK: char = '…';
/// The minimum length of a token.
const MIN_TOKEN: usize = 20;
/// The minimum number of digits of a telephone, account or card number. Amounts and dates may be redacted too; the original
/// text is available from the error.
const MIN_DIGITS: usize = 7;

/// Redacts email addresses, telephone numbers, long numbers, tokens and quoted values.
pub(super) fn redact(text: &str) -> String {
    let unquoted = redact_quotes(text);
    let mut redacted = String::with_capacity(unquoted.len());
    let mut rest = unquoted.as_str();
    while let Some(first) = rest.chars().next() {
        let end = match telephone_end(rest) {
            Some(end) => {
                redacted.push(MASK);
                end
            }
            None if is_separator(first) => {
                redacted.push(first);
                first.len_utf8()
            }
            None => {
                let end = rest.find(is_separator).unwrap_or(rest.len());
                let word = &rest[..end];
                if is_private(word) {
                    redacted.push(MASK);
                } else {
                    redacted.push_str(word);
                }
                end
            }
        };
        rest = &rest[end..];
    }
    redacted
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || ",;()[]{}<>=|".contains(c)
}

fn is_private(word: &str) -> bool {
    if word.contains(['@', '＠']) {
        return true;
    }
    let trimmed = word.trim_matches(|c: char| ".:".contains(c));
    // Our own IP address, which the user must add to an allow-list.
    if trimmed.parse::<IpAddr>().is_ok() {
        return false;
    }
    // Digits of any script: a form may contain full-width digits.
    let digits = word.chars().filter(|c| c.is_numeric()).count();
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    let token = word.len() >= MIN_TOKEN && digits > 0 && letters > 0;
    let run = word
        .split(|c: char| !c.is_numeric())
        .map(|run| run.chars().count())
        .max()
        .unwrap_or_default();
    token || run >= MIN_DIGITS || letters == 0 && digits > MIN_DIGITS
}

/// Returns the end of a telephone number that starts here with a plus sign. The number may contain spaces and hyphens.
fn telephone_end(text: &str) -> Option<usize> {
    let body = text.strip_prefix('+')?;
    let of_number = |c: char| c.is_ascii_digit() || " -().".contains(c);
    let end = body.find(|c| !of_number(c)).unwrap_or(body.len());
    let number = body[..end].trim_end_matches([' ', '-', '.', '(']);
    let digits = number.chars().filter(char::is_ascii_digit).count();
    (digits >= MIN_DIGITS).then_some(1 + number.len())
}

fn redact_quotes(text: &str) -> String {
    let mut redacted = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if let Some(end) = closing_quote(c, before) {
            redacted.push(MASK);
            rest = after_quote(rest.as_str(), end).chars();
            before = MASK;
        } else {
            redacted.push(c);
            before = c;
        }
    }
    redacted
}

/// Returns the closing quote if this character opens a quotation.
fn closing_quote(c: char, before: char) -> Option<char> {
    match c {
        '"' | '`' => Some(c),
        // An apostrophe within a word is not a quote.
        '\'' if !before.is_alphanumeric() => Some(c),
        '“' => Some('”'),
        '‘' => Some('’'),
        '«' => Some('»'),
        '「' => Some('」'),
        '『' => Some('』'),
        _ => None,
    }
}

/// Returns the text after the closing quote; an empty string without one.
fn after_quote(text: &str, quote: char) -> &str {
    let mut ends = text
        .match_indices(quote)
        .map(|(at, found)| at + found.len());
    let end = ends.find(|end| {
        let next = text[*end..].chars().next();
        !matches!(quote, '\'' | '’') || !next.is_some_and(char::is_alphanumeric)
    });
    &text[end.unwrap_or(text.len())..]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn personal_data_and_tokens_are_redacted() {
        for (text, shown) in [
            ("mail leo@business.example is taken", "mail … is taken"),
            ("email=leo@business.example,name", "email=…,name"),
            ("number +65 11918612760 is taken", "number … is taken"),
            ("call +1 (212) 555-0123.", "call …."),
            (
                "token Cji8NYO32ugrFJJkG7uCYiX2 has ended",
                "token … has ended",
            ),
            ("account:12345678", "…"),
            ("account 1234-5678-9012 closed", "account … closed"),
            ("IBAN GB29NWBK60161331926819", "IBAN …"),
            (
                r#"Cannot read Date from String "Leo Secretive": bad"#,
                "Cannot read Date from String …: bad",
            ),
            ("name 'Leo Secretive' isn't known", "name … isn't known"),
            ("value 'it's me' is wrong", "value … is wrong"),
            ("never closed \"Leo Secretive", "never closed …"),
            ("never closed “Leo Secretive", "never closed …"),
            ("name “Leo Secretive” is taken", "name … is taken"),
            ("name ‘it’s Leo’ is taken", "name … is taken"),
            ("名称「Leo Secretive」已存在", "名称…已存在"),
            ("«Leo Secretive» unbekannt", "… unbekannt"),
            ("number １１９１８６１２ taken", "number … taken"),
            ("number ١٢٣٤٥٦٧ taken", "number … taken"),
            ("number ٠١٢٣٤٥٦٧ taken", "number … taken"),
            ("mail leo＠business.example", "mail …"),
            (
                "orderNo must contain only letters and numbers",
                "orderNo must contain only letters and numbers",
            ),
            ("ip not matched: 192.0.2.7", "ip not matched: 192.0.2.7"),
            (
                "ip not matched: 203.113.125.201",
                "ip not matched: 203.113.125.201",
            ),
            (
                "ip not matched: 2001:db8::1.",
                "ip not matched: 2001:db8::1.",
            ),
            ("amount must be > 100000", "amount must be > 100000"),
            ("+5 is too much", "+5 is too much"),
            ("", ""),
        ] {
            assert_eq!(redact(text), shown, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_redacted_without_panic(text in r#"[ -~"'`+@…é]{0,80}|\PC{0,40}"#) {
            let once = redact(&text);
            prop_assert!(once.chars().count() <= text.chars().count());
        }

        #[test]
        fn quoted_value_is_never_displayed(
            before in "[a-z :]{0,20}", value in "[A-Z][a-z]{1,8} [A-Z][a-z]{1,8}", after in "[a-z :]{0,20}",
            (open, close) in prop::sample::select(vec![('"', '"'), ('`', '`'), ('“', '”'), ('«', '»'), ('「', '」')]),
        ) {
            let shown = redact(&format!("{before}{open}{value}{close}{after}"));
            prop_assert!(!shown.contains(&value));
        }
    }
}
