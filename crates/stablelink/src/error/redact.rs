//! Hides, in a text of the gateway, what it may repeat of a request: Java servers like to quote the value that they refuse.

use std::net::IpAddr;

/// The mark in place of what is hidden.
const VEIL: char = '…';
/// Shorter words are no token and no number of an account.
const OPAQUE: usize = 20;
/// As many digits are a telephone number, an account or a card. An amount or a date may be hidden too: the whole text is
/// with the refusal.
const DIGITS: usize = 7;

/// The text without e-mail addresses, telephone numbers, long numbers, tokens and anything in quotes.
pub(super) fn redact(text: &str) -> String {
    let unquoted = without_quotes(text);
    let mut shown = String::with_capacity(unquoted.len());
    let mut rest = unquoted.as_str();
    while let Some(first) = rest.chars().next() {
        let end = match telephone(rest) {
            Some(end) => {
                shown.push(VEIL);
                end
            }
            None if is_break(first) => {
                shown.push(first);
                first.len_utf8()
            }
            None => {
                let end = rest.find(is_break).unwrap_or(rest.len());
                let word = &rest[..end];
                if is_private(word) {
                    shown.push(VEIL);
                } else {
                    shown.push_str(word);
                }
                end
            }
        };
        rest = &rest[end..];
    }
    shown
}

fn is_break(c: char) -> bool {
    c.is_whitespace() || ",;()[]{}<>=|".contains(c)
}

fn is_private(word: &str) -> bool {
    if word.contains(['@', '＠']) {
        return true;
    }
    let trimmed = word.trim_matches(|c: char| ".:".contains(c));
    // Our own address, which its owner must put on a list.
    if trimmed.parse::<IpAddr>().is_ok() {
        return false;
    }
    // Of any script: a form may have been filled in with full-width digits.
    let digits = word.chars().filter(|c| c.is_numeric()).count();
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    let opaque = word.len() >= OPAQUE && digits > 0 && letters > 0;
    let run = word
        .split(|c: char| !c.is_numeric())
        .map(|run| run.chars().count())
        .max()
        .unwrap_or_default();
    opaque || run >= DIGITS || letters == 0 && digits > DIGITS
}

/// Where a telephone number ends that begins here with a plus; blanks and hyphens may stand in it.
fn telephone(text: &str) -> Option<usize> {
    let body = text.strip_prefix('+')?;
    let of_number = |c: char| c.is_ascii_digit() || " -().".contains(c);
    let end = body.find(|c| !of_number(c)).unwrap_or(body.len());
    let number = body[..end].trim_end_matches([' ', '-', '.', '(']);
    let digits = number.chars().filter(char::is_ascii_digit).count();
    (digits >= DIGITS).then_some(1 + number.len())
}

fn without_quotes(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if let Some(end) = closing(c, before) {
            shown.push(VEIL);
            rest = after_quote(rest.as_str(), end).chars();
            before = VEIL;
        } else {
            shown.push(c);
            before = c;
        }
    }
    shown
}

/// What closes a quote that this character opens, if it does.
fn closing(c: char, before: char) -> Option<char> {
    match c {
        '"' | '`' => Some(c),
        // An apostrophe inside of a word quotes nothing.
        '\'' if !before.is_alphanumeric() => Some(c),
        '“' => Some('”'),
        '‘' => Some('’'),
        '«' => Some('»'),
        '「' => Some('」'),
        '『' => Some('』'),
        _ => None,
    }
}

/// What comes behind a closing quote; nothing if it is never closed.
fn after_quote(text: &str, quote: char) -> &str {
    let mut places = text
        .match_indices(quote)
        .map(|(at, found)| at + found.len());
    let end = places.find(|end| {
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
    fn what_may_be_personal_or_secret_is_hidden() {
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
        fn any_text_is_veiled_without_a_panic_and_only_once(text in r#"[ -~"'`+@…é]{0,80}|\PC{0,40}"#) {
            let once = redact(&text);
            prop_assert!(once.chars().count() <= text.chars().count());
        }

        #[test]
        fn no_quoted_value_is_shown(
            before in "[a-z :]{0,20}", value in "[A-Z][a-z]{1,8} [A-Z][a-z]{1,8}", after in "[a-z :]{0,20}",
            (open, close) in prop::sample::select(vec![('"', '"'), ('`', '`'), ('“', '”'), ('«', '»'), ('「', '」')]),
        ) {
            let shown = redact(&format!("{before}{open}{value}{close}{after}"));
            prop_assert!(!shown.contains(&value));
        }
    }
}
