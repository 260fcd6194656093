//! Reason codes: why a customer is at risk, pays less, or leaves.
//!
//! The program ships a library of codes; a team adds, renames and retires codes. Past entries keep
//! their codes, so no code is ever deleted. A code is unique within its kind.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::LazyLock;

use super::named::named;
use crate::shipped::REASONS;

/// How many active codes of kind pulse are few enough to choose from and enough to tell causes
/// apart.
pub(crate) const USUAL_PULSE_CODES: RangeInclusive<usize> = 40..=60;

/// Codes less similar than this (Jaro-Winkler, 0 to 1) are not suggested as corrections of each
/// other.
const LIKENESS: f64 = 0.7;

/// What a reason code explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum ReasonKind {
    Pulse,
    /// A company that pays less than before.
    Downsell,
    /// A company that is no longer a customer.
    Churn,
}
named!(ReasonKind { Pulse = "pulse", Downsell = "downsell", Churn = "churn" });

/// A category and a sub-category: `support/response-time`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ReasonCode {
    /// The stage of the customer journey.
    pub category: String,
    /// The problem at that stage.
    pub subcategory: String,
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.category, self.subcategory)
    }
}

impl FromStr for ReasonCode {
    type Err = String;

    /// Reads two words separated by `/`, of letters, digits, `-` and `_`, and converts them to
    /// lower case.
    fn from_str(text: &str) -> Result<Self, String> {
        let is_word = |word: &str| {
            !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
        };
        let code = text.trim().to_lowercase();
        match code.split_once('/').filter(|(category, sub)| is_word(category) && is_word(sub)) {
            Some((category, sub)) => {
                Ok(ReasonCode { category: category.to_owned(), subcategory: sub.to_owned() })
            }
            None => Err(format!(
                "'{text}' is not a reason code: a category and a sub-category, of letters, digits and '-', such as support/response-time"
            )),
        }
    }
}

/// A reason, active or retired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reason {
    /// What it explains.
    pub kind: ReasonKind,
    /// Its code, unique within the kind.
    pub code: ReasonCode,
    /// What it means, in one line.
    pub description: Option<String>,
    /// Whether new entries can use it. A retired code only remains in past entries.
    pub is_active: bool,
    /// The code under which the program ships it; `None` for a team's own code.
    pub shipped_as: Option<ReasonCode>,
}

impl Reason {
    /// A team's own reason.
    pub(crate) fn own(kind: ReasonKind, code: ReasonCode, description: Option<String>) -> Self {
        Reason { kind, code, description, is_active: true, shipped_as: None }
    }

    /// Whether it is unchanged from the shipped one.
    pub(crate) fn is_as_shipped(&self) -> bool {
        shipped().iter().any(|reason| reason == self)
    }
}

/// Why a code cannot be used as a reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReasonError {
    /// No such code exists.
    #[error("there is no reason code '{code}' of kind {kind}")]
    Unknown {
        /// The text that was given.
        code: String,
        /// The kind of code that was looked for.
        kind: ReasonKind,
        /// The most similar active code, if any.
        nearest: Option<String>,
    },
    /// It is retired.
    #[error("the reason code '{0}' is retired")]
    Retired(ReasonCode),
}

impl ReasonError {
    /// A suggestion, in one sentence without a full stop.
    pub(crate) fn suggestion(&self) -> Option<String> {
        match self {
            ReasonError::Unknown { nearest, .. } => {
                nearest.as_ref().map(|code| format!("did you mean '{code}'?"))
            }
            ReasonError::Retired(_) => None,
        }
    }
}

/// All reasons, with their former codes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Library {
    reasons: Vec<Reason>,
    former: BTreeMap<(ReasonKind, String), String>,
}

impl Library {
    /// The shipped reasons with a team's changes: `changed` has the team's own reasons and those
    /// that it changed, `former` maps former codes to current ones.
    pub(crate) fn new(
        changed: Vec<Reason>,
        former: BTreeMap<(ReasonKind, String), String>,
    ) -> Self {
        let is_changed = |shipped: &Reason| {
            changed.iter().any(|reason| {
                reason.kind == shipped.kind && reason.shipped_as == shipped.shipped_as
            })
        };
        let mut reasons: Vec<Reason> =
            shipped().iter().filter(|reason| !is_changed(reason)).cloned().collect();
        reasons.extend(changed);
        reasons.sort_by(|a, b| (a.kind, &a.code).cmp(&(b.kind, &b.code)));
        Library { reasons, former }
    }

    /// Every reason, by kind and code, including retired ones.
    pub(crate) fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// The reason with this code or this former code, regardless of case.
    pub(crate) fn find(&self, kind: ReasonKind, code: &str) -> Option<&Reason> {
        let code = code.trim().to_lowercase();
        let named = |code: &str| {
            self.reasons
                .iter()
                .find(|reason| reason.kind == kind && reason.code.to_string() == code)
        };
        named(&code).or_else(|| named(self.former.get(&(kind, code))?))
    }

    /// The reason with this code, if new entries can use it.
    pub(crate) fn usable(&self, kind: ReasonKind, code: &str) -> Result<&Reason, ReasonError> {
        match self.find(kind, code) {
            Some(reason) if reason.is_active => Ok(reason),
            Some(reason) => Err(ReasonError::Retired(reason.code.clone())),
            None => {
                let code = code.trim().to_owned();
                Err(ReasonError::Unknown { nearest: self.nearest(kind, &code), code, kind })
            }
        }
    }

    fn nearest(&self, kind: ReasonKind, code: &str) -> Option<String> {
        let code = code.to_lowercase();
        let codes = self.active(kind).map(|reason| reason.code.to_string());
        // Compared as a whole and by the part after the category, because people may remember only
        // that part.
        let likeness = |other: &str| {
            let part =
                other.split_once('/').map_or(0.0, |(_, sub)| strsim::jaro_winkler(&code, sub));
            strsim::jaro_winkler(&code, other).max(part)
        };
        let ranked = codes.map(|other| (likeness(&other), other));
        let best = ranked
            .max_by(|a, b| (a.0.total_cmp(&b.0)).then_with(|| Reverse(&a.1).cmp(&Reverse(&b.1))));
        best.filter(|(likeness, _)| *likeness > LIKENESS).map(|(_, other)| other)
    }

    pub(crate) fn active(&self, kind: ReasonKind) -> impl Iterator<Item = &Reason> {
        self.reasons.iter().filter(move |reason| reason.kind == kind && reason.is_active)
    }

    /// A hint if there are very many or very few codes to choose from.
    pub(crate) fn remark(&self) -> Option<String> {
        let count = self.active(ReasonKind::Pulse).count();
        let (few, many) = (USUAL_PULSE_CODES.start(), USUAL_PULSE_CODES.end());
        if count > *many {
            return Some(format!(
                "{count} active pulse codes: more than {many} are hard to choose from; retire some"
            ));
        }
        (count < *few).then(|| {
            format!(
                "{count} active pulse codes: with fewer than {few}, different causes share one code"
            )
        })
    }
}

/// The reasons that ship with the program.
pub(crate) fn shipped() -> &'static [Reason] {
    type Categories = BTreeMap<String, BTreeMap<String, String>>;
    static SHIPPED: LazyLock<Vec<Reason>> = LazyLock::new(|| {
        let kinds: BTreeMap<ReasonKind, Categories> = REASONS.read();
        kinds.iter().flat_map(|(kind, categories)| shipped_of(*kind, categories)).collect()
    });
    &SHIPPED
}

fn shipped_of(
    kind: ReasonKind,
    categories: &BTreeMap<String, BTreeMap<String, String>>,
) -> Vec<Reason> {
    let mut reasons = Vec::new();
    for (category, subcategories) in categories {
        for (subcategory, description) in subcategories {
            let code = ReasonCode { category: category.clone(), subcategory: subcategory.clone() };
            let reason = Reason::own(kind, code.clone(), Some(description.clone()));
            reasons.push(Reason { shipped_as: Some(code), ..reason });
        }
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> ReasonCode {
        text.parse().unwrap()
    }

    #[test]
    fn fifty_one_codes_of_kind_pulse_and_some_of_the_others_are_shipped() {
        let count = |kind| shipped().iter().filter(|reason| reason.kind == kind).count();
        assert_eq!(count(ReasonKind::Pulse), 51);
        for kind in [ReasonKind::Downsell, ReasonKind::Churn] {
            assert!((5..=8).contains(&count(kind)), "{kind}");
        }
        let pulse = shipped().iter().filter(|reason| reason.kind == ReasonKind::Pulse);
        let mut categories: BTreeMap<&str, usize> = BTreeMap::new();
        pulse.for_each(|reason| *categories.entry(&reason.code.category).or_default() += 1);
        assert!(categories.values().all(|count| (3..=4).contains(count)), "{categories:?}");
        let journey = [
            "product",
            "support",
            "onboarding",
            "adoption",
            "value",
            "relationship",
            "commercial",
            "competition",
        ];
        assert!(
            journey
                .iter()
                .chain(&["business-viability"])
                .all(|category| categories.contains_key(category))
        );
    }

    #[test]
    fn shipped_codes_are_valid_described_and_unique() {
        let mut codes: Vec<String> =
            shipped().iter().map(|reason| reason.code.to_string()).collect();
        assert!(codes.contains(&"support/response-time".to_owned()));
        for reason in shipped() {
            assert_eq!(reason.code.to_string().parse(), Ok(reason.code.clone()));
            assert!(
                reason
                    .description
                    .as_ref()
                    .is_some_and(|text| !text.is_empty() && !text.ends_with('.'))
            );
            assert!(reason.is_active && reason.is_as_shipped());
        }
        codes.sort();
        codes.dedup();
        assert_eq!(codes.len(), shipped().len());
    }

    #[test]
    fn a_reason_that_was_changed_in_any_way_is_not_as_shipped() {
        let reason = shipped()[0].clone();
        let changed = [
            Reason { is_active: false, ..reason.clone() },
            Reason { description: Some("Ours".to_owned()), ..reason.clone() },
            Reason { code: code("ours/first"), ..reason.clone() },
            Reason::own(reason.kind, reason.code.clone(), reason.description.clone()),
        ];
        assert!(reason.is_as_shipped());
        assert!(!changed.iter().any(Reason::is_as_shipped));
    }

    #[test]
    fn a_code_is_two_words() {
        assert_eq!(code(" Support/Response-Time ").to_string(), "support/response-time");
        for wrong in ["support", "support/", "/x", "a/b/c", "a b/c", "a/b;c", "a/b\u{1b}", ""] {
            assert!(wrong.parse::<ReasonCode>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn changed_reasons_replace_the_shipped_ones() {
        let renamed = Reason {
            shipped_as: Some(code("support/response-time")),
            ..Reason::own(ReasonKind::Pulse, code("support/slow"), None)
        };
        let retired = Reason {
            is_active: false,
            shipped_as: Some(code("value/missed-goals")),
            ..Reason::own(ReasonKind::Pulse, code("value/missed-goals"), None)
        };
        let own = Reason::own(ReasonKind::Churn, code("support/slow"), None);
        let former = BTreeMap::from([(
            (ReasonKind::Pulse, "support/response-time".to_owned()),
            "support/slow".to_owned(),
        )]);
        let library = Library::new(vec![renamed, retired, own], former);
        assert_eq!(library.reasons().len(), shipped().len() + 1);
        let usable =
            |kind, text: &str| library.usable(kind, text).map(|reason| reason.code.to_string());
        assert_eq!(usable(ReasonKind::Pulse, "support/slow"), Ok("support/slow".into()));
        assert_eq!(usable(ReasonKind::Pulse, "Support/Response-Time"), Ok("support/slow".into()));
        assert_eq!(usable(ReasonKind::Churn, "support/slow"), Ok("support/slow".into()));
        assert_eq!(
            usable(ReasonKind::Pulse, "value/missed-goals"),
            Err(ReasonError::Retired(code("value/missed-goals")))
        );
        for (given, meant) in [
            ("suport/slow", Some("support/slow")),
            ("outages", Some("reliability/outages")),
            ("zzz", None),
        ] {
            let error = usable(ReasonKind::Pulse, given).unwrap_err();
            assert_eq!(
                error.suggestion(),
                meant.map(|code| format!("did you mean '{code}'?")),
                "{given}"
            );
        }
    }

    #[test]
    fn very_many_and_very_few_codes_get_a_remark() {
        let own = |number| Reason::own(ReasonKind::Pulse, code(&format!("own/n{number}")), None);
        let more = |count| Library::new((0..count).map(own).collect(), BTreeMap::new()).remark();
        assert_eq!([more(0), more(9)], [None, None]);
        assert!(more(10).is_some_and(|remark| remark.starts_with("61 active pulse codes")));
        let retired = |count| {
            let pulse =
                shipped().iter().filter(|reason| reason.kind == ReasonKind::Pulse).take(count);
            Library::new(
                pulse.map(|reason| Reason { is_active: false, ..reason.clone() }).collect(),
                BTreeMap::new(),
            )
            .remark()
        };
        assert_eq!(retired(11), None);
        assert!(retired(12).is_some_and(|remark| remark.starts_with("39 active pulse codes")));
    }
}
