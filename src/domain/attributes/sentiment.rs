//! The answers of a company's people to "how likely are you to recommend us?".

use super::rows::{day, number, text};
use super::{Attribute, AttributeGroup, Datum, Facts, Of, mean};
use crate::domain::fact_kinds::NpsResponse;

type Responses<'a> = Facts<'a, NpsResponse>;

/// The NPS category of a score from 0 to 10. Source: Reichheld, "The One Number You Need to Grow",
/// 2003.
pub(super) fn category(score: i64) -> &'static str {
    match score {
        9.. => "promoter",
        7..=8 => "passive",
        _ => "detractor",
    }
}

fn latest<'a>(facts: &Responses<'a>) -> Option<&'a NpsResponse> {
    facts.rows.last()
}

/// The previous response of the person who gave the latest one, otherwise the previous response of
/// the company.
fn previous<'a>(facts: &Responses<'a>) -> Option<&'a NpsResponse> {
    let (latest, earlier) = facts.rows.split_last()?;
    let same_person = |response: &&NpsResponse| {
        response.person_id.is_some() && response.person_id == latest.person_id
    };
    earlier.iter().rfind(same_person).or(earlier.last())
}

fn change(facts: &Responses<'_>) -> Datum {
    latest(facts)
        .zip(previous(facts))
        .map(|(latest, previous)| latest.score - previous.score)
        .into()
}

fn of_category(facts: &Responses<'_>, wanted: &str) -> Datum {
    facts.count(|response| category(response.score) == wanted)
}

fn of_category_7d(facts: &Responses<'_>, wanted: &str) -> Datum {
    let week = facts.last(7);
    facts.count(|response| {
        category(response.score) == wanted && week.contains(response.responded.on)
    })
}

fn mean_90d(facts: &Responses<'_>) -> Datum {
    let days = facts.last(90);
    mean(
        facts
            .rows
            .iter()
            .filter(|response| days.contains(response.responded.on))
            .map(|response| response.score as f64),
    )
}

const fn of(value: fn(&Responses<'_>) -> Datum) -> Of {
    Of::Nps(value)
}

use AttributeGroup::Sentiment as S;

pub(super) const ATTRIBUTES: [Attribute; 14] = [
    number(
        "nps_score",
        S,
        "0 to 10",
        "the latest score",
        of(|f| latest(f).map(|latest| latest.score).into()),
    ),
    number(
        "nps_previous_score",
        S,
        "0 to 10",
        "the score before, of the same person, else of the company",
        of(|f| previous(f).map(|previous| previous.score).into()),
    ),
    number("nps_change", S, "points", "the latest score less the one before", of(change)),
    text(
        "nps_category",
        S,
        "promoter (9, 10), passive (7, 8) or detractor",
        of(|f| latest(f).map(|latest| category(latest.score)).into()),
    ),
    day(
        "nps_responded_on",
        S,
        "the day of the latest response",
        of(|f| latest(f).map(|latest| latest.responded.on).into()),
    ),
    number(
        "days_since_nps",
        S,
        "days",
        "since the latest response",
        of(|f| latest(f).map(|latest| f.day - latest.responded.on).into()),
    ),
    number("nps_mean_90d", S, "0 to 10", "the mean score of the last 90 days", of(mean_90d)),
    number("nps_responses", S, "responses", "responses so far", of(|f| f.count(|_| true))),
    number("nps_promoters", S, "responses", "promoters so far", of(|f| of_category(f, "promoter"))),
    number("nps_passives", S, "responses", "passives so far", of(|f| of_category(f, "passive"))),
    number(
        "nps_detractors",
        S,
        "responses",
        "detractors so far",
        of(|f| of_category(f, "detractor")),
    ),
    number(
        "nps_promoters_7d",
        S,
        "responses",
        "promoters in the last 7 days",
        of(|f| of_category_7d(f, "promoter")),
    ),
    number(
        "nps_passives_7d",
        S,
        "responses",
        "passives in the last 7 days",
        of(|f| of_category_7d(f, "passive")),
    ),
    number(
        "nps_detractors_7d",
        S,
        "responses",
        "detractors in the last 7 days",
        of(|f| of_category_7d(f, "detractor")),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::company::CompanyKey;
    use crate::domain::day::{Day, Instant};
    use crate::domain::fact::When;
    use crate::domain::words::Words;

    fn response(person: Option<&str>, score: i64) -> NpsResponse {
        let responded = When { at: Instant::from_micros(0), on: Day::from_number(0) };
        let person_id = person.map(str::to_owned);
        NpsResponse {
            company: CompanyKey(1),
            person_id,
            score,
            responded,
            comment: None,
            response_id: None,
        }
    }

    #[test]
    fn scores_fall_into_three_categories() {
        let groups = [0, 6, 7, 8, 9, 10].map(category);
        assert_eq!(
            groups,
            ["detractor", "detractor", "passive", "passive", "promoter", "promoter"]
        );
    }

    #[test]
    fn the_previous_score_is_that_of_the_same_person_otherwise_of_the_company() {
        type Case<'c> = (&'c [(Option<&'c str>, i64)], Datum);
        let cases: [Case<'_>; 6] = [
            (&[], Datum::Null),
            (&[(Some("p"), 9)], Datum::Null),
            (&[(Some("p"), 9), (Some("q"), 3), (Some("p"), 8)], Datum::Whole(-1)),
            (&[(Some("p"), 2), (Some("p"), 4), (Some("q"), 8)], Datum::Whole(4)),
            // Responses without a person are not from the same person.
            (&[(None, 1), (Some("q"), 3), (None, 8)], Datum::Whole(5)),
            (&[(Some("p"), 1), (Some("p"), 3), (Some("q"), 0), (Some("p"), 8)], Datum::Whole(5)),
        ];
        for (answers, expected) in cases {
            let rows: Vec<NpsResponse> =
                answers.iter().map(|(person, score)| response(*person, *score)).collect();
            let facts = Facts {
                rows: &rows,
                has_begun: true,
                day: Day::from_number(0),
                words: &Words::default(),
            };
            assert_eq!(change(&facts), expected, "{answers:?}");
        }
    }
}
