//! BOLT 12 invoice_requests that answer no offer, in both dialects.
