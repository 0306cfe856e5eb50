//! A served chain, its client, and a key that spends.

use std::path::Path;

use bitcoin::consensus::encode::{deserialize_hex, serialize_hex};
use bitcoin::key::{Keypair, Secp256k1, TapTweak};
use bitcoin::secp256k1::{All, Message};
use bitcoin::sighash::{EcdsaSighashType, Prevouts, SighashCache, TapSighashType};
use bitcoin::{
    Address, Amount, Block, CompressedPublicKey, KnownHrp, OutPoint, ScriptBuf, Sequence, Transaction, TxIn,
    TxOut, Txid, Witness, absolute, ecdsa, taproot, transaction,
};
use boltill_devnet::chain::{Config, Running, serve};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A chain that is served until this is dropped.
pub struct TestChain {
    pub running: Running,
    pub http: reqwest::Client,
}

/// The code and the message of a refusal.
pub type Refusal = (i64, String);

impl TestChain {
    /// A new chain in a folder of its own.
    pub async fn start() -> (Self, TempDir) {
        let dir = tempfile::tempdir().unwrap();
        (Self::start_in(dir.path()).await, dir)
    }

    pub async fn start_in(dir: &Path) -> Self {
        let config = Config {
            datadir: dir.to_owned(),
            rpc_port: 0,
            rpc_auth: None,
        };
        Self {
            running: serve(config).await.unwrap(),
            http: reqwest::Client::new(),
        }
    }

    /// Sends any body as the owner of the cookie.
    pub async fn post(&self, body: impl Into<reqwest::Body>) -> reqwest::Response {
        let (user, password) = self.running.cookie().split_once(':').unwrap();
        let request = self
            .http
            .post(self.running.url())
            .basic_auth(user, Some(password));
        request.body(body).send().await.unwrap()
    }

    pub async fn call(&self, method: &str, params: Value) -> Result<Value, Refusal> {
        let body = json!({ "method": method, "params": params, "id": 7 }).to_string();
        let mut answer: Value = self.post(body).await.json().await.unwrap();
        assert_eq!(answer["id"], 7);
        match answer["error"].take() {
            Value::Null => Ok(answer["result"].take()),
            error => Err((
                error["code"].as_i64().unwrap(),
                error["message"].as_str().unwrap().to_owned(),
            )),
        }
    }

    pub async fn ok(&self, method: &str, params: Value) -> Value {
        self.call(method, params)
            .await
            .unwrap_or_else(|refusal| panic!("{method}: {refusal:?}"))
    }

    pub async fn refusal(&self, method: &str, params: Value) -> Refusal {
        self.call(method, params).await.expect_err(method)
    }

    pub async fn send(&self, tx: &Transaction) -> Result<Value, Refusal> {
        self.call("sendrawtransaction", json!([serialize_hex(tx)])).await
    }

    pub async fn mine(&self, count: u32) -> Vec<String> {
        let address = Key::numbered(250).address();
        let hashes = self.ok("generatetoaddress", json!([count, address])).await;
        serde_json::from_value(hashes).unwrap()
    }

    pub async fn height(&self) -> u64 {
        self.ok("getblockcount", json!([])).await.as_u64().unwrap()
    }

    pub async fn tip(&self) -> String {
        self.ok("getbestblockhash", json!([]))
            .await
            .as_str()
            .unwrap()
            .to_owned()
    }

    pub async fn block(&self, hash: &str) -> Block {
        let hex = self.ok("getblock", json!([hash, 0])).await;
        deserialize_hex(hex.as_str().unwrap()).unwrap()
    }

    pub async fn mempool(&self) -> Vec<Txid> {
        serde_json::from_value(self.ok("getrawmempool", json!([])).await).unwrap()
    }

    /// A confirmed coin of one bitcoin for this address.
    pub async fn fund(&self, address: &Address) -> Coin {
        let txid = self.ok("sendtoaddress", json!([address, 1])).await;
        self.mine(1).await;
        let hex = self.ok("getrawtransaction", json!([txid])).await;
        let tx: Transaction = deserialize_hex(hex.as_str().unwrap()).unwrap();
        let vout = tx
            .output
            .iter()
            .position(|out| out.script_pubkey == address.script_pubkey())
            .unwrap();
        Coin::of(&tx, vout as u32)
    }
}

/// An output to spend.
#[derive(Clone, Debug)]
pub struct Coin {
    pub outpoint: OutPoint,
    pub output: TxOut,
}

impl Coin {
    pub fn of(tx: &Transaction, vout: u32) -> Self {
        Self {
            outpoint: OutPoint {
                txid: tx.compute_txid(),
                vout,
            },
            output: tx.output[vout as usize].clone(),
        }
    }
}

/// A transaction to be signed: version 2, final, one bitcoin in, to be changed as a test needs.
pub struct Spend {
    pub version: i32,
    pub lock_time: u32,
    pub sequence: u32,
    pub coins: Vec<Coin>,
    pub outputs: Vec<TxOut>,
}

impl Spend {
    /// Spends coins to one output, less a fee.
    pub fn all(coins: &[&Coin], to: &Key, fee: u64) -> Self {
        let total: Amount = coins.iter().map(|coin| coin.output.value).sum();
        let value = total - Amount::from_sat(fee);
        let output = TxOut {
            value,
            script_pubkey: to.address().script_pubkey(),
        };
        Self {
            version: 2,
            lock_time: 0,
            sequence: Sequence::ENABLE_RBF_NO_LOCKTIME.0,
            coins: coins.iter().copied().cloned().collect(),
            outputs: vec![output],
        }
    }

    /// Signs every input that the key can spend.
    pub fn signed(&self, key: &Key) -> Transaction {
        let input = |coin: &Coin| TxIn {
            previous_output: coin.outpoint,
            script_sig: ScriptBuf::new(),
            sequence: Sequence(self.sequence),
            witness: Witness::new(),
        };
        let mut tx = Transaction {
            version: transaction::Version(self.version),
            lock_time: absolute::LockTime::from_consensus(self.lock_time),
            input: self.coins.iter().map(input).collect(),
            output: self.outputs.clone(),
        };
        let spent: Vec<TxOut> = self.coins.iter().map(|coin| coin.output.clone()).collect();
        for index in 0..tx.input.len() {
            tx.input[index].witness = key.witness(&tx, index, &spent);
        }
        tx
    }
}

/// A key of the tests.
pub struct Key {
    secp: Secp256k1<All>,
    pair: Keypair,
}

impl Key {
    pub fn numbered(number: u8) -> Self {
        let secp = Secp256k1::new();
        let pair = Keypair::from_seckey_slice(&secp, &[number; 32]).unwrap();
        Self { secp, pair }
    }

    pub fn address(&self) -> Address {
        Address::p2wpkh(&CompressedPublicKey(self.pair.public_key()), KnownHrp::Regtest)
    }

    pub fn taproot_address(&self) -> Address {
        Address::p2tr(
            &self.secp,
            self.pair.x_only_public_key().0,
            None,
            KnownHrp::Regtest,
        )
    }

    fn witness(&self, tx: &Transaction, index: usize, spent: &[TxOut]) -> Witness {
        let script = &spent[index].script_pubkey;
        let mut cache = SighashCache::new(tx);
        if script.is_p2wpkh() {
            let sighash_type = EcdsaSighashType::All;
            let hash = cache
                .p2wpkh_signature_hash(index, script, spent[index].value, sighash_type)
                .unwrap();
            let signature = self
                .secp
                .sign_ecdsa(&Message::from(hash), &self.pair.secret_key());
            return Witness::p2wpkh(
                &ecdsa::Signature {
                    signature,
                    sighash_type,
                },
                &self.pair.public_key(),
            );
        }
        if script.is_p2tr() {
            let sighash_type = TapSighashType::Default;
            let hash = cache.taproot_key_spend_signature_hash(index, &Prevouts::All(spent), sighash_type);
            let pair = self.pair.tap_tweak(&self.secp, None).to_keypair();
            let signature = self
                .secp
                .sign_schnorr_no_aux_rand(&Message::from(hash.unwrap()), &pair);
            return Witness::p2tr_key_spend(&taproot::Signature {
                signature,
                sighash_type,
            });
        }
        // Pay to anchor needs none.
        Witness::new()
    }
}

/// A pay-to-anchor output.
pub fn anchor(sat: u64) -> TxOut {
    TxOut {
        value: Amount::from_sat(sat),
        script_pubkey: ScriptBuf::new_p2a(),
    }
}
