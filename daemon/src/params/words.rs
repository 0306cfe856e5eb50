//! Words of which only a few are known: statuses, indexes, subsystems.

use super::{FromToken, Kind, Refusal, Token};
use boltill_till::{Dialects, ForwardStatus, IndexKind, InvoiceStatus, Order, PaymentStatus, Subsystem};

/// The first of the values that has that name.
fn named<T: Copy>(token: Token<'_>, values: &[T], name: fn(T) -> &'static str) -> Option<T> {
    let word = token.string()?;
    values.iter().copied().find(|value| name(*value) == word)
}

impl FromToken for InvoiceStatus {
    const KIND: Kind = Kind::String;

    fn from_token(token: Token<'_>) -> Result<InvoiceStatus, Refusal> {
        let all = [InvoiceStatus::Unpaid, InvoiceStatus::Paid, InvoiceStatus::Expired];
        let status = named(token, &all, InvoiceStatus::as_str);
        Ok(status.ok_or("should be 'paid', 'unpaid' or 'expired'")?)
    }
}

/// Core Lightning calls this an invoice status, too.
impl FromToken for PaymentStatus {
    const KIND: Kind = Kind::String;

    fn from_token(token: Token<'_>) -> Result<PaymentStatus, Refusal> {
        let all = [
            PaymentStatus::Pending,
            PaymentStatus::Complete,
            PaymentStatus::Failed,
        ];
        Ok(named(token, &all, PaymentStatus::as_str).ok_or("should be an invoice status")?)
    }
}

impl FromToken for ForwardStatus {
    const KIND: Kind = Kind::String;

    fn from_token(token: Token<'_>) -> Result<ForwardStatus, Refusal> {
        let all = [
            ForwardStatus::Offered,
            ForwardStatus::Settled,
            ForwardStatus::LocalFailed,
            ForwardStatus::Failed,
        ];
        Ok(named(token, &all, ForwardStatus::as_str).ok_or("Unrecognized status")?)
    }
}

impl FromToken for IndexKind {
    const KIND: Kind = Kind::String;

    fn from_token(token: Token<'_>) -> Result<IndexKind, Refusal> {
        let all = [IndexKind::Created, IndexKind::Updated, IndexKind::Deleted];
        Ok(named(token, &all, IndexKind::as_str).ok_or("unknown index")?)
    }
}

/// The index by which a listing is ordered. What was deleted is not listed.
impl FromToken for Order {
    const KIND: Kind = Kind::String;

    fn from_token(token: Token<'_>) -> Result<Order, Refusal> {
        match IndexKind::from_token(token)? {
            IndexKind::Created => Ok(Order::Created),
            IndexKind::Updated => Ok(Order::Updated),
            IndexKind::Deleted => Err("unknown index".into()),
        }
    }
}

/// Core Lightning's other subsystems are not counted here, and as unknown as any other word.
impl FromToken for Subsystem {
    const KIND: Kind = Kind::String;

    fn from_token(token: Token<'_>) -> Result<Subsystem, Refusal> {
        let all = [
            Subsystem::Invoices,
            Subsystem::Sendpays,
            Subsystem::Forwards,
            Subsystem::InvoiceRequests,
        ];
        Ok(named(token, &all, Subsystem::as_str).ok_or("unknown subsystem")?)
    }
}

impl FromToken for Dialects {
    const KIND: Kind = Kind::String;

    fn from_token(token: Token<'_>) -> Result<Dialects, Refusal> {
        let all = [Dialects::Signed, Dialects::Unsigned, Dialects::Both];
        let name = |dialects| match dialects {
            Dialects::Signed => "signed",
            Dialects::Unsigned => "unsigned",
            Dialects::Both => "both",
        };
        Ok(named(token, &all, name).ok_or("should be 'signed', 'unsigned' or 'both'")?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::forms::tests::{parse, refusal};
    use super::*;

    #[test]
    fn known_words_are_taken_as_they_are_written() {
        assert_eq!(parse::<InvoiceStatus>("\"expired\""), InvoiceStatus::Expired);
        assert_eq!(parse::<PaymentStatus>("\"complete\""), PaymentStatus::Complete);
        assert_eq!(parse::<IndexKind>("\"deleted\""), IndexKind::Deleted);
        assert_eq!(parse::<Order>("\"updated\""), Order::Updated);
        assert_eq!(parse::<Subsystem>("\"sendpays\""), Subsystem::Sendpays);
        assert_eq!(
            parse::<Subsystem>("\"invoicerequests\""),
            Subsystem::InvoiceRequests
        );
        assert_eq!(parse::<Dialects>("\"both\""), Dialects::Both);
    }

    #[test]
    fn other_words_are_refused() {
        for wrong in ["\"Paid\"", "\"\"", "1", "null", "[\"paid\"]"] {
            assert_eq!(
                refusal::<InvoiceStatus>(wrong),
                "should be 'paid', 'unpaid' or 'expired'"
            );
        }
        assert_eq!(
            refusal::<PaymentStatus>("\"paid\""),
            "should be an invoice status"
        );
        assert_eq!(refusal::<IndexKind>("\"made\""), "unknown index");
        assert_eq!(refusal::<Order>("\"deleted\""), "unknown index");
        assert_eq!(refusal::<Subsystem>("\"chainmoves\""), "unknown subsystem");
        assert_eq!(
            refusal::<Dialects>("\"Signed\""),
            "should be 'signed', 'unsigned' or 'both'"
        );
    }
}
