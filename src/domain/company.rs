//! Companies: the customers.

use super::day::Day;

/// The internal number of a company in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CompanyKey(pub u32);

/// The form of an id for comparisons. The Salesforce API gives 18 letters and digits, of which the
/// last three are a checksum of the first 15; reports give only the first 15.
pub(crate) fn short_id(id: &str) -> &str {
    match id.as_bytes() {
        bytes if bytes.len() == 18 && has_checksum(bytes) => &id[..15],
        _ => id,
    }
}

/// Each character of the checksum tells which of five characters are capitals.
fn has_checksum(id: &[u8]) -> bool {
    const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
    let (start, checksum) = id.split_at(15);
    let digit = |five: &[u8]| {
        let capitals = five.iter().enumerate().filter(|(_, byte)| byte.is_ascii_uppercase());
        DIGITS[capitals.map(|(place, _)| 1 << place).sum::<usize>()]
    };
    start.iter().all(u8::is_ascii_alphanumeric)
        && start.chunks(5).map(digit).eq(checksum.iter().copied())
}

/// An id without what tools add to ids by mistake: capitals, leading zeros, a trailing `.0`. Ids
/// with the same result are different companies, but perhaps should not be.
pub(crate) fn rough_id(id: &str) -> String {
    let id = folded_name(id);
    let whole = match id.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0') => {
            whole
        }
        _ => &id,
    };
    let is_number = whole.bytes().all(|byte| byte.is_ascii_digit());
    let bare = if is_number { whole.trim_start_matches('0') } else { &id };
    bare.to_owned()
}

/// The form of a name for comparisons: regardless of case, with any white space as one space.
pub(crate) fn folded_name(name: &str) -> String {
    let is_plain = |name: &str| {
        let bytes = name.as_bytes();
        bytes.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ')
            && !name.starts_with(' ')
            && !name.ends_with(' ')
            && !name.contains("  ")
    };
    if is_plain(name) {
        return name.to_ascii_lowercase();
    }
    let words: Vec<&str> = name.split_whitespace().collect();
    // Upper case first, so that `ß` equals `SS` and both forms of sigma are equal.
    words.join(" ").to_uppercase().to_lowercase()
}

/// What imports say about a company; `None` is unknown.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Company {
    /// The id in the source system, text that is never reinterpreted.
    pub company_id: String,
    pub name: Option<String>,
    /// The customer success manager responsible.
    pub csm: Option<String>,
    /// Others who look after it, separated by `;`.
    pub also_csms: Option<String>,
    /// The manager responsible.
    pub manager: Option<String>,
    /// The stage of the company in its customer lifecycle.
    pub lifecycle_stage: Option<String>,
    pub segment: Option<String>,
    /// The plan that the company pays for.
    pub plan: Option<String>,
    /// The product that the company uses.
    pub product: Option<String>,
    /// Monthly recurring revenue, in the currency of the files.
    pub mrr: Option<f64>,
    /// When the company became a customer.
    pub created_on: Option<Day>,
    /// When its CRM record was created.
    pub crm_created_on: Option<Day>,
    /// When the contract is up for renewal.
    pub renewal_on: Option<Day>,
    /// The length of the contract's term, in days.
    pub renewal_term_days: Option<i64>,
    /// When the means of payment expires.
    pub payment_expires_on: Option<Day>,
    /// Seats paid for.
    pub seats: Option<i64>,
    /// Seats in use.
    pub seats_used: Option<i64>,
    /// The day on which it stopped being a customer.
    pub churned_on: Option<Day>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_salesforce_id_is_recognized_by_its_checksum() {
        for (id, short) in [
            ("001D000000IqhSLIAZ", "001D000000IqhSL"),
            ("00530000009M943AAC", "00530000009M943"),
            ("001D000000IqhSLIAY", "001D000000IqhSLIAY"),
            ("001D000000IqhSL", "001D000000IqhSL"),
            ("001d000000iqhslaaa", "001d000000iqhslaaa"),
            ("123456789012345678", "123456789012345678"),
            ("ééééééééé", "ééééééééé"),
        ] {
            assert_eq!(short_id(id), short, "{id}");
        }
    }

    #[test]
    fn ids_that_look_alike_have_the_same_rough_form() {
        for (one, other) in [
            ("12345", "12345.0"),
            ("12345", "012345"),
            ("12345", "12345.00"),
            ("acme", "ACME"),
            ("A-7", "a-7"),
        ] {
            assert_eq!(rough_id(one), rough_id(other), "{one} {other}");
        }
        for (one, other) in
            [("12345", "12346"), ("v1.0", "v1"), ("1.5", "15"), ("1.5", "1"), ("0a", "a")]
        {
            assert_ne!(rough_id(one), rough_id(other), "{one} {other}");
        }
    }

    #[test]
    fn names_are_compared_regardless_of_case_and_white_space() {
        for name in [
            "Acme  Inc",
            "ACME\u{a0}INC",
            " acme\tinc ",
            "Acme\u{3000}Inc",
            " Acme Inc",
            "Acme Inc ",
        ] {
            assert_eq!(folded_name(name), "acme inc", "{name}");
        }
        assert_eq!(folded_name("Straße"), folded_name("STRASSE"));
        assert_ne!(folded_name("Acme"), folded_name("Acme Inc"));
    }
}
