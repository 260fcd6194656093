//! Words in tickets and invoices that have a meaning. A team can set them.

/// The words that have a meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Words {
    /// In a priority: the ticket is urgent.
    pub urgent: Vec<String>,
    /// As a status: nothing is owed for the invoice.
    pub settled: Vec<String>,
}

/// Urgent priorities, in lower case.
const URGENT: [&str; 6] = ["urgent", "critical", "blocker", "highest", "p0", "p1"];

/// Statuses in which nothing is owed, in lower case.
const SETTLED: [&str; 13] = [
    "paid",
    "closed",
    "completed",
    "credited",
    "refunded",
    "void",
    "voided",
    "deleted",
    "draft",
    "uncollectible",
    "written off",
    "cancelled",
    "canceled",
];

impl Default for Words {
    fn default() -> Self {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let mut urgent: Vec<String> = owned(&URGENT);
        urgent.push("1 - …".to_owned());
        Words { urgent, settled: owned(&SETTLED) }
    }
}

impl Words {
    /// Whether a priority contains one of the urgent words: `Highest`, `P1 (critical)`. A word that
    /// ends in `…` must be at the beginning of the priority.
    pub(crate) fn is_urgent(&self, priority: &str) -> bool {
        let priority = plain(priority);
        let parts: Vec<&str> = priority.split(' ').collect();
        self.urgent.iter().any(|word| match word.strip_suffix('…') {
            Some(start) => {
                let start = plain(start);
                priority == start || priority.starts_with(&format!("{start} "))
            }
            None => {
                let word = plain(word);
                let length = word.split(' ').count();
                parts.windows(length).any(|some| some.join(" ") == word)
            }
        })
    }

    /// Whether a status is one of the settled words.
    pub(crate) fn is_settled(&self, status: &str) -> bool {
        let status = plain(status);
        self.settled.iter().any(|word| plain(word) == status)
    }
}

/// The text in lower case, with one space between words instead of any other separators.
fn plain(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_priority_is_urgent_if_it_contains_an_urgent_word() {
        let words = Words::default();
        for urgent in [
            "urgent",
            "Highest",
            "BLOCKER",
            "1 - Critical",
            "1 - High",
            "P1",
            "p0 (page)",
            "Very urgent",
        ] {
            assert!(words.is_urgent(urgent), "{urgent}");
        }
        for other in ["high", "2 - High", "P10", "10 - low", "not-urgently", ""] {
            assert!(!words.is_urgent(other), "{other}");
        }
        let own = Words { urgent: vec!["Sev 1".to_owned()], ..Words::default() };
        assert!(own.is_urgent("sev-1: down"));
        assert!(!own.is_urgent("urgent"));
    }

    #[test]
    fn a_status_is_settled_if_it_is_a_settled_word() {
        let words = Words::default();
        for settled in ["Paid", "written_off", "Closed", "completed", "VOID"] {
            assert!(words.is_settled(settled), "{settled}");
        }
        for other in ["open", "past due", "unpaid", "not paid"] {
            assert!(!words.is_settled(other), "{other}");
        }
    }
}
