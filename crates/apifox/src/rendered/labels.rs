//! Labels: the fixed texts that the site prints around the content of a page, in all languages of
//! its interface.

use super::response_labels::media_type;
use crate::page::ParameterLocation;

/// A heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Marker {
    /// `Request`
    Request,
    /// `Query Params`, `Path Params`, `Headers` and so on.
    Params(ParameterLocation),
    /// `Body Params application/json Required`
    RequestBody(BodyHead),
    /// `Authorization`
    Authorization,
    /// `Request Code Samples`
    Samples,
    /// `Request Example`
    RequestExample,
    /// `Responses`
    Responses,
    /// `Response Example`
    ResponseExample,
}

/// The details in the heading of a body section.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct BodyHead {
    pub(crate) media_type: Option<String>,
    pub(crate) required: Option<bool>,
}

/// The maximum length of a label line, in bytes.
pub(super) const LONGEST: usize = 120;

/// Returns a line in the form in which labels are compared: lower case, without whitespace.
pub(super) fn key(line: &str) -> String {
    line.chars()
        .filter(|c| !c.is_whitespace())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Returns whether a key is one of some words, which are separated by `|`.
pub(super) fn is_among(words: &str, key: &str) -> bool {
    words.split('|').any(|word| word == key)
}

/// Headings that cannot be mistaken for a sentence.
const HEADINGS: &[(&str, Marker)] = &[
    (
        "request|requestparams|requestparameters|请求参数|請求參數|リクエスト|リクエストパラメータ",
        Marker::Request,
    ),
    (
        "queryparams|queryparameters|query参数|query參數|queryパラメータ|クエリパラメータ|查询参数|查詢參數",
        Marker::Params(ParameterLocation::Query),
    ),
    (
        "pathparams|pathparameters|path参数|path參數|pathパラメータ|パスパラメータ|路径参数|路徑參數",
        Marker::Params(ParameterLocation::Path),
    ),
    (
        "headerparams|headerparameters|header参数|header參數|headerパラメータ|ヘッダーパラメータ|请求头参数",
        Marker::Params(ParameterLocation::Header),
    ),
    (
        "cookieparams|cookieparameters|cookie参数|cookie參數|cookieパラメータ",
        Marker::Params(ParameterLocation::Cookie),
    ),
    (
        "requestcodesamples|requestsamplecode|请求示例请求示例|請求示例請求示例|requestsamples|codesamples|samplecode|请求示例代码|示例代码|請求示例代碼|示例代碼|請求範例程式碼|範例程式碼|リクエストサンプル|リクエストサンプルコード|サンプルコード",
        Marker::Samples,
    ),
    (
        "requestexample|requestexamples|requestrequestexample|请求示例|请求请求示例|請求示例|請求範例|リクエスト例",
        Marker::RequestExample,
    ),
    (
        "responses|returnedresponse|返回响应|返回響應|回傳回應|レスポンス",
        Marker::Responses,
    ),
    (
        "响应示例响应示例|返回示例返回示例|responseexample|responseexamples|responseresponseexample|返回示例|响应示例|返回响应响应示例|返回响应返回示例|響應示例|回應範例|レスポンス例",
        Marker::ResponseExample,
    ),
];

/// Headings that are also common words, which free text may contain on a line.
const LOOSE_HEADINGS: &[(&str, Marker)] = &[
    ("query", Marker::Params(ParameterLocation::Query)),
    (
        "header|headers|requestheaders|responseheaders|请求头|响应头|請求標頭|響應標頭|ヘッダー",
        Marker::Params(ParameterLocation::Header),
    ),
    ("cookie|cookies", Marker::Params(ParameterLocation::Cookie)),
    ("response|响应|回應", Marker::Responses),
    (
        "authorization|authorizations|authentication|auth|鉴权|认证|鑑權|授權|認証",
        Marker::Authorization,
    ),
];

/// Parses a heading. In `strict` mode, for free text, a heading that could be a sentence is
/// ignored.
pub(crate) fn marker(line: &str, strict: bool) -> Option<Marker> {
    // Headings are short; the limit avoids lower-casing long lines.
    if line.is_empty() || line.len() > LONGEST {
        return None;
    }
    let key = key(line);
    let loose = if strict { &[] } else { LOOSE_HEADINGS };
    let known = HEADINGS.iter().chain(loose);
    let mut known = known.filter(|(words, _)| is_among(words, &key));
    match known.next() {
        Some((_, marker)) => Some(marker.clone()),
        None => body(&key).map(Marker::RequestBody),
    }
}

/// Parses the key of the heading of a body section, such as that of `Body Params application/json
/// Required`.
fn body(key: &str) -> Option<BodyHead> {
    let rest = [
        "bodyparams",
        "bodyparameters",
        "body参数",
        "body參數",
        "bodyパラメータ",
        "requestbody",
        "请求体",
        "請求體",
    ]
    .iter()
    .find_map(|head| key.strip_prefix(head))?;
    let (rest, required) = required_word(rest);
    if rest.is_empty() {
        return Some(BodyHead {
            media_type: None,
            required,
        });
    }
    Some(BodyHead {
        media_type: Some(media_type(rest)?),
        required,
    })
}

const REQUIRED: &[(&str, bool)] = &[
    ("required", true),
    ("必需", true),
    ("必填", true),
    ("必须", true),
    ("必須", true),
    ("必選", true),
    ("必选", true),
    ("optional", false),
    ("可选", false),
    ("可選", false),
    ("选填", false),
    ("選填", false),
    ("オプション", false),
    ("任意", false),
];

/// Removes `required` or `optional` from the end of a text in lower case.
fn required_word(text: &str) -> (&str, Option<bool>) {
    for &(word, required) in REQUIRED {
        if let Some(rest) = text.strip_suffix(word) {
            return (rest.trim(), Some(required));
        }
    }
    (text, None)
}

/// Parses a line that only states whether a field or a body is required.
pub(crate) fn required_line(line: &str) -> Option<bool> {
    if line.len() > LONGEST {
        return None;
    }
    let lower = line.to_lowercase();
    match required_word(&lower) {
        ("", required) => required,
        _ => None,
    }
}

/// Parses the label of an example; returns the text after the label on the same line.
pub(crate) fn example_line(line: &str) -> Option<&str> {
    let rest = example_word(line)?.trim_start();
    // `Example: 7` shows the value of a field; `Example 7` is the seventh example.
    let number = rest.len() <= 3 && rest.bytes().all(|b| b.is_ascii_digit());
    let rest = rest.strip_prefix(':').map_or(rest, str::trim_start);
    let number = number || rest.is_empty();
    (number || rest.starts_with(['{', '['])).then_some(if number { "" } else { rest })
}

/// Removes the word for "example" from the start of a line.
pub(crate) fn example_word(line: &str) -> Option<&str> {
    ["Examples", "Example", "示例值", "示例", "範例"]
        .iter()
        .find_map(|word| line.strip_prefix(word))
}

/// Returns whether a line only labels the schema or the body below it.
pub(crate) fn is_schema_label(line: &str) -> bool {
    line.len() <= LONGEST
        && is_among(
            "body|dataschema|schema|数据结构|數據結構|資料結構|响应结构|データスキーマ",
            &key(line),
        )
}

/// Returns whether a line states that there is no value.
pub(crate) fn is_nothing(line: &str) -> bool {
    line.len() <= LONGEST
        && is_among(
            "none|noschemadefined|noexample|notset|nodata|thisresponsehasnobody|无|無|未设置|未設置|未定义|未定义数据结构|なし",
            &key(line),
        )
}

/// Returns whether a line is the name of a button or of a tab, which has no meaning.
pub(crate) fn is_control(line: &str) -> bool {
    line.len() <= LONGEST
        && is_among(
            "runinapifox|runinapidog|copy|copypage|复制|复制页面|複製|tryit|tryitout|debug|run|调试|运行|除錯|showmore|expandall|collapseall|展开|收起|text|generatecode|生成代码|auto|自动生成",
            &key(line),
        )
}

/// Returns the date after the label of the modification time: `Modified at 2025-12-24 08:33:22`. The
/// date may be on the line below.
pub(crate) fn modified_line<'a>(line: &'a str, below: impl FnOnce() -> &'a str) -> Option<&'a str> {
    let rest = [
        "Modified at",
        "Last modified",
        "修改于",
        "最后修改时间",
        "修改时间",
        "修改於",
        "最後修改時間",
    ]
    .iter()
    .find_map(|head| line.strip_prefix(head))?
    .trim_start_matches([':', ' ', '：']);
    let date = if rest.is_empty() { below() } else { rest };
    is_date(date).then_some(date)
}

/// Returns whether a text is a date (`2025-12-24 08:33:22`) or an age (`8 个月前`, `a year ago`).
fn is_date(text: &str) -> bool {
    if text.is_empty() || text.chars().count() > 40 {
        return false;
    }
    let is_age = ["ago", "前", "刚刚", "剛剛", "just now", "yesterday", "昨天"];
    text.get(..5).is_some_and(|start| {
        let year = start.bytes().take(4).all(|byte| byte.is_ascii_digit());
        year && start.ends_with(['-', '/', '.'])
    }) || is_age.iter().any(|end| text.to_lowercase().ends_with(end))
}

/// Returns whether a line is the heading of the description of a page.
pub(crate) fn is_description_label(line: &str) -> bool {
    line.len() <= LONGEST
        && is_among(
            "description|接口说明|接口描述|说明|描述|說明|接口說明",
            &key(line),
        )
}

/// Returns the number of lines with data about the page that is not part of its description:
/// `责任人: Ada`, or the label and the value on a line each. The value is a name or a date, not a
/// sentence. The description may have such a line too, so it counts only above the description;
/// the date of a change counts everywhere.
pub(crate) fn page_data<'a>(
    line: &'a str,
    below: impl Fn() -> &'a str,
    is_above_text: impl Fn() -> bool,
) -> Option<usize> {
    if let Some(date) = modified_line(line, &below) {
        return Some(if line.ends_with(date) { 1 } else { 2 });
    }
    let (label, rest) = line.split_once([':', '：'])?;
    let known = is_among(
        "owner|owners|maintainer|maintainers|createdat|creator|operationid|责任人|負責人|维护者|创建者|创建时间|创建于|更新时间|接口id",
        &key(label),
    );
    if !known || !is_above_text() {
        return None;
    }
    let rest = rest.trim();
    let value = if rest.is_empty() { below() } else { rest };
    let is_short = value.chars().count() <= 40
        && value.split_whitespace().count() <= 3
        && !value.ends_with(['.', '。']);
    let count = if rest.is_empty() && !value.is_empty() {
        2
    } else {
        1
    };
    is_short.then_some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn section_headings_are_parsed() {
        let body = |media_type: Option<&str>, required| {
            Some(Marker::RequestBody(BodyHead {
                media_type: media_type.map(str::to_owned),
                required,
            }))
        };
        for (line, read) in [
            ("Request", Some(Marker::Request)),
            (
                "Query Params",
                Some(Marker::Params(ParameterLocation::Query)),
            ),
            ("Body Params", body(None, None)),
            (
                "Body Params application/json",
                body(Some("application/json"), None),
            ),
            (
                "Body Paramsapplication/jsonRequired",
                body(Some("application/json"), Some(true)),
            ),
            (
                "Body Params form-data optional",
                body(Some("multipart/form-data"), Some(false)),
            ),
            ("Body Params are sent as JSON", None),
            ("Request Code Samples", Some(Marker::Samples)),
            ("Request Request Example", Some(Marker::RequestExample)),
            ("Responses", Some(Marker::Responses)),
            ("Request a book", None),
            ("", None),
        ] {
            assert_eq!(marker(line, true), read, "{line}");
        }
        assert_eq!(marker("Headers", true), None);
        assert_eq!(
            marker("Headers", false),
            Some(Marker::Params(ParameterLocation::Header))
        );
    }

    #[test]
    fn labels_are_parsed() {
        assert_eq!(example_line("Example"), Some(""));
        assert_eq!(example_line("Example 2"), Some(""));
        assert_eq!(example_line("Example{\"a\":1}"), Some("{\"a\":1}"));
        assert_eq!(example_line("Example of a book"), None);
        assert_eq!(example_line("Example: 978"), None);
        assert_eq!(example_line("Example:"), Some(""));
        for (line, below, date) in [
            ("Modified at 2025-12-24", "", Some("2025-12-24")),
            ("最后修改时间: 8 个月前", "", Some("8 个月前")),
            ("Last modified: a year ago", "", Some("a year ago")),
            (
                "Modified at",
                "2025-12-24 08:33:22",
                Some("2025-12-24 08:33:22"),
            ),
            ("修改时间", "string", None),
            ("Last modified", "by the owner", None),
            ("Last modified date of the order", "", None),
        ] {
            assert_eq!(modified_line(line, || below), date, "{line}");
        }
        for (line, below, count) in [
            ("责任人: 未设置", "", Some(1)),
            ("Owner: Ada Lovelace", "", Some(1)),
            ("Owner:", "Ada", Some(2)),
            ("最后修改时间:", "8 个月前", Some(2)),
            ("Owner: the customer who holds the card", "", None),
            ("Owner:", "The customer who holds the card.", None),
            ("Important: read this", "", None),
        ] {
            assert_eq!(page_data(line, || below, || true), count, "{line}");
        }
        assert_eq!(page_data("Owner: customer", || "", || false), None);
        let date = "Modified at 2025-12-24 08:33:22";
        assert_eq!(page_data(date, || "", || false), Some(1));
        assert_eq!(required_line("Required"), Some(true));
        assert_eq!(required_line("required field"), None);
    }
}
