//! Runs the command of an operation.

use std::time::Instant;

use clap::{ArgMatches, Command, FromArgMatches, Subcommand};
use serde_json::value::RawValue;
use stablelink::types::CreateCheckoutOrderRequest;
use stablelink::{BoxFuture, NewCheckoutOrder, RawObject, RawResponse};

use super::command_spec::{CommandSpec, key_of};
use super::extras::ExtraCommand;
use super::names::GROUPS;
use super::request_fields::RequestFields;
use crate::context::Context;
use crate::error::{CallSubject, CliError};

/// The command of an operation with its arguments.
#[derive(Debug)]
pub(crate) struct OperationCommand {
    group: String,
    name: String,
    matches: ArgMatches,
}

impl OperationCommand {
    pub(crate) async fn run(self, context: &Context) -> Result<(), CliError> {
        let path = (self.group.as_str(), self.name.as_str());
        if let Some(extra) = ExtraCommand::ALL.iter().find(|extra| extra.path() == path) {
            return extra.run(&self.matches, context).await;
        }
        let is_same = |spec: &CommandSpec| (spec.group.as_str(), spec.name.as_str()) == path;
        let spec = CommandSpec::all().into_iter().find(is_same);
        let spec = spec.ok_or_else(|| CliError::usage("unknown command"))?;
        let mut fields = RequestFields::read(&spec, &self.matches)?;
        fields.check(&spec, context)?;
        fields.complete(&spec);

        let (operation, client) = (spec.operation, context.client()?);
        let json = fields.to_json();
        let raw = RawValue::from_string(json.clone())
            .map_err(|error| CliError::other(format!("cannot serialise the request: {error}")))?;
        let request = client.operation(operation.operation_id).json(&raw);
        request.check()?;
        let call: BoxFuture<'_, Result<RawResponse, stablelink::Error>> =
            if operation.operation_id == "createCheckoutOrder" {
                // The method looks up an order whose creation was ambiguous, and detects a token that is not enabled.
                let order = checkout_order(&json)?;
                Box::pin(async move {
                    let created = client.checkout_orders().create(&order).await;
                    created.map(|order| order.raw_response().clone())
                })
            } else {
                Box::pin(async move {
                    let response = request.await;
                    response.map(|response| response.raw_response().clone())
                })
            };
        if let Some((field, value)) = fields.identity(&spec) {
            context.set_key(field, &value);
            if field == key_of(operation) {
                // The user can look up the record by this number after an interruption.
                context.out.key(field, &value);
            }
        }
        let start = Instant::now();
        let (may_write, has_key) = (
            CallSubject::may_write(operation),
            CallSubject::has_key(operation),
        );
        let subject = context.begin_call(may_write, has_key);
        let response = call
            .await
            .map_err(|error| CliError::of_call(error, &subject))?;
        let printed = context.out.response(operation, &response, start.elapsed());
        printed.map_err(|error| error.after_success(&subject))
    }
}

/// Converts the fields of an order. Fails if the order number is invalid, or if a field has another type than in the document,
/// or is unknown: the typed request would not contain an unknown field.
fn checkout_order(json: &str) -> Result<NewCheckoutOrder, CliError> {
    let request: CreateCheckoutOrderRequest = serde_json::from_str(json).map_err(|error| {
        let text = error.to_string();
        // The line and the column of the error refer to the JSON that is built here, not to the user's input.
        let problem = text.split(" at line ").next().unwrap_or_default();
        CliError::usage(format!("invalid request: {problem}"))
    })?;
    let sent = serde_json::to_vec(&request).unwrap_or_default();
    let names = (RawObject::parse(json.as_bytes()).ok()).zip(RawObject::parse(&sent).ok());
    let unknown = names.as_ref().and_then(|(given, sent)| {
        let mut given = given.iter();
        given.find(|(name, value)| *value != "null" && sent.get(name).is_none())
    });
    let is_valid = |number: &str| number.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match unknown {
        // The method rejects the number too, but after the number was printed.
        None if !is_valid(&request.order_no) => Err(CliError::usage(
            "`orderNo` has other characters than letters and digits, which the gateway rejects",
        )),
        None => Ok(request.into()),
        Some((name, _)) => Err(CliError::usage(format!(
            "the field `{name}` is unknown to this version"
        ))
        .next("send the request with `stablelink api`")),
    }
}

impl FromArgMatches for OperationCommand {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let leaf = matches.subcommand();
        let leaf = leaf.and_then(|(group, matches)| Some((group, matches.subcommand()?)));
        let (group, (name, matches)) =
            leaf.ok_or_else(|| clap::Error::new(clap::error::ErrorKind::MissingSubcommand))?;
        Ok(Self {
            group: group.to_owned(),
            name: name.to_owned(),
            matches: matches.clone(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Subcommand for OperationCommand {
    fn augment_subcommands(command: Command) -> Command {
        let specs = CommandSpec::all();
        let mut groups: Vec<String> = GROUPS
            .iter()
            .map(|(group, _)| (*group).to_owned())
            .collect();
        for spec in &specs {
            if !groups.contains(&spec.group) {
                groups.push(spec.group.clone());
            }
        }
        groups.into_iter().fold(command, |command, group| {
            let about = GROUPS.iter().find(|(known, _)| *known == group);
            let about = about.map_or("Other operations of the gateway", |(_, about)| about);
            let mut group_command = Command::new(group.clone())
                .about(about)
                .subcommand_required(true)
                .arg_required_else_help(true);
            for spec in specs.iter().filter(|spec| spec.group == group) {
                group_command = group_command.subcommand(spec.command());
            }
            for extra in ExtraCommand::ALL
                .iter()
                .filter(|extra| extra.path().0 == group)
            {
                group_command = group_command.subcommand(extra.command());
            }
            command.subcommand(group_command)
        })
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        let is_known = GROUPS.iter().any(|(group, _)| *group == name);
        is_known || CommandSpec::all().iter().any(|spec| spec.group == name)
    }
}
