//! Bitcoin addresses and transactions, and what the wallet's errors are called.

use crate::error::{Code, Failure, RpcError};
use crate::params::{FromToken, Kind, Refusal, Token};
use bitcoin::address::NetworkUnchecked;
use bitcoin::{Address, Network, ScriptBuf};
use boltill_onchain::{SpendError, WalletError};

/// A bitcoin address, of whatever network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BitcoinAddress(Address<NetworkUnchecked>);

impl FromToken for BitcoinAddress {
    const KIND: Kind = Kind::String;

    fn from_token(token: Token<'_>) -> Result<BitcoinAddress, Refusal> {
        let address = token.word().and_then(|word| word.parse().ok());
        let words =
            || "Could not parse destination address, destination should be a valid address".to_owned();
        Ok(BitcoinAddress(
            address.ok_or_else(words).map_err(Refusal::Message)?,
        ))
    }
}

impl BitcoinAddress {
    /// The script that the address stands for.
    ///
    /// # Errors
    /// When it is an address of another network.
    pub fn script(self, network: Network) -> Result<ScriptBuf, RpcError> {
        match self.0.require_network(network) {
            Ok(address) => Ok(address.script_pubkey()),
            Err(_) => Err(RpcError::invalid_params(format!(
                "Destination address is not on network {network}"
            ))),
        }
    }
}

impl Failure for SpendError {
    fn code(&self) -> Code {
        match self {
            SpendError::InsufficientFunds { .. } => Code::FundCannotAfford,
            SpendError::ReserveNotKept { .. } => Code::FundEmergencyReserve,
            SpendError::Dust { .. } => Code::FundOutputIsDust,
            SpendError::UnknownCoin(_) | SpendError::CoinReserved { .. } => Code::InvalidParams,
            SpendError::Build(_) | SpendError::Wallet(_) => Code::Unspecified,
        }
    }
}

impl Failure for WalletError {
    fn code(&self) -> Code {
        match self {
            WalletError::Store(_)
            | WalletError::Damaged(_)
            | WalletError::Mismatch(_)
            | WalletError::Keys(_) => Code::Unspecified,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ON_REGTEST: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

    fn parse(json: &str) -> Result<BitcoinAddress, Refusal> {
        BitcoinAddress::from_token(Token::parse(json).unwrap())
    }

    #[test]
    fn an_address_is_of_one_network() {
        let address = parse(&format!("\"{ON_REGTEST}\"")).unwrap();
        assert!(address.clone().script(Network::Regtest).is_ok());
        let refusal = address.script(Network::Bitcoin).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "Destination address is not on network bitcoin"
        );
    }

    #[test]
    fn what_is_no_address_is_refused_in_core_lightnings_words() {
        for wrong in [
            "\"\"",
            "1",
            "\"bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt081\"",
            "[]",
        ] {
            let Err(Refusal::Message(words)) = parse(wrong) else {
                panic!("{wrong}")
            };
            assert_eq!(
                words,
                "Could not parse destination address, destination should be a valid address"
            );
        }
    }
}
