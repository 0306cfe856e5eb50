//! From a method's name to the command that runs.

use super::notify::Caller;
use crate::commands::{OnHangUp, Running};
use crate::context::{Call, Context};
use crate::error::RpcError;
use crate::params::Token;
use std::sync::Arc;

/// Finds a command and reads its parameters. What comes back does the work once it is polled.
pub fn start(
    context: &Arc<Context>,
    caller: Caller,
    method: &str,
    params: Token<'_>,
) -> Result<(Running, OnHangUp), RpcError> {
    let Some(command) = context.commands.find(method) else {
        return Err(RpcError::UnknownCommand(method.to_owned()));
    };
    if command.developer && !context.config.developer {
        return Err(RpcError::DeveloperOnly(command.name));
    }
    let running = command.start(
        Call {
            context: context.clone(),
            caller,
        },
        params,
    )?;
    Ok((running, command.on_hang_up))
}
