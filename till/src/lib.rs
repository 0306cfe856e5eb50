//! The domain: every rule about money.
