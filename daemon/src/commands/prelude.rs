//! What nearly every command's file needs.

pub use super::{Category, Command, Example, OnHangUp, Run};
pub use crate::answer::{Answer, Outcome};
pub use crate::context::Call;
pub use crate::error::{Code, RpcError};
pub use crate::parameters;
pub use crate::params::{Field, Kind};
pub use crate::rpc::Level;
