//! The letterhead of a report: title, logo and currency.

use base64::Engine;

use super::Cell;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Letterhead {
    pub title: Option<String>,
    /// The currency of all amounts: a code such as `EUR`, or a sign.
    pub currency: Option<String>,
    pub logo: Option<Logo>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Logo {
    /// Its media type, such as `image/png`.
    pub media_type: &'static str,
    pub bytes: Vec<u8>,
}

impl Logo {
    /// The media type of a file extension; `None` if pages cannot show it.
    pub(crate) fn media_type(ending: &str) -> Option<&'static str> {
        match ending.to_lowercase().as_str() {
            "png" => Some("image/png"),
            "jpg" | "jpeg" => Some("image/jpeg"),
            "gif" => Some("image/gif"),
            "webp" => Some("image/webp"),
            "svg" => Some("image/svg+xml"),
            _ => None,
        }
    }

    /// The image as a data URL, so that a page needs no other file.
    pub(crate) fn data_url(&self) -> String {
        let text = base64::engine::general_purpose::STANDARD.encode(&self.bytes);
        format!("data:{};base64,{text}", self.media_type)
    }
}

impl Letterhead {
    /// An amount with its currency, on one line: `1,140 EUR`, `€1,140`.
    pub(crate) fn money(&self, amount: f64) -> String {
        let text = Cell::Money(amount).text().into_owned();
        match &self.currency {
            None => text,
            Some(code) if code.chars().all(|c| c.is_ascii_alphanumeric()) => {
                format!("{text}\u{a0}{code}")
            }
            Some(sign) => match text.strip_prefix('-') {
                Some(text) => format!("-{sign}{text}"),
                None => format!("{sign}{text}"),
            },
        }
    }

    /// The currency, to print below an amount; empty if none is set.
    pub(crate) fn currency_words(&self) -> String {
        self.currency.as_ref().map(|currency| format!("in {currency}")).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_follows_the_amount_and_a_sign_leads_it() {
        let letter =
            |text: &str| Letterhead { currency: Some(text.to_owned()), ..Letterhead::default() };
        assert_eq!(letter("EUR").money(1_234_567.5), "1,234,567.50\u{a0}EUR");
        assert_eq!(letter("€").money(-1140.0), "-€1,140");
        assert_eq!(Letterhead::default().money(1140.0), "1,140");
    }

    #[test]
    fn a_logo_is_part_of_the_page() {
        let logo = Logo { media_type: "image/png", bytes: vec![1, 2, 3] };
        assert_eq!(logo.data_url(), "data:image/png;base64,AQID");
        assert_eq!([Logo::media_type("JPG"), Logo::media_type("exe")], [Some("image/jpeg"), None]);
    }
}
