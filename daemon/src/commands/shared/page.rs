//! *index*, *start* and *limit* of the listings.

use crate::error::RpcError;
use boltill_till::{Order, Range};

/// What part of a listing is asked for.
///
/// # Errors
/// `-32602 Can only specify {start} with {index}`, and the same of `{limit}`.
pub fn range(index: Option<Order>, start: u64, limit: Option<u32>) -> Result<Range, RpcError> {
    match index {
        Some(order) => Ok(Range { order, start, limit }),
        None if start != 0 => Err(RpcError::invalid_params("Can only specify {start} with {index}")),
        None if limit.is_some() => Err(RpcError::invalid_params("Can only specify {limit} with {index}")),
        None => Ok(Range::ALL),
    }
}
