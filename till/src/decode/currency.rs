//! How many decimal places the currencies of the world have (ISO 4217).

/// Without decimal places.
const NONE: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
/// With two.
const TWO: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE \
    CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD \
    MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE \
    SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG";
/// With three.
const THREE: &str = "BHD IQD JOD KWD LYD OMR TND";
/// With four.
const FOUR: &str = "CLF UYW";

/// The decimal places of a currency, if it is known.
pub(super) fn minor_unit(currency: &str) -> Option<u32> {
    let places = [(NONE, 0), (TWO, 2), (THREE, 3), (FOUR, 4)];
    let known = |codes: &str| codes.split_ascii_whitespace().any(|code| code == currency);
    places
        .into_iter()
        .find(|(codes, _)| known(codes))
        .map(|(_, places)| places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yen_have_no_decimals_and_dinars_three() {
        let places = ["JPY", "EUR", "USD", "TND", "CLF", "usd", "XXX", ""].map(minor_unit);
        assert_eq!(
            places,
            [Some(0), Some(2), Some(2), Some(3), Some(4), None, None, None]
        );
    }
}
