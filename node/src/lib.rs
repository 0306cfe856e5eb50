//! Lightning: LDK's channels, peers, gossip, payments.
