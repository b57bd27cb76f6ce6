//! The command of an operation: its names, its arguments and its help.

use clap::{Arg, ArgAction, Args, Command};
use heck::{ToKebabCase, ToUpperCamelCase};
use stablelink::operations::{
    self as op, EvidenceLevel, FieldLocation, FieldType, OperationInfo, RequestEncoding,
    RequestField, RetrySafety,
};

use super::field_parser::FieldParser;
use super::names::{GROUPS, advice, group_of_tag, usage_of};
use crate::options::GlobalOptions;

/// The clap ID of `--json`. It cannot be the ID of a field.
pub(super) const JSON: &str = "--json";

/// The fields of a refund of which only one may be set.
pub(super) const ORDER: &str = "orderNo";
pub(super) const ABNORMAL_PAYMENT: &str = "abnormalPaymentNo";

/// The command that sends an operation.
pub(super) struct CommandSpec {
    pub(super) group: String,
    pub(super) name: String,
    pub(super) operation: &'static OperationInfo,
    pub(super) fields: Vec<FieldSpec>,
}

/// An argument of a command, which sets a field of the request.
pub(super) struct FieldSpec {
    pub(super) name: String,
    pub(super) flag: String,
    pub(super) value_type: FieldType,
    pub(super) is_required: bool,
    pub(super) is_positional: bool,
    values: &'static [&'static str],
    description: String,
}

impl CommandSpec {
    /// Returns the commands of all operations, except for those of tokens and uploads, which have their own commands.
    pub(super) fn all() -> Vec<Self> {
        Self::of(op::ALL.iter())
    }

    fn of(operations: impl Iterator<Item = &'static OperationInfo>) -> Vec<Self> {
        let mut specs: Vec<Self> = Vec::new();
        let is_call = |operation: &&OperationInfo| {
            operation.signed && operation.encoding != RequestEncoding::Multipart
        };
        for operation in operations.filter(is_call) {
            let mut spec = Self::new(operation);
            let is_same = |other: &Self| (&other.group, &other.name) == (&spec.group, &spec.name);
            if specs.iter().any(is_same) {
                spec.name = operation.operation_id.to_kebab_case();
            }
            specs.push(spec);
        }
        let position = |spec: &Self| GROUPS.iter().position(|(group, _)| *group == spec.group);
        specs.sort_by_key(|spec| position(spec).unwrap_or(GROUPS.len()));
        specs
    }

    fn new(operation: &'static OperationInfo) -> Self {
        let mut words = usage_of(operation.operation_id);
        let (group, name) = match (words.next(), words.next()) {
            (Some(group), Some(name)) => (group.to_owned(), name.to_owned()),
            _ => name_by_rule(operation),
        };
        let mut fields: Vec<FieldSpec> = operation.fields.iter().map(FieldSpec::new).collect();
        let mut positionals = 0;
        for word in words {
            let positional = word
                .strip_prefix('<')
                .and_then(|word| word.strip_suffix('>'));
            let optional = word
                .strip_prefix('[')
                .and_then(|word| word.strip_suffix(']'));
            let flag = word
                .strip_prefix("--")
                .and_then(|word| word.split_once('='));
            let (field, value_type) = match flag {
                Some((_, field)) => field.split_once(':').unwrap_or((field, "")),
                None => (positional.or(optional).unwrap_or_default(), ""),
            };
            let Some(index) = fields.iter().position(|known| known.name == field) else {
                let value_type = match value_type {
                    "integer" => FieldType::Integer,
                    "decimal" => FieldType::Decimal,
                    _ => continue,
                };
                let flag = flag.map(|(flag, _)| flag).unwrap_or_default();
                fields.push(FieldSpec::inferred(field, flag, value_type));
                continue;
            };
            if let Some((flag, _)) = flag {
                flag.clone_into(&mut fields[index].flag);
                continue;
            }
            let mut field = fields.remove(index);
            field.is_positional = true;
            field.is_required = positional.is_some();
            fields.insert(positionals, field);
            positionals += 1;
        }
        for field in &mut fields {
            // The request is completed with a default for these fields.
            if field.name == key_of(operation) {
                field.is_required = false;
                field.description = format!("{} [default: generated]", field.description);
            } else if operation.operation_id == "createCheckoutOrder" && field.name == "fiat" {
                "Currency of the amount; only USD is documented [default: USD]"
                    .clone_into(&mut field.description);
            } else if field.name == "isIntermediaryRequired" {
                field.is_required = false;
                field.description = format!(
                    "{} [default: whether --intermediary-bank is set]",
                    field.description
                );
            }
        }
        Self {
            group,
            name,
            operation,
            fields,
        }
    }

    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(self.name.clone());
        let mut usage = format!("stablelink {} {} [OPTIONS]", self.group, self.name);
        for field in &self.fields {
            let arg = field.arg();
            if field.is_required {
                usage.push_str(&match field.is_positional {
                    true => format!(" <{}>", field.value_name()),
                    false => format!(" --{} <{}>", field.flag, field.value_name()),
                });
            } else if field.is_positional {
                usage.push_str(&format!(" [{}]", field.value_name()));
            }
            command = command.arg(arg);
        }
        if self.excludes_order_and_payment() {
            let (order, payment) = (arg_id(ORDER), arg_id(ABNORMAL_PAYMENT));
            command = command.mut_arg(payment, |arg| arg.conflicts_with(order));
        }
        let json = Arg::new(JSON)
            .long("json")
            .value_name("OBJECT|@FILE|@-")
            .value_parser(|text: &str| text.parse::<crate::input::InputArg>())
            .help("Request as a JSON object: a literal text, @FILE, or @- for standard input; other arguments override its fields");
        describe(command.arg(json), self.operation).override_usage(usage)
    }

    /// Returns whether the request is of an order or of an abnormal payment, as that of a refund.
    pub(super) fn excludes_order_and_payment(&self) -> bool {
        let has = |name: &str| self.fields.iter().any(|field| field.name == name);
        has(ORDER) && has(ABNORMAL_PAYMENT)
    }
}

/// Returns the name of the field with the idempotency key, or an empty one.
pub(super) fn key_of(operation: &OperationInfo) -> &'static str {
    match operation.retry {
        RetrySafety::Keyed { field } => field,
        _ => "",
    }
}

/// Returns group and name of a command: the tag, and the `operationId` without the words of the tag.
fn name_by_rule(operation: &OperationInfo) -> (String, String) {
    let tag = operation.tag.to_kebab_case();
    let id = operation.operation_id.to_kebab_case();
    let is_of_tag = |word: &&str| {
        let singular = word.strip_suffix('s').unwrap_or(word);
        !tag.split('-')
            .any(|of_tag| of_tag == *word || of_tag == singular)
    };
    let words: Vec<&str> = id.split('-').filter(is_of_tag).collect();
    let name = if words.is_empty() {
        id.clone()
    } else {
        words.join("-")
    };
    (group_of_tag(&tag), name)
}

/// Returns the clap ID of a field. The prefix separates it from the IDs of the global options.
pub(super) fn arg_id(field: &str) -> String {
    format!("field:{field}")
}

/// Returns the flag of a field: its name, with a prefix if a global option or `--json` has this flag.
fn flag_of(field: &str) -> String {
    let flag = field.to_kebab_case();
    let globals = GlobalOptions::augment_args(Command::new(""));
    let is_global = globals
        .get_arguments()
        .any(|arg| arg.get_long() == Some(&flag));
    if is_global || ["json", "help"].contains(&&*flag) {
        return format!("field-{flag}");
    }
    flag
}

impl FieldSpec {
    fn new(field: &RequestField) -> Self {
        // The rest of a description is for readers of the document.
        let sentence = field.description.split(". ").next().unwrap_or_default();
        let description = match sentence.trim_end_matches('.') {
            "" => title(field.name),
            sentence => sentence.replace('`', ""),
        };
        Self {
            name: field.name.to_owned(),
            flag: flag_of(field.name),
            value_type: field.value_type,
            is_required: field.required,
            is_positional: field.required && field.location != FieldLocation::Body,
            values: field.values,
            description,
        }
    }

    fn inferred(name: &str, flag: &str, value_type: FieldType) -> Self {
        Self {
            name: name.to_owned(),
            flag: flag.to_owned(),
            value_type,
            is_required: false,
            is_positional: false,
            values: &[],
            description: format!("{} (the field name {name} is inferred)", title(name)),
        }
    }

    fn value_name(&self) -> String {
        if self.is_positional {
            return self.name.to_kebab_case().replace('-', "_").to_uppercase();
        }
        let name = match self.value_type {
            FieldType::Date => "YYYY-MM-DD",
            FieldType::Integer => "INTEGER",
            FieldType::Decimal | FieldType::DecimalText => "DECIMAL",
            FieldType::Boolean => "BOOL",
            FieldType::IntegerOrText => "INTEGER|TEXT",
            FieldType::Json => "JSON|@FILE|@-",
            _ => "TEXT",
        };
        name.to_owned()
    }

    fn arg(&self) -> Arg {
        let mut help = self.description.clone();
        if self.value_type == FieldType::TextList {
            help.push_str("; may be repeated");
        }
        if !self.values.is_empty() {
            help.push_str(&format!(" [known values: {}]", self.values.join(", ")));
        }
        if self.is_required && !self.is_positional {
            help.push_str(" [required]");
        }
        let mut arg = Arg::new(arg_id(&self.name))
            .value_name(self.value_name())
            .value_parser(FieldParser {
                value_type: self.value_type,
                values: self.values,
            })
            // A negative number is parsed, so that its error names the flag and the accepted form.
            .allow_negative_numbers(matches!(
                self.value_type,
                FieldType::Integer
                    | FieldType::IntegerOrText
                    | FieldType::Decimal
                    | FieldType::DecimalText
            ))
            .hide_possible_values(true)
            .help(help);
        if !self.is_positional {
            arg = arg.long(self.flag.clone());
        }
        if self.value_type == FieldType::TextList {
            arg = arg.action(ArgAction::Append);
        }
        match (self.is_required, self.is_positional) {
            (true, true) => arg = arg.required(true),
            (true, false) => arg = arg.required_unless_present(JSON),
            (false, _) => {}
        }
        arg
    }
}

/// Returns the words of a field name: `Customer ID` for `customerId`.
fn title(name: &str) -> String {
    let words = name.to_kebab_case();
    let words = words
        .split('-')
        .enumerate()
        .map(|(index, word)| match word {
            "id" | "url" => word.to_uppercase(),
            "no" if index > 0 => "number".to_owned(),
            word if index == 0 => word.to_upper_camel_case(),
            word => word.to_owned(),
        });
    words.collect::<Vec<_>>().join(" ")
}

/// Adds the summary and the evidence of an operation to the help of its command.
pub(crate) fn describe(command: Command, operation: &OperationInfo) -> Command {
    let about = command.get_about().map(ToString::to_string);
    let mut about = about.unwrap_or_else(|| operation.summary.to_owned());
    if operation.evidence == EvidenceLevel::Inferred {
        about.push_str(" [inferred]");
    }
    let advice = advice(operation.operation_id).map(|advice| format!("{advice}\n\n"));
    let after = format!("{}{}", advice.unwrap_or_default(), evidence(operation));
    command.about(about).after_help(after)
}

/// Returns the lines of the help about the evidence and the retries of an operation.
fn evidence(operation: &OperationInfo) -> String {
    let meaning = match operation.evidence {
        EvidenceLevel::Documented => "its whole page is known",
        EvidenceLevel::Partial => "a part of its page is known",
        _ => "the vendor's pages only name it; method, path and fields are guesses",
    };
    let retry = match operation.retry {
        RetrySafety::Safe => {
            "retried after a lost attempt; repeating it has no further effect".to_owned()
        }
        RetrySafety::Keyed { field } => format!(
            "retried after a lost attempt with the same {field}, which the gateway accepts once"
        ),
        _ => "never".to_owned(),
    };
    let (method, path, level) = (
        operation.method,
        operation.path,
        operation.evidence.as_str(),
    );
    let mut text = format!("{method} {path}\nEvidence: {level}: {meaning}.\nRetry: {retry}.");
    for page in operation.pages {
        text.push_str(&format!("\nPage: {page}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns an operation that this crate does not know.
    fn operation(
        id: &'static str,
        tag: &'static str,
        fields: &[RequestField],
    ) -> &'static OperationInfo {
        let mut operation = op::GET_TRADE;
        (operation.operation_id, operation.tag) = (id, tag);
        operation.fields = Box::leak(fields.to_vec().into_boxed_slice());
        Box::leak(Box::new(operation))
    }

    fn field(name: &'static str, location: FieldLocation, required: bool) -> RequestField {
        let mut field = op::GET_TRADE.fields[0];
        (field.name, field.location, field.required) = (name, location, required);
        field
    }

    #[test]
    fn new_operation_is_named_by_its_tag_and_id() {
        for (id, tag, path) in [
            ("getTradeLimits", "Trade", "trade get-limits"),
            ("closeTrades", "Trade", "trade close"),
            ("listBalances", "Account Balance", "account-balance list"),
            ("listDeliveries", "Webhook", "webhook-event list-deliveries"),
            ("resetSandbox", "Sandbox", "sandbox-operation reset"),
            ("ping", "", "operation ping"),
            ("trade", "Trade", "trade trade"),
        ] {
            let spec = CommandSpec::new(operation(id, tag, &[]));
            assert_eq!(format!("{} {}", spec.group, spec.name), path, "{id}");
        }
        let same = ["getTrade", "showTrade", "showTrades"].map(|id| operation(id, "Trade", &[]));
        let specs = CommandSpec::of(same.into_iter());
        let names: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
        assert_eq!(names, ["get", "show", "show-trades"]);
    }

    #[test]
    fn fields_are_arguments_of_the_documented_kind() {
        let new = operation(
            "moveTrade",
            "Trade",
            &[
                field("tradeId", FieldLocation::Path, true),
                field("greenLinkVA", FieldLocation::Body, true),
                field("note", FieldLocation::Body, false),
            ],
        );
        let mut command = CommandSpec::new(new).command();
        command.build();
        let parse = |arguments: &[&str]| {
            let arguments = ["move"].iter().chain(arguments);
            command.clone().try_get_matches_from(arguments).map(|_| ())
        };
        assert!(parse(&["7", "--green-link-va", "Yes"]).is_ok());
        assert!(parse(&["7", "--json", "{}"]).is_ok());
        for wrong in [
            &["7"][..],
            &["--green-link-va", "Yes"],
            &["7", "--json", "{}", "--other"],
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
        let help = command.render_help().to_string();
        assert!(
            help.contains("move [OPTIONS] <TRADE_ID> --green-link-va <TEXT>"),
            "{help}"
        );
    }

    #[test]
    fn field_with_the_name_of_a_global_option_has_a_prefixed_flag() {
        let names = ["timeout", "output", "profile", "env", "get", "json", "help"];
        let fields = names.map(|name| field(name, FieldLocation::Body, false));
        let spec = CommandSpec::new(operation("moveTrade", "Trade", &fields));
        let mut command = GlobalOptions::augment_args(Command::new("stablelink"));
        command = command.subcommand(spec.command());
        command.clone().debug_assert();
        let arguments = [
            "stablelink",
            "move",
            "--timeout",
            "7",
            "--field-timeout",
            "A",
        ];
        let matches = command.try_get_matches_from_mut(arguments).unwrap();
        let matches = matches.subcommand().unwrap().1;
        assert_eq!(matches.get_one("timeout"), Some(&7_u64));
        let field = matches.get_one(&arg_id("timeout"));
        assert_eq!(field, Some(&r#""A""#.to_owned()));
        assert!(matches.get_one::<String>(&arg_id("env")).is_none());
    }

    #[test]
    fn refund_is_of_an_order_or_of_a_payment() {
        let command = CommandSpec::new(&op::CREATE_REFUND_ORDER).command();
        let order = ["create", "--amount", "1", "--order", "A1"];
        assert!(command.clone().try_get_matches_from(order).is_ok());
        let both = order.iter().chain(&["--abnormal-payment", "B1"]);
        assert!(command.try_get_matches_from(both).is_err());
    }

    #[test]
    fn row_whose_fields_are_gone_has_no_effect() {
        let renamed = field("tradeNo", FieldLocation::Query, true);
        let spec = CommandSpec::new(operation("getTrade", "Trade", &[renamed]));
        let names: Vec<&str> = spec
            .fields
            .iter()
            .map(|field| field.name.as_str())
            .collect();
        assert_eq!((spec.name.as_str(), names), ("get", vec!["tradeNo"]));
        assert!(spec.fields[0].is_positional);
    }
}
