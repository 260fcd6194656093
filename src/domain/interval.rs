//! How often a customer pays, as billing systems write it.

/// The time between two payments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BillingInterval {
    count: u32,
    unit: CalendarUnit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CalendarUnit {
    Day,
    Week,
    Month,
    Year,
}

/// Words for an interval that do not contain a unit.
const WORDS: [(&[&str], u32, CalendarUnit); 9] = [
    (&["daily"], 1, CalendarUnit::Day),
    (&["weekly"], 1, CalendarUnit::Week),
    (&["biweekly", "fortnightly", "fortnight"], 2, CalendarUnit::Week),
    (&["monthly"], 1, CalendarUnit::Month),
    (&["quarterly"], 3, CalendarUnit::Month),
    (
        &["semiannual", "semiannually", "biannual", "biannually", "halfyear", "halfyearly"],
        6,
        CalendarUnit::Month,
    ),
    (&["yearly", "annual", "annually"], 1, CalendarUnit::Year),
    (&["biennial", "biennially"], 2, CalendarUnit::Year),
    (&["triennial", "triennially"], 3, CalendarUnit::Year),
];

/// Names of units, with the interval that each stands for.
const UNITS: [(&[&str], u32, CalendarUnit); 5] = [
    (&["d", "day", "days"], 1, CalendarUnit::Day),
    (&["w", "wk", "wks", "week", "weeks"], 1, CalendarUnit::Week),
    (&["m", "mo", "mos", "mth", "mths", "month", "months"], 1, CalendarUnit::Month),
    (&["q", "qtr", "qtrs", "quarter", "quarters"], 3, CalendarUnit::Month),
    (&["y", "yr", "yrs", "year", "years"], 1, CalendarUnit::Year),
];

/// Numbers written as words.
const NUMBERS: [(&str, u32); 6] =
    [("one", 1), ("two", 2), ("three", 3), ("four", 4), ("six", 6), ("twelve", 12)];

impl BillingInterval {
    /// Reads a word (`monthly`, `semi-annual`) or a number of units (`3 months`, `every 2 years`,
    /// `P1Y`); `None` for anything else.
    pub(crate) fn of(text: &str) -> Option<BillingInterval> {
        let lower = text.trim().to_lowercase();
        let plain: String = lower.chars().filter(|c| c.is_alphanumeric()).collect();
        if let Some((_, count, unit)) =
            WORDS.iter().find(|(words, ..)| words.contains(&plain.as_str()))
        {
            return Some(BillingInterval { count: *count, unit: *unit });
        }
        let rest =
            lower.strip_prefix("every").or_else(|| lower.strip_prefix("per")).unwrap_or(&lower);
        let rest: String = rest.chars().filter(|c| c.is_alphanumeric()).collect();
        BillingInterval::counted(&rest)
            .or_else(|| BillingInterval::counted(rest.strip_prefix('p')?))
    }

    /// Reads a number of units without any separators, such as `3months`.
    fn counted(text: &str) -> Option<BillingInterval> {
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, name) = text.split_at(digits);
        let written =
            NUMBERS.iter().find_map(|(word, count)| Some((*count, name.strip_prefix(word)?)));
        let (count, name) = match (number, written) {
            ("", Some(written)) => written,
            ("", _) => (1, name),
            _ => (number.parse().ok()?, name),
        };
        let (_, of_unit, unit) = UNITS.iter().find(|(names, ..)| names.contains(&name))?;
        let count = count.checked_mul(*of_unit).filter(|count| (1..=1200).contains(count))?;
        Some(BillingInterval { count, unit: *unit })
    }

    /// Its number of months; a year has 365 days and 12 months.
    pub(crate) fn months(self) -> f64 {
        let count = f64::from(self.count);
        match self.unit {
            CalendarUnit::Day => count * 12.0 / 365.0,
            CalendarUnit::Week => count * 84.0 / 365.0,
            CalendarUnit::Month => count,
            CalendarUnit::Year => count * 12.0,
        }
    }

    /// Its maximum number of days: 31 for a month, 92 for a quarter, 365 for a year.
    pub(crate) fn days(self) -> i64 {
        let count = i64::from(self.count);
        match self.unit {
            CalendarUnit::Day => count,
            CalendarUnit::Week => count * 7,
            // The longest sequences of months: 31, 62, 92, 123, 153, 184, 215, 245, 276, 306, 337.
            CalendarUnit::Month => count / 12 * 365 + (count % 12 * 153 + 4) / 5,
            CalendarUnit::Year => count * 365,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_numbers_of_units_are_intervals() {
        let cases = [
            ("month", 1.0, 31),
            ("Monthly", 1.0, 31),
            ("3 months", 3.0, 92),
            ("3-month", 3.0, 92),
            ("quarterly", 3.0, 92),
            ("2 quarters", 6.0, 184),
            ("semi-annual", 6.0, 184),
            ("Bi-annually", 6.0, 184),
            ("every 6 months", 6.0, 184),
            ("12 months", 12.0, 365),
            ("annual", 12.0, 365),
            ("per year", 12.0, 365),
            ("2 years", 24.0, 730),
            ("two years", 24.0, 730),
            ("P1Y", 12.0, 365),
            ("73 days", 2.4, 73),
            // A year has 365 days: 365 weeks are 7 years.
            ("365 weeks", 84.0, 2555),
            ("365 Days", 12.0, 365),
        ];
        for (text, months, days) in cases {
            let interval = BillingInterval::of(text).unwrap_or_else(|| panic!("{text}"));
            assert!((interval.months() - months).abs() < 1e-9, "{text}: {}", interval.months());
            assert_eq!(interval.days(), days, "{text}");
        }
        for text in ["", "once", "3", "0 months", "half", "months 3", "lifetime", "99999 years"] {
            assert_eq!(BillingInterval::of(text), None, "{text}");
        }
    }
}
