//! Links to companies in another product: `https://crm.example/accounts/{company_id}`.

use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;

/// The placeholder for the id.
const ID: &str = "{company_id}";

/// A URL with a placeholder for the id of the company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CompanyLink(String);

impl CompanyLink {
    /// The URL of a company. Percent-encodes every byte of the id that is not unreserved (RFC 3986,
    /// section 2.3).
    pub(crate) fn of(&self, company_id: &str) -> String {
        let mut id = String::with_capacity(company_id.len());
        for byte in company_id.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                id.push(char::from(byte));
            } else {
                // Writing into a string cannot fail.
                let _ = write!(id, "%{byte:02X}");
            }
        }
        self.0.replace(ID, &id)
    }
}

impl FromStr for CompanyLink {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let is_web = ["https://", "http://"].iter().any(|scheme| text.starts_with(scheme));
        if !is_web {
            return Err("it must begin with https:// or http://".to_owned());
        }
        if !text.contains(ID) {
            return Err(format!("it must contain {ID}"));
        }
        let is_invalid = |c: char| c.is_whitespace() || c.is_control() || "\"<>\\^`{|}".contains(c);
        if text.replace(ID, "").contains(is_invalid) {
            return Err(format!("it has a character that no address has, besides {ID}"));
        }
        Ok(CompanyLink(text.to_owned()))
    }
}

impl fmt::Display for CompanyLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_escaped() {
        let link: CompanyLink = "https://crm.example/accounts/{company_id}?tab=1".parse().unwrap();
        let cases = [
            ("acme-1.x_~", "https://crm.example/accounts/acme-1.x_~?tab=1"),
            ("a b/c?d=\"<é", "https://crm.example/accounts/a%20b%2Fc%3Fd%3D%22%3C%C3%A9?tab=1"),
        ];
        for (id, expected) in cases {
            assert_eq!(link.of(id), expected);
        }
    }

    #[test]
    fn invalid_addresses_are_refused() {
        let cases = [
            "javascript:alert({company_id})",
            "crm.example/{company_id}",
            "https://crm.example/accounts",
            "https://crm.example/{id}/{company_id}",
            "https://crm.example/a b/{company_id}",
            "https://crm.example/\"{company_id}",
        ];
        for text in cases {
            assert!(text.parse::<CompanyLink>().is_err(), "{text}");
        }
    }
}
