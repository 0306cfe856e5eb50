//! Bitcoin: bitcoind's RPC, fees, broadcasting, the wallet's coins.
