//! The operations of the gateway as commands, built from the operation table.
//!
//! `names` holds the short names of commands and flags, `command_spec` the command of each operation, `field_parser` and
//! `request_fields` read arguments and JSON, and `run` sends the call. `extras` has the commands that do more than send one operation.

mod command_spec;
mod extras;
mod field_parser;
mod names;
mod request_fields;
mod run;

pub(crate) use command_spec::describe;
#[cfg(test)]
pub(crate) use names::OTHER_COMMANDS;
pub(crate) use run::OperationCommand;
