//! Secrets for other programs, derived from the seed as Core Lightning derives them from its `hsm_secret`.

use bitcoin::hashes::{Hash, HashEngine, Hmac, HmacEngine, sha256};

/// Where such secrets come from: a branch of the seed that nothing else is derived from.
#[derive(Clone)]
pub(crate) struct Secrets([u8; 32]);

impl Secrets {
    pub(crate) fn of(seed: &[u8; 32]) -> Secrets {
        Secrets(hkdf(seed, b"derived secrets"))
    }

    /// The secret of that name; whoever has it learns nothing about those of other names.
    pub(crate) fn derive(&self, name: &[u8]) -> [u8; 32] {
        hkdf(&self.0, name)
    }
}

/// HKDF-SHA256 (RFC 5869) without salt, of which 32 bytes are the first block.
fn hkdf(key: &[u8; 32], info: &[u8]) -> [u8; 32] {
    let extracted = hmac(&[0; 32], &[key]);
    hmac(&extracted, &[info, &[1]])
}

fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut engine = HmacEngine::<sha256::Hash>::new(key);
    parts.iter().for_each(|part| engine.input(part));
    Hmac::from_engine(engine).to_byte_array()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcoin::hex::DisplayHex;

    /// The example of `makesecret` in Core Lightning's manual, whose node has its directory's name as `hsm_secret`.
    #[test]
    fn secrets_are_those_of_a_core_lightning_with_the_same_seed() {
        let mut seed = [0; 32];
        seed[..11].copy_from_slice(b"lightning-1");
        assert_eq!(
            Secrets::of(&seed).derive(b"scb secret").to_lower_hex_string(),
            "a9a2e742405c28f059349132923a99337ae7f71168b7485496e3365f5bc664ed"
        );
    }
}
