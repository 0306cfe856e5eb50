//! Bitcoin: bitcoind's RPC, fees, broadcasting, the wallet's coins.
//!
//! * [`Bitcoind`] is the one way to the chain. Everything here is told about blocks by whoever follows the chain (the
//!   [`Wallet`] and the [`Broadcaster`] are [`lightning::chain::Listen`]ers); nothing here polls by itself.
//! * [`FeeRates`] holds what bitcoind estimates, for LDK and for our own transactions.
//! * [`Wallet`] knows our coins, spends them, and keeps what it knows through [`boltill_types::StateStore`].
//! * [`Broadcaster`] takes every transaction that must reach the chain and does not let go of it until it is there.

mod bitcoind;
mod broadcast;
mod fees;
#[cfg(test)]
mod testing;
mod wallet;

pub use bitcoind::{
    Bitcoind, BitcoindConfig, BitcoindError, BlockchainInfo, ChainStatus, ConfigError, FeeMode,
    FundingOutputs, MempoolInfo, MempoolListing, NetworkInfo, PackageResult, PackageTx, StartError,
    TxOutInfo, WrongChain,
};
pub use broadcast::{BroadcastTask, Broadcaster, PublishError, Published};
pub use fees::{
    Estimate, FeeRates, Feerate, FeerateError, FeerateName, ForcedFeerates, ForcedFeeratesError,
    OnchainFeeEstimates,
};
pub use wallet::{
    AddressKind, Balance, BuiltSpend, Coin, CoinStatus, Hold, IssuedAddress, Rescan, ScanError, Spend,
    SpendAmount, SpendError, SpendEstimate, Wallet, WalletError, WalletTransaction, before_any_coin,
    has_wallet,
};
