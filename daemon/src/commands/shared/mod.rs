//! What several commands have in common: how channels, addresses and transactions are read and written.

pub mod address;
pub mod channel;
pub mod cleaning;
pub mod config;
pub mod datastore;
pub mod invoice;
pub mod invoice_request;
pub mod limits;
pub mod offer;
pub mod onchain;
pub mod page;
pub mod payment;
pub mod payout;
pub mod route;
pub mod zbase32;

#[cfg(test)]
pub mod documented;

use crate::error::RpcError;

/// Refuses a parameter of Core Lightning's that this node cannot honour: to ignore it would be to do something else than
/// what was asked for.
pub fn unsupported<T>(name: &str, given: &Option<T>, why: &str) -> Result<(), RpcError> {
    match given {
        Some(_) => Err(RpcError::invalid_params(format!("{name}: not supported: {why}"))),
        None => Ok(()),
    }
}
