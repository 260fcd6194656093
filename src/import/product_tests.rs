//! Exports of products with their real headers, and the values read from them without any options.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::*;

const NOW: &str = "2026-03-10T12:00:00Z";

fn open(file: &str, options: &Options) -> Result<Sheet> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/import").join(file);
    Incoming::open(&path, options)?.sheet(Zone::UTC, NOW.parse()?, &[])
}

fn shown(value: Option<Value<'_>>) -> String {
    match value {
        None => String::new(),
        Some(Value::Text(text)) => text.to_owned(),
        Some(Value::Whole(number)) => number.to_string(),
        Some(Value::Money(amount)) => format!("{amount:.2}"),
        Some(Value::Day(day)) => day.to_string(),
        Some(Value::Moment(moment)) => moment.at.to_string(),
    }
}

fn event_lines(
    sheet: &mut Sheet,
    rejects: &mut Rejects<'_>,
    lines: &mut Vec<String>,
) -> Result<u64> {
    read_events(sheet, rejects, |row| {
        let (company, person, id) =
            (row.company.unwrap_or("-"), row.person.unwrap_or("-"), row.id.unwrap_or("-"));
        let EventRow { line, part, event, count, at, day, .. } = row;
        let part = if part > 0 { format!("+{part}") } else { String::new() };
        lines.push(format!(
            "{line}{part} {company} {event}: {count} by {person} id {id} at {at} on {day}"
        ));
        Ok(Verdict::Accepted)
    })
}

fn fact_lines(
    sheet: &mut Sheet,
    rejects: &mut Rejects<'_>,
    lines: &mut Vec<String>,
) -> Result<u64> {
    read_facts(sheet, rejects, |row| {
        let cells = row.cells.iter().map(|(name, value)| format!("{name}={}", shown(*value)));
        let custom = row
            .custom
            .iter()
            .map(|(name, value)| format!("+{name}={}", value.as_deref().unwrap_or_default()));
        let as_of = row.as_of.map(|moment| format!("as of {}", moment.at));
        let parts: Vec<String> = cells.chain(custom).chain(as_of).collect();
        lines.push(format!("{} {}", row.line, parts.join(" ")));
        Ok(Verdict::Accepted)
    })
}

/// The kind of the file, its rows, and what was rejected.
fn told(file: &str, options: &Options) -> Vec<String> {
    open(file, options)
        .map_or_else(|error| vec![error.to_string()], |mut sheet| lines_of(&mut sheet))
}

fn lines_of(sheet: &mut Sheet) -> Vec<String> {
    let (mut rejects, mapping) = (Rejects::new("f", None), sheet.plan().mapping.clone());
    let mut lines = vec![format!(
        "{} of {}",
        mapping.kind.name,
        mapping.product.map_or("-", |product| &product.name)
    )];
    let read = match mapping.kind.name.as_str() {
        EVENTS => event_lines(sheet, &mut rejects, &mut lines),
        _ => fact_lines(sheet, &mut rejects, &mut lines),
    };
    lines.extend(rejects.messages().iter().cloned());
    lines.extend(read.err().map(|error| error.to_string()));
    lines
}

fn mapped(pairs: &[(&str, &str)]) -> Options {
    let map =
        pairs.iter().map(|(column, header)| ((*column).to_owned(), (*header).to_owned())).collect();
    Options { map, ..Options::default() }
}

#[derive(Deserialize)]
struct Expected {
    rows: BTreeMap<String, Vec<String>>,
}

#[test]
fn exports_of_products_are_read_without_any_option() {
    let expected = include_str!("../../fixtures/import/products/expected.toml");
    let Expected { rows } = toml::from_str(expected).unwrap();
    for (file, lines) in rows {
        assert_eq!(told(&format!("products/{file}"), &Options::default()), lines, "{file}");
    }
}

#[test]
fn usage_by_subscription_is_read_by_hand_too() {
    let by_hand = [
        ("company_id", "subscription_id"),
        ("event", "feature_name"),
        ("timestamp", "usage_date"),
        ("count", "usage_count"),
        ("event_id", "usage_id"),
    ];
    let options = Options { kind: Some(EVENTS.to_owned()), ..mapped(&by_hand) };
    let file = "products/usage-log.csv";
    assert_eq!(told(file, &options), told(file, &Options::default()));
}

#[test]
fn the_wide_form_has_an_event_for_each_number() {
    let options = Options { wide: true, ..Options::default() };
    let expected = [
        "events of -",
        "2 acme logins: 12 by - id - at 2026-03-01T00:00:00Z on 2026-03-01",
        "2+1 acme reports exported: 3 by - id - at 2026-03-01T00:00:00Z on 2026-03-01",
        "3 acme logins: 0 by - id - at 2026-03-02T00:00:00Z on 2026-03-02",
        "5 globex logins: 4 by - id - at 2026-03-02T00:00:00Z on 2026-03-02",
        "5+1 globex alerts: 7 by - id - at 2026-03-02T00:00:00Z on 2026-03-02",
        "f:4: reports exported: '-2' is out of range (0 to 4294967295)",
    ];
    assert_eq!(told("wide.csv", &options), expected);
    let plan = open("wide.csv", &options).unwrap().plan().clone();
    assert_eq!(plan.mapping.ignored, ["Org Name"]);
    let wrong = open("wide.csv", &Options { kind: Some("people".to_owned()), ..options.clone() });
    assert_eq!(wrong.err().unwrap().to_string(), "--wide is a form of events, not of people");
    let by_hand = Options { wide: true, ..mapped(&[("event", "logins")]) };
    let message = "--map event: with --wide every column of numbers is an event";
    assert_eq!(open("wide.csv", &by_hand).err().unwrap().to_string(), message);
}

#[test]
fn a_wide_row_is_rejected_once() {
    let mut sheet = open("wide.csv", &Options { wide: true, ..Options::default() }).unwrap();
    let (mut handed, mut rejects) = (0, Rejects::new("f", None));
    let read = read_events(&mut sheet, &mut rejects, |_| {
        handed += 1;
        Ok(Verdict::Rejected { column: "company_id", reason: "no".to_owned() })
    });
    assert_eq!((read.unwrap(), handed, rejects.count()), (4, 3, 4));
}

#[test]
fn json_lines_are_mapped_by_their_dotted_names() {
    let expected = [
        "events of -",
        "1 acme login: 1 by - id - at 2026-03-01T09:00:00Z on 2026-03-01",
        "5 globex export: 1 by - id - at 2026-03-02T10:00:00Z on 2026-03-02",
        "f:3: not a JSON object: EOF while parsing an object, at byte 80 of the line",
        "f:4: timestamp: '2026-04-31T10:00:00Z' is an impossible date",
    ];
    assert_eq!(told("nested.jsonl", &mapped(&[("event", "event.name")])), expected);
    let sheet = open("nested.jsonl", &mapped(&[("event", "event.name")])).unwrap();
    assert_eq!(sheet.plan().headers, ["company_id", "event.name", "timestamp", "tags", "later"]);
    let refusal = told("nested.jsonl", &Options::default()).concat();
    assert!(refusal.contains("events, lacking event"), "{refusal}");
}

#[test]
fn events_may_name_the_person_alone() {
    let expected = [
        "events of -",
        "2 - login: 1 by u-1 id - at 2026-03-01T09:00:00Z on 2026-03-01",
        "f:3: user_id: blank, or a placeholder for nothing",
    ];
    assert_eq!(told("events-by-person.csv", &Options::default()), expected);
}

/// The first lines of what is read from a text.
fn told_of(text: &str, options: &Options) -> Vec<String> {
    let reader = Box::new(std::io::Cursor::new(text.to_owned().into_bytes()));
    let source = Source::from_reader("f".to_owned(), reader, None, None).unwrap();
    let sheet = Incoming::from_source(source, options)
        .and_then(|incoming| incoming.sheet(Zone::UTC, NOW.parse()?, &[]));
    sheet.map_or_else(|error| vec![error.to_string()], |mut sheet| lines_of(&mut sheet))
}

fn of_kind(kind: &str) -> Options {
    Options { kind: Some(kind.to_owned()), ..Options::default() }
}

#[test]
fn what_is_left_to_tell_apart_by_the_header() {
    let cases = [
        ("churn_event_id,account_id,churn_date,reason_code", "churn of -"),
        ("company_id,churned_on,reason_code,note,mrr", "churn of -"),
        ("account_id,cancelled_on,churn_reason", "churn of -"),
        ("company_id,churned_on,note", "churn of -"),
        // A list of customers, some of whom churned.
        ("company_id,churned_on,reason_code,plan", "companies of -"),
        ("company_id,churned_on", "companies of -"),
        (
            "Record ID,First Name,Last Name,Email,Company name",
            "f:1: cannot tell what this is: it could be people, lacking person_id",
        ),
        ("Id,AccountId,Name,OwnerId,CreatedDate,SystemModstamp", "f:1: cannot tell what this is"),
        ("Record ID,Company Name,Domain,Company Owner", "companies of HubSpot"),
        ("Id,Name,OwnerId,CreatedDate", "companies of Salesforce"),
        ("event,time,distinct_id,$insert_id,company_id,total", "events of Mixpanel"),
        ("Event Name,Time,Distinct ID,City,company_id", "events of Mixpanel"),
        (
            "uuid,event,properties,elements,set,set_once,distinct_id,team_id,ip,site_url,timestamp",
            "events of PostHog",
        ),
        ("event_type,event_time,user_id,$insert_id", "events of Amplitude"),
        ("user_id,event,timestamp", "events of -"),
        ("person_id,company_id,email,title", "people of -"),
        ("company_id,subscription_id,started_on,amount,interval", "subscriptions of -"),
        ("survey_type,score,comment,permalink,created_at,company", "nps of Delighted"),
    ];
    for (header, expected) in cases {
        let told = told_of(&format!("{header}\n"), &Options::default()).concat();
        assert!(told.starts_with(expected), "{header}: {told}");
    }
}

#[test]
fn a_wrong_guess_is_told_what_to_type_instead() {
    let hints = |text: &str, options: &Options| {
        let reader = Box::new(std::io::Cursor::new(text.to_owned().into_bytes()));
        let source = Source::from_reader("f".to_owned(), reader, None, None).unwrap();
        let sheet = Incoming::from_source(source, options)
            .and_then(|file| file.sheet(Zone::UTC, NOW.parse()?, &[]));
        let report = crate::error::report(&sheet.err().unwrap()).unwrap();
        format!("{}\n{}", report.message, report.hints.join("\n"))
    };
    let events = "company_id,event,timestamp\n";
    let said = hints(events, &of_kind("tickets"));
    assert!(said.contains("tickets without required columns ticket_id, opened_at"), "{said}");
    assert!(said.contains("the header is one of events: try --kind events"), "{said}");
    let said = hints(events, &Options { delimiter: Some(Delimiter(b';')), ..Options::default() });
    assert!(
        said.contains("f:1: the delimiter semicolon does not fit")
            && said.contains("try --delimiter comma"),
        "{said}"
    );
    let said = hints("company_id,score,responded_on,Date\n", &of_kind("events"));
    assert!(said.contains("try --kind nps"), "{said}");
}

#[test]
fn the_score_is_the_only_question_of_the_right_kind_with_the_right_answers() {
    let typeform = |questions: &str, answers: &str| {
        let text = format!(
            "#,{questions},company_id,Submit Date (UTC),Network ID\na,{answers},acme,2026-03-01 09:00:00,x\n"
        );
        told_of(&text, &Options::default()).concat()
    };
    let said = typeform("How likely are you to renew?,Would you recommend us?", "9,Sure");
    assert!(said.contains("score=9"), "{said}");
    let said = typeform("How likely are you to renew?,Would you recommend us?", "9,10");
    assert!(said.contains("could both be meant by score"), "{said}");
    let said = typeform("How old are you?,Why?", "9,10");
    assert!(said.contains("nps without required column score"), "{said}");
    let generic = "company_id,responded_on,NPS (0 to 10)\nacme,2026-03-01,10\n";
    assert_eq!(
        told_of(generic, &of_kind("nps")),
        ["nps of -", "2 company_id=acme score=10 responded_on=2026-03-01T00:00:00Z"]
    );
}

#[test]
fn surveymonkey_writes_dates_as_americans_do() {
    let text = "Respondent ID,Collector ID,Start Date,End Date,Custom Data 1,How likely?\n\
                118,43,02/28/2026 08:58:10 PM,03/01/2026 12:01:00 AM,acme,9\n";
    let options = Options { date_format: Some(DateFormat::MonthFirst), ..Options::default() };
    let expected = "2 company_id=acme score=9 responded_on=2026-03-01T00:01:00Z response_id=118";
    assert_eq!(told_of(text, &options), ["nps of SurveyMonkey", expected]);
}

#[test]
fn every_other_kind_is_read() {
    let cases: [(&str, &str, &str); 8] = [
        (
            "people",
            "person_id,company_id,name,email,role,created_on\nu1,acme,Ada,ada@acme.example.test,CTO,2025-01-01\n",
            "2 person_id=u1 company_id=acme name=Ada email=ada@acme.example.test role=CTO created_on=2025-01-01",
        ),
        (
            "touchpoints",
            "company_id,occurred_at,direction,channel,kind,with,subject\nacme,2026-03-01T09:00:00Z,Incoming,call,review,executive,\"two\nlines\"\n",
            "2 company_id=acme occurred_at=2026-03-01T09:00:00Z direction=inbound channel=call kind=review with=executive subject=two\nlines",
        ),
        (
            "goals",
            "company_id,event,due_on,name\nacme,export,2026-06-01,\n",
            "2 company_id=acme event=export due_on=2026-06-01 name=",
        ),
        (
            "team",
            "name,role,email,slack_id,manager,realtime,digest\nSam,CSM,sam@vendor.example.test,U01,,bad; Good,TRUE\n",
            "2 name=Sam role=CSM email=sam@vendor.example.test slack_id=U01 manager= realtime=bad; Good digest=yes",
        ),
        ("acks", "id,reason\n7,\n", "2 signal_id=7 reason="),
        (
            "pulses",
            "company_id,pulse,set_on,reason_codes,note,set_by\nacme,3,2026-03-01,price;support,,Sam\n",
            "2 company_id=acme pulse=3 set_on=2026-03-01T00:00:00Z reason_codes=price;support note= set_by=Sam",
        ),
        (
            "subscriptions",
            "company_id,subscription_id,started_on,mrr,amount,interval\nacme,s1,2026-01-01,,900,Quarterly\n",
            "2 company_id=acme subscription_id=s1 started_on=2026-01-01 mrr= amount=900.00 interval=Quarterly",
        ),
        (
            "invoices",
            "company_id,invoice_id,due_on,paid_on,amount,status\nacme,i1,2026-06-01,,10.50,open\n",
            "2 company_id=acme invoice_id=i1 due_on=2026-06-01 paid_on= amount=10.50 status=open",
        ),
    ];
    for (kind, text, expected) in cases {
        assert_eq!(told_of(text, &of_kind(kind)), [format!("{kind} of -").as_str(), expected]);
    }
    let realtime = told_of("name,role,realtime\nSam,csm,bad;worst\n", &Options::default());
    assert_eq!(realtime[1], "f:2: realtime: 'worst' is not one of bad, good, info");
}

#[test]
fn an_exported_list_of_signals_is_read_as_acknowledgements() {
    let header = "id,company_id,company_name,csm,rule,kind,event,type,state,raised_on,timeframe_days,threshold_pct,\
                  observation_from,observation_to,observation_count,decision_from,decision_to,decision_count,change_pct,\
                  chance,detail,acknowledged_by,acknowledged_at,reason";
    let text = format!(
        "{header}\n7,acme,Acme,sam,r,trend,login,bad,open,2026-03-01,,,,,,,,,,,,sam,,known\n8{}\n",
        ",".repeat(23)
    );
    assert_eq!(
        told_of(&text, &Options::default()),
        ["acks of signals", "2 signal_id=7 reason=known by=sam", "3 signal_id=8 reason= by="]
    );
}

#[test]
fn dates_that_could_be_another_day_are_counted() {
    let text = "company_id,event,timestamp\na,b,03/04/2025\na,b,13/04/2025\na,b,04/04/2025\na,b,2025-04-03\n";
    let reader = Box::new(std::io::Cursor::new(text));
    let source = Source::from_reader("f".to_owned(), reader, None, None).unwrap();
    let options = Options { date_format: Some(DateFormat::DayFirst), ..Options::default() };
    let mut sheet = Incoming::from_source(source, &options)
        .unwrap()
        .sheet(Zone::UTC, NOW.parse().unwrap(), &[])
        .unwrap();
    read_events(&mut sheet, &mut Rejects::new("f", None), |_| Ok(Verdict::Accepted)).unwrap();
    assert_eq!(sheet.ambiguous_dates(), 1);
}

#[test]
fn many_json_lines_are_read_in_little_memory() {
    let line = |at: usize| {
        let wide = if at < 1000 {
            format!(",\"k{at}\":{{\"v\":1,\"w\":[2]}}")
        } else {
            format!(",\"later{at}\":1")
        };
        format!(
            "{{\"event\":\"login\",\"properties\":{{\"time\":1772355600,\"distinct_id\":\"u\",\"company\":\"acme\"}}{wide}}}\n"
        )
    };
    let text: String = (0..30_000).map(line).collect();
    let reader = Box::new(std::io::Cursor::new(text));
    let source = Source::from_reader("f".to_owned(), reader, None, None).unwrap();
    let mut sheet = Incoming::from_source(source, &Options::default())
        .unwrap()
        .sheet(Zone::UTC, NOW.parse().unwrap(), &[])
        .unwrap();
    assert_eq!(sheet.plan().mapping.product.map(|product| product.name.as_str()), Some("Mixpanel"));
    // If there are more names than the allowed number of columns, only meaningful ones are kept.
    assert_eq!(
        sheet.plan().headers,
        ["event", "properties.time", "properties.distinct_id", "properties.company"]
    );
    let mut lines = Vec::new();
    let read = event_lines(&mut sheet, &mut Rejects::new("f", None), &mut lines).unwrap();
    assert_eq!((read, lines.len()), (30_000, 30_000));
    assert_eq!(
        lines[29_999],
        "30000 acme login: 1 by u id - at 2026-03-01T09:00:00Z on 2026-03-01"
    );
}

#[test]
fn json_that_is_not_one_object_a_line_is_refused() {
    for text in ["{\n  \"event\": \"login\"\n}\n", "{}\n{}\n"] {
        let said = told_of(text, &Options::default()).concat();
        assert!(
            said.starts_with(
                "f:1: no JSON object with anything in it stands on one of the first lines"
            ),
            "{said}"
        );
    }
}
