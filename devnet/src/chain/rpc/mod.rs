//! bitcoind's JSON-RPC calls. [`commands`] is the one list: dispatch and `help` come from it.

mod blocks;
mod control;
mod error;
mod json;
mod mempool;
mod mining;
mod number;
mod params;
mod transactions;
mod wallet;

use serde_json::Value;

use super::node::Node;
pub(crate) use error::RpcError;
pub(crate) use number::to_bytes;
use params::Params;

/// A call.
#[derive(Debug)]
pub(crate) struct Command {
    /// Its name.
    name: &'static str,
    /// Its parameters in order; `a|b` is one with two names.
    params: &'static [&'static str],
    /// How many of them must be there.
    required: usize,
    /// What it does, in a line.
    summary: &'static str,
    run: fn(&mut Node, &Params) -> Result<Value, RpcError>,
}

impl Command {
    /// The call as it is written: optional parameters in parentheses.
    fn usage(&self) -> String {
        let first_name = |declared: &'static str| declared.split('|').next().unwrap_or(declared);
        let mut text = self.name.to_owned();
        for (index, param) in self.params.iter().enumerate() {
            let name = first_name(param);
            text.push_str(&if index < self.required {
                format!(" {name}")
            } else {
                format!(" ( {name} )")
            });
        }
        text
    }
}

/// Every call there is.
fn commands() -> impl Iterator<Item = &'static Command> {
    [
        blocks::COMMANDS,
        transactions::COMMANDS,
        mempool::COMMANDS,
        mining::COMMANDS,
        wallet::COMMANDS,
        control::COMMANDS,
    ]
    .into_iter()
    .flatten()
}

/// Runs a call. What it changed is on the disk when this returns.
pub(crate) fn call(node: &mut Node, method: &str, params: Value) -> Result<Value, RpcError> {
    let command = commands()
        .find(|command| command.name == method)
        .ok_or(RpcError::MethodNotFound)?;
    let outcome = Params::bind(command, params).and_then(|params| (command.run)(node, &params));
    node.sync()?;
    outcome
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_call_has_its_own_name_and_a_summary() {
        let mut names = HashSet::new();
        for command in commands() {
            assert!(names.insert(command.name), "{} is there twice", command.name);
            assert!(!command.summary.is_empty() && command.required <= command.params.len());
        }
    }
}
