//! Labels in the site's own list of fields.

use super::labels::{LONGEST, is_among, key};

/// Parses a line that names a schema keyword without a value: `deprecated`, `read-only`.
pub(crate) fn keyword_line(line: &str) -> Option<&'static str> {
    if line.len() > LONGEST {
        return None;
    }
    Some(match key(line).as_str() {
        "deprecated" | "已废弃" | "废弃" | "将废弃" | "已廢棄" | "非推奨" => {
            "deprecated"
        }
        "readonly" | "read-only" | "只读" | "唯讀" | "読み取り専用" => "readOnly",
        "writeonly" | "write-only" | "只写" | "唯寫" | "書き込み専用" => "writeOnly",
        "nullable" | "可为空" | "允许为空" | "可為空" => "nullable",
        _ => return None,
    })
}

/// The meaning of a label that precedes a value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueLabel {
    Example,
    Examples,
    Default,
    Allowed,
    Constant,
    Pattern,
    Format,
    MinLength,
    MaxLength,
    Minimum,
    Maximum,
}

const VALUE_LABELS: &[(&str, ValueLabel)] = &[
    (
        "example|examplevalue|示例值|示例|範例值|範例|例",
        ValueLabel::Example,
    ),
    ("examples", ValueLabel::Examples),
    (
        "default|defaultvalue|默认值|默认|预设值|預設值|デフォルト|デフォルト値",
        ValueLabel::Default,
    ),
    (
        "allowedvalue|allowedvalues|enum|enumvalues|availableoptions|possiblevalues|枚举值|枚举|可选值|可用值|列舉值|枚舉值|可選值|許可値|列挙値",
        ValueLabel::Allowed,
    ),
    (
        "const|constant|constantvalue|常量|固定值",
        ValueLabel::Constant,
    ),
    (
        "matchpattern|pattern|match|regex|匹配正则|正则匹配|正则表达式|正則表達式|パターン",
        ValueLabel::Pattern,
    ),
    ("format|格式|フォーマット", ValueLabel::Format),
    ("minlength|最小长度|最小長度", ValueLabel::MinLength),
    ("maxlength|最大长度|最大長度", ValueLabel::MaxLength),
    ("minimum|minvalue|最小值|最小値", ValueLabel::Minimum),
    ("maximum|maxvalue|最大值|最大値", ValueLabel::Maximum),
];

/// Parses the label of a value of a field, which ends with a colon: `Example:`, `默认值：3`. Returns
/// the text after the colon.
pub(crate) fn value_label(line: &str) -> Option<(ValueLabel, &str)> {
    let colon = line.find([':', '：']).filter(|&colon| colon <= 40)?;
    let key = key(&line[..colon]);
    let (_, label) = VALUE_LABELS
        .iter()
        .find(|(words, _)| is_among(words, &key))?;
    let rest = line[colon..].trim_start_matches([':', '：']).trim_start();
    // `pattern` and `format` may begin a sentence of the description.
    let sentence = rest.contains(' ') && matches!(label, ValueLabel::Format);
    (!sentence).then_some((*label, rest))
}

/// Returns whether a line introduces the alternatives of a type.
pub(crate) fn is_choice_label(line: &str) -> bool {
    line.len() <= LONGEST && is_among("oneof:|anyof:|allof:|其中一个:|任意一个:|全部:", &key(line))
}

/// Returns whether a line introduces the type of the fields that a list does not name.
pub(crate) fn is_other_fields_label(line: &str) -> bool {
    line.len() <= LONGEST
        && is_among(
            "additionalproperties|附加属性|额外属性|额外字段|附加字段",
            &key(line),
        )
}
