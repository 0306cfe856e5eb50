//! What is durable: invoices, payments, LDK's own state, behind one writer with group commit.
