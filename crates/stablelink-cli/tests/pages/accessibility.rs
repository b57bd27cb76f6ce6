//! Checks of a page for readers who need contrast, a keyboard, a screen reader or large buttons.

use serde_json::json;

use crate::browser::BrowserPage;

/// Asserts that each text has enough contrast, and that each control has a name.
pub(crate) fn assert_readable(page: &mut BrowserPage<'_>, label: &str) {
    let low = page.value(include_str!("contrast.js"));
    assert_eq!(low, json!([]), "{label}: texts with a low contrast");
    let controls = page.controls();
    assert!(controls.len() > 5, "{label}: {controls:?}");
    let unnamed = controls.iter().filter(|(_, name)| name.trim().is_empty());
    assert_eq!(
        unnamed.count(),
        0,
        "{label}: controls without a name: {controls:?}"
    );
}

/// Asserts that everything that reacts to a click is a control of HTML, is at least 24 pixels high as
/// WCAG 2.2 requires, and that each control shows when it has the focus.
pub(crate) fn assert_operable(page: &mut BrowserPage<'_>, label: &str) {
    let controls = "a, button, input, select, summary";
    let others = page.value(&format!(
        "[...document.querySelectorAll('body *')].filter(it => getComputedStyle(it).cursor === 'pointer' \
         && !it.closest({controls:?})).map(it => it.outerHTML)"
    ));
    assert_eq!(others, json!([]), "{label}: clickable elements");
    let small = page.value(
        "[...document.querySelectorAll('button, input, select')].filter(it => it.getClientRects().length \
         && it.getBoundingClientRect().height < 24).map(it => it.outerHTML)",
    );
    assert_eq!(small, json!([]), "{label}: small controls");
    let mut reached = Vec::new();
    for _ in 0..200 {
        page.press_tab();
        let focused = page.value(
            "(it => [it.tagName, it.matches(':focus-visible') && getComputedStyle(it).outlineStyle !== 'none' \
             && parseFloat(getComputedStyle(it).outlineWidth) >= 2])(document.activeElement)",
        );
        if focused[0] == "BODY" {
            break;
        }
        assert_eq!(
            focused[1], true,
            "{label}: {focused} does not show the focus"
        );
        reached.push(focused[0].as_str().unwrap().to_owned());
    }
    for tag in ["A", "BUTTON", "INPUT", "SELECT", "SUMMARY"] {
        assert!(
            reached.iter().any(|it| it == tag),
            "{label}: {tag}: {reached:?}"
        );
    }
}
