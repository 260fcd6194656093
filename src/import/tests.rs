//! Whole files, from bytes to rows: what is refused, what is rejected, and what is read.

use std::io::{Cursor, Write};
use std::path::PathBuf;

use proptest::prelude::*;
use serde::Deserialize;

use super::header::DELIMITERS;
use super::*;
use crate::domain::zone::zone;
use crate::error;

const NOW: &str = "2026-03-10T12:00:00Z";

fn sheet_of(bytes: &[u8], options: &Options) -> Result<Sheet> {
    let reader = Box::new(Cursor::new(bytes.to_vec()));
    let source =
        Source::from_reader("f.csv".to_owned(), reader, None, options.encoding.as_deref())?;
    Incoming::from_source(source, options)?.sheet(Zone::UTC, NOW.parse()?, &[])
}

fn kind(name: &str) -> Options {
    Options { kind: Some(name.to_owned()), ..Options::default() }
}

fn mapped(pairs: &[(&str, &str)]) -> Options {
    let map =
        pairs.iter().map(|(column, header)| ((*column).to_owned(), (*header).to_owned())).collect();
    Options { map, ..Options::default() }
}

/// The kind and the columns, as `column=header`; or the error.
fn plan_of(header: &str, options: &Options) -> String {
    match sheet_of(header.as_bytes(), options) {
        Ok(Sheet { plan: Plan { mapping, .. }, .. }) => {
            let columns = mapping
                .columns
                .iter()
                .map(|mapped| format!("{}={}", mapped.column.name, mapped.header));
            let custom =
                mapping.custom.iter().map(|custom| format!("+{}={}", custom.name, custom.header));
            let ignored = mapping.ignored.iter().map(|header| format!("-{header}"));
            let columns: Vec<String> = columns.chain(custom).chain(ignored).collect();
            format!("{}: {}", mapping.kind.name, columns.join(" "))
        }
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_kind_is_told_from_the_header_when_it_is_unmistakable() {
    let cases = [
        ("company_id,event,timestamp", "events"),
        ("timestamp,person_id,company_id,event,event_id,count,page", "events"),
        ("account_id,event_name,created_at", "events"),
        ("company,event,timestamp", "events"),
        ("id,company_id,event,timestamp,reason", "events"),
        ("company_id", "companies"),
        ("company_id,name,csm,mrr", "companies"),
        (
            "company_id,name,industry,country,signup_date,plan_tier,seats,is_trial,churn_flag",
            "companies",
        ),
        ("company_id,name,created_at", "companies"),
        ("company_id,subscription_id,started_on,mrr", "subscriptions"),
        ("person_id,company_id,name,role", "people"),
        ("company_id,score,responded_on,person_id,comment", "nps"),
        ("company_id,ticket_id,opened_at", "tickets"),
        ("company_id,invoice_id,due_on,amount", "invoices"),
        ("company_id,occurred_at,direction,with", "touchpoints"),
        ("company_id,event,due_on", "goals"),
        ("signal_id,reason", "acks"),
        (
            "id,company_id,company_name,rule,kind,event,type,state,raised_on,acknowledged_at,reason",
            "acks",
        ),
        ("company_id,pulse,set_on", "pulses"),
        ("name,role,email", "team"),
    ];
    for (header, expected) in cases {
        let plan = plan_of(header, &Options::default());
        assert_eq!(plan.split(": ").next(), Some(expected), "{header}: {plan}");
    }
}

#[test]
fn an_ambiguous_header_is_refused_with_what_each_kind_lacks() {
    let refusal = |header| plan_of(header, &Options::default());
    assert_eq!(
        refusal("company_id,event,when"),
        "f.csv:1: cannot tell what this is: it could be events, lacking timestamp; goals, lacking due_on; \
         companies (no column missing)"
    );
    assert_eq!(
        refusal("company_id,event,timestamp,due_on"),
        "f.csv:1: cannot tell what this is: it could be events (no column missing); goals (no column missing); \
         invoices, lacking invoice_id; companies (no column missing)"
    );
    assert_eq!(refusal("a,b"), "f.csv:1: no header that names known columns; it has: a, b");
    assert_eq!(
        plan_of("company_id,event,timestmp", &kind("events")),
        "f.csv:1: events without required column timestamp (nearest: 'timestmp')"
    );
    assert_eq!(
        plan_of("event,x", &kind("events")),
        "f.csv:1: events without required columns company_id (or person_id), timestamp"
    );
}

/// The beginning of the error, and its hints.
fn refusal_of(text: &str) -> (String, Vec<String>) {
    match sheet_of(text.as_bytes(), &Options::default()) {
        Ok(sheet) => (sheet.plan().mapping.kind.name.clone(), Vec::new()),
        Err(error) => {
            let report = error::report(&error).unwrap();
            (error.to_string(), report.hints)
        }
    }
}

#[test]
fn an_id_and_unknown_columns_are_companies_only_when_nothing_speaks_against_it() {
    for text in [
        "company_id,industry,country\na,x,y\nb,x,y\n",
        "account_id,tier\n1,gold\n",
        "company_id,plan,date\na,pro,2026-03-01\n",
        "company_id,name,last_login_at\na,Acme,2026-03-01\n",
        "company_id,update_count\na,5\n",
    ] {
        assert_eq!(refusal_of(text).0, "companies", "{text}");
    }
    for text in [
        "company_id,industry\na,x\na,y\n",
        "account_id,day,logins\n1,2026-03-01,5\n",
        "account_id,Last Seen At,logins\n1,2026-03-01,5\n",
        "accountId,featureId,numEvents,visitorId\na,f,1,v\n",
        "account_id,visitor,clicks\n1,u,5\n",
        "account_id,orderName,units\n1,u,5\n",
        "customer_id,payment_id,total\n1,p,5\n",
    ] {
        let (said, _) = refusal_of(text);
        assert!(said.contains("cannot tell what this is: it could be "), "{text}: {said}");
    }
}

#[test]
fn a_list_of_people_is_told() {
    for text in [
        "person_id,company_id\nu,a\nu,a\nv,a\n",
        "user_id,account_id,name,email,role,created_on,title,phone,Timezone\nu,a,U,,,,,,\n",
        "user_id,account_id,created_at\nu,a,2026-03-01\n",
        "contact_id,Company Name,department\nu,Acme,Sales\nv,Acme,Sales\n",
        "person_id,company_id,name,last_login_at,signup_date\nu,a,U,2026-03-01,\nv,a,V,,\n",
        "person_id,company_id,email,score\nu,a,u@a.example,7\nv,a,v@a.example,7\n",
        "id,user_id,account_id,role\n1,u,a,admin\n2,v,a,admin\n",
        "person_id,company_id,first_name,updated_at\nu,a,U,2026-03-01\nv,a,V,2026-03-01\n",
        "person_id,company_id,email,last_seen_at,updated_at\nu,a,x,,1\nu,a,y,,2\n",
    ] {
        assert_eq!(refusal_of(text).0, "people", "{text}");
    }
}

#[test]
fn what_people_do_is_no_list_of_people() {
    // Such a file would move the person to another company.
    for (text, nearest) in [
        (
            "account_id,event_time,event_type_id,user_id,event_value\na,2026-03-01,7,u,1\n",
            "events, lacking event",
        ),
        ("user_id,account_id,timestamp\nu,a,2026-03-01\n", "events, lacking event"),
        ("user_id,account_id,page,viewed_at\nu,a,/,2026-03-01\n", "people (no column missing)"),
        ("company_id,person_id,count,date\na,u,5,2026-03-01\n", "events, lacking event"),
        (
            "user_id,company_id,ticket_id,created_at\nu,a,7,2026-03-01\n",
            "tickets (no column missing)",
        ),
        ("user_id,company_id,score,comment\nu,a,9,\n", "nps, lacking responded_on"),
        ("user_id,company_id,order_id,amount\nu,a,7,10\n", "people (no column missing)"),
        ("company_id,person_id,day\na,u,2026-03-01\n", "people (no column missing)"),
        ("ride_id,user_id,company_id,amount\n7,u,a,10\n", "people (no column missing)"),
        ("user_id,account_id,page\nu,a,/\nu,a,/b\n", "people (no column missing)"),
        (
            "user_id,account_id,email,viewed_at\nu,a,x,2026-03-01\nu,a,x,2026-03-02\n",
            "people (no column missing)",
        ),
        (
            "user_id,company_id,email,ticket_id,created_at\nu,a,x,7,2026-03-01\n",
            "tickets (no column missing)",
        ),
    ] {
        let (said, _) = refusal_of(text);
        let begins = "f.csv:1: cannot tell what this is: it could be ";
        assert!(said.starts_with(begins) && said.contains(nearest), "{text}: {said}");
    }
}

#[test]
fn a_file_of_counts_for_a_company_and_a_day_is_told_of_the_wide_form() {
    let wide = "rows of a company and a day, with a count for each event, are read with --wide";
    let first_hint = |text| refusal_of(text).1.first().cloned().unwrap_or_default();
    assert_eq!(first_hint("account_id,date,logins\n1,2026-03-05,10\n1,2026-03-06,20\n"), wide);
    assert_eq!(
        first_hint("account_id,Usage Day,logins\n1,2026-03-05,10\n2,2026-03-05,20\n"),
        format!("{wide} --map timestamp=\"Usage Day\"")
    );
    assert_eq!(first_hint("account_id,date,logins\n1,2026-03-05,\"1,200\"\n"), wide);
    for text in [
        "account_id,date,feature,n\n1,2026-03-05,f,10\n1,2026-03-05,g,20\n",
        "account_id,date,colour\n1,2026-03-05,red\n1,2026-03-06,red\n",
        "account_id,event,day,n\n1,login,2026-03-05,10\n1,login,2026-03-06,20\n",
    ] {
        assert!(!first_hint(text).contains("--wide"), "{text}");
    }
}

#[test]
fn a_file_of_counts_is_named_but_not_told() {
    let text = "company_id,event,day,count\na,login,2026-03-05,10\n";
    assert_eq!(
        refusal_of(text),
        (
            "f.csv:1: cannot tell what this is: it could be counts (no column missing; only with \
             --kind); events, lacking timestamp; goals, lacking due_on; companies (no column missing)"
                .to_owned(),
            vec![
                "say which with --kind, and --map COLUMN=\"Header\" for a column of another name"
                    .to_owned()
            ]
        )
    );
    let (said, _) = refusal_of("company_id,person_id,day\na,u,2026-03-05\n");
    assert!(
        said.contains("it could be counts (no column missing; only with --kind); people"),
        "{said}"
    );
}

#[test]
fn grouped_counts_of_the_wide_form_are_events() {
    let wide = Options { wide: true, ..Options::default() };
    let of = |text: &str| {
        let ignored = sheet_of(text.as_bytes(), &wide).unwrap().plan.mapping.ignored;
        (events_of(text, &wide), ignored)
    };
    let text = "company_id,date,logins,Region\na,2026-03-01,\"1,200\",North\n\
                a,2026-03-02,\"1,100\",North\n";
    let expected = [
        "2 a logins - - 1200 2026-03-01T00:00:00Z 2026-03-01",
        "3 a logins - - 1100 2026-03-02T00:00:00Z 2026-03-02",
    ];
    assert_eq!(of(text), (expected.map(str::to_owned).to_vec(), vec!["Region".to_owned()]));
    let notes = sheet_of(text.as_bytes(), &wide).unwrap().plan.mapping.notes;
    assert_eq!(
        notes,
        ["columns of events: '1,200' is read as 1200; --decimal , would read it as 1.200"]
    );
    // Never left out as text: a half is no count.
    let text = "company_id;date;hours;Region\na;2026-03-01;1,5;North\n";
    let (said, ignored) = of(text);
    assert!(said[0].starts_with("f.csv:2: hours: ") && said.len() == 1, "{said:?}");
    assert_eq!(ignored, ["Region"]);
}

#[test]
fn a_wide_file_of_days_is_read_by_days() {
    let days_of = |text: &str, options: &Options| {
        let source = Source::from_reader(
            "f.csv".to_owned(),
            Box::new(Cursor::new(text.to_owned())),
            None,
            None,
        );
        let new_york = zone("America/New_York");
        let incoming = Incoming::from_source(source.unwrap(), options).unwrap();
        let mut sheet = incoming.sheet(new_york, NOW.parse().unwrap(), &[]).unwrap();
        let (mut days, mut rejects) = (Vec::new(), Rejects::new("f.csv", None));
        read_events(&mut sheet, &mut rejects, |row| {
            days.push(row.day.to_string());
            Ok(Verdict::Accepted)
        })
        .unwrap();
        assert_eq!(rejects.messages(), &[] as &[String], "{text}");
        days
    };
    let wide = Options { wide: true, ..Options::default() };
    for cell in ["2026-03-02T00:00:00Z", "20260302", "2026-03-02", "1772409600"] {
        let text = format!("company_id,timestamp,logins\na,{cell},5\nb,{cell},7\n");
        assert_eq!(days_of(&text, &wide), ["2026-03-02", "2026-03-02"], "{cell}");
    }
    // Rows of hours are times: 19:00 and 20:00 of the day before in New York.
    let hours = "a,2026-03-02T00:00:00Z,5\na,2026-03-02T01:00:00Z,7\n";
    let text = format!("company_id,date,logins\n{hours}");
    assert_eq!(days_of(&text, &wide), ["2026-03-01", "2026-03-01"]);
    let text = "company_id,timestamp,event\na,2026-03-02T00:00:00Z,login\n";
    assert_eq!(days_of(text, &Options::default()), ["2026-03-01"]);
}

#[test]
fn the_nearest_kinds_are_named_first() {
    let said = |header| plan_of(header, &Options::default());
    assert_eq!(
        said("id,account_id,product,start_date,end_date,mrr,quantity,units"),
        "f.csv:1: cannot tell what this is: it could be subscriptions, lacking subscription_id; \
         companies (no column missing); events, lacking event, timestamp; \
         churn, lacking churned_on"
    );
    assert!(said("customer_id,invoice_id,subscription_id,start_date,amount").starts_with(
        "f.csv:1: cannot tell what this is: it could be subscriptions (no column missing); \
             invoices, lacking due_on"
    ));
    assert!(
        said("customer_id,invoice_id,subscription_id,start_date,due_date,amount")
            .starts_with("invoices: ")
    );
}

#[test]
fn companies_under_an_unknown_id_are_named_first() {
    let map = |header: &str| {
        format!("if '{header}' is the company_id: --kind companies --map company_id=\"{header}\"")
    };
    for (header, like) in [
        ("name,csm,plan,mrr", "name"),
        ("id,name,csm,mrr,renewal_on", "id"),
        ("id,name,plan", "id"),
        ("Company,CSM,MRR", "Company"),
        ("Account Name,CSM,MRR", "Account Name"),
        ("Client ID,Client Name,CSM,MRR", "Client ID"),
    ] {
        let (said, hints) = refusal_of(header);
        let begins = "f.csv:1: cannot tell what this is: it could be companies, lacking company_id";
        assert!(said.starts_with(begins), "{header}: {said}");
        assert_eq!(hints.first(), Some(&map(like)), "{header}");
    }
    let (_, hints) = refusal_of("company_id,event,timestmp");
    let expected = "if 'timestmp' is the timestamp: --kind events --map timestamp=\"timestmp\"";
    assert_eq!(hints.first().map(String::as_str), Some(expected));
}

#[test]
fn a_refusal_says_why_a_fitting_list_is_not_read() {
    for (text, why) in [
        ("account_id,day,logins\n1,2026-03-01,5\n", "companies: 'day' may be about something else"),
        ("company_id,industry\na,x\na,y\n", "companies: a company_id occurs twice"),
        (
            "order_id,company_id\n7,a\n",
            "companies: the first column, 'order_id', is the id of something else",
        ),
        ("company_id,event,when\n", "companies: 'event' is a column of events"),
        ("user_id,account_id,page\nu,a,/\nu,a,/b\n", "people: a person_id occurs twice"),
        (
            "user_id,account_id,timestamp\nu,a,2026-03-01\n",
            "people: 'timestamp' is a column of events",
        ),
    ] {
        let (kind, why) = why.split_once(": ").unwrap();
        let hint = format!("{kind} are read only with --kind here: {why}");
        let (_, hints) = refusal_of(text);
        assert!(hints.contains(&hint), "{text}: {hints:?}");
    }
}

#[test]
fn columns_that_are_not_read_may_have_the_same_name() {
    let tickets = "company_id,ticket_id,opened_at,Labels,labels,Labels,x";
    assert_eq!(
        plan_of(tickets, &Options::default()),
        "tickets: company_id=company_id ticket_id=ticket_id opened_at=opened_at -Labels -labels -x"
    );
    let notes = |header: &str| sheet_of(header.as_bytes(), &Options::default()).unwrap();
    assert_eq!(
        notes(tickets).plan().mapping.notes,
        ["column 'Labels' is there 3 times and is not read"]
    );
    for (header, place) in [
        ("company_id,ticket_id,opened_at,Status,status", "'status' is there twice (4 and 5)"),
        ("company_id,name,Region,region", "'region' is there twice (3 and 4)"),
        ("company_id,event,timestamp,event", "'event' is there twice (2 and 4)"),
    ] {
        let said = plan_of(header, &Options::default());
        assert_eq!(said, format!("f.csv:1: column {place}"), "{header}");
    }
}

/// The rows of a file of events as `line company event id`, then rejects or the error.
fn event_rows(text: &str, options: &Options) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rejects = Rejects::new("f.csv", None);
    let read = sheet_of(text.as_bytes(), options).and_then(|mut sheet| {
        read_events(&mut sheet, &mut rejects, |row| {
            let company = row.company.unwrap_or("-");
            lines.push(format!("{} {company} {} {}", row.line, row.event, row.id.unwrap_or("-")));
            Ok(Verdict::Accepted)
        })
    });
    lines.extend(rejects.messages().iter().cloned());
    lines.extend(read.err().map(|error| error.to_string()));
    lines
}

#[test]
fn names_inside_cells_that_hold_json_are_columns() {
    let text = "uuid,event,distinct_id,timestamp,properties\n\
                u1,login,d1,2026-03-05 10:00:00 UTC,\"{\"\"$group_0\"\": \"\"acme\"\", \"\"a\"\": \"\"x, y\"\"}\"\n\
                u2,login,d2,2026-03-05 10:00:00 UTC,{}\n\
                u3,login,d3,2026-03-05 10:00:00 UTC,\"{\"\"b\"\":{\"\"c\"\":1},\"\"$group_0\"\":7}\"\n\
                u4,login,d4,2026-03-05 10:00:00 UTC,{broken\n";
    assert_eq!(
        event_rows(text, &Options::default()),
        [
            "2 acme login u1",
            "4 7 login u3",
            "f.csv:3: properties.$group_0: blank, or a placeholder for nothing",
            "f.csv:5: properties.$group_0: blank, or a placeholder for nothing",
        ]
    );
    let text =
        "event,timestamp,data\nlogin,2026-03-05,\"{\"\"account\"\":{\"\"id\"\":\"\"acme\"\"}}\"\n";
    let by_hand = mapped(&[("company_id", "data.account.id")]);
    assert_eq!(event_rows(text, &by_hand), ["2 acme login -"]);
    assert_eq!(
        plan_of("company_id,name,meta\na,A,\"{\"\"tier\"\":\"\"gold\"\"}\"\n", &Options::default()),
        "companies: company_id=company_id name=name +meta_tier=meta.tier"
    );
    assert_eq!(
        plan_of("company_id,event,timestamp,meta\na,b,2026-03-05,{}\n", &Options::default()),
        "events: company_id=company_id event=event timestamp=timestamp -meta"
    );
}

/// Line 2 has its values in another order, line 3 lacks some, and the names of 3 and 4 are the same
/// in NFC.
#[test]
fn json_lines_may_have_their_values_in_any_order() {
    let text = "{\"company_id\":\"a\",\"event\":\"login\",\"timestamp\":\"2026-03-05\",\"event_id\":\"e1\"}\n\
                {\"timestamp\":\"2026-03-05\",\"event_id\":\"e2\",\"event\":\"login\",\"company_id\":\"b\"}\n\
                {\"timestamp\":\"2026-03-05\",\"event\":\"login\",\"company_id\":\"Cafe\u{301}\"}\n\
                {\"company_id\":\"Caf\u{e9}\",\"timestamp\":\"2026-03-05\",\"event\":\"login\"}\n";
    let expected = ["1 a login e1", "2 b login e2", "3 Caf\u{e9} login -", "4 Caf\u{e9} login -"];
    assert_eq!(event_rows(text, &Options::default()), expected);
    let text = "event,timestamp,data\nlogin,2026-03-05,\"{\"\"company\"\":\"\"Cafe\u{301}\"\"}\"\n";
    let by_hand = mapped(&[("company_id", "data.company")]);
    assert_eq!(event_rows(text, &by_hand), ["2 Caf\u{e9} login -"]);
}

/// The columns are those of the first 1,000 lines.
#[test]
fn a_column_that_begins_later_is_not_passed_over() {
    let mut text =
        "{\"company_id\":\"a\",\"event\":\"login\",\"timestamp\":\"2026-03-05\"}\n".repeat(1000);
    text += "{\"company_id\":\"a\",\"event\":\"login\",\"timestamp\":\"2026-03-05\",\"count\":null,\"os\":7}\n\
             {\"company_id\":\"a\",\"event\":\"login\",\"timestamp\":\"2026-03-05\",\"quantity\":50}\n";
    let rows = event_rows(&text, &Options::default());
    assert_eq!(rows.len(), 1002);
    assert_eq!(
        rows[1000..],
        [
            "1001 a login -",
            "f.csv:1002: none of the first 1000 lines has 'quantity': say --map count=quantity"
        ]
    );
    let rows = event_rows(&text, &mapped(&[("count", "quantty")]));
    assert_eq!(rows.last().unwrap(), "f.csv: no line has 'quantty', which --map names");
    // The names are those of the product, where it is known.
    let line = "{\"event\":\"login\",\"properties\":{\"time\":1772355600,\"distinct_id\":\"u\",\"company_id\":\"a\"";
    let mixpanel = format!("{line}}}}}\n").repeat(1000)
        + &format!("{line},\"$insert_id\":\"i1\"}}}}\n{line}}},\"count\":7}}\n");
    let rows = event_rows(&mixpanel, &Options::default());
    assert_eq!(
        rows[1000..],
        [
            "1002 a login -",
            "f.csv:1001: none of the first 1000 lines has 'properties.$insert_id': \
             say --map event_id=properties.$insert_id"
        ]
    );
    let rows = events_of(&text, &mapped(&[("count", "quantity")]));
    assert_eq!(rows[1001], "1002 a login - - 50 2026-03-05T00:00:00Z 2026-03-05");
}

#[test]
fn ids_that_look_the_same_are_the_same() {
    let text = "company_id,event,timestamp,event_id\n\
                Mu\u{308}ller,e\u{301},2026-03-05,1\n\
                Müller,é,2026-03-05,2\n\
                \"=\"\"007\"\"\",login,2026-03-05,3\n\
                '007,login,2026-03-05,4\n\
                001D000000IqhSLIAZ,login,2026-03-05,5\n\
                \"[\"\"acme\"\"]\",login,2026-03-05,6\n";
    assert_eq!(
        event_rows(text, &Options::default()),
        [
            "2 Müller é 1",
            "3 Müller é 2",
            "4 007 login 3",
            "5 007 login 4",
            "6 001D000000IqhSL login 5",
            "7 acme login 6",
        ]
    );
}

#[test]
fn rejected_rows_are_named_by_what_they_are() {
    let text = "company_id,event,timestamp\n\
                Total,,2\n\
                company_id,event,timestamp\n\
                Confidential Information,,\n\
                [object Object],login,2026-03-05\n\
                \"1,23E+11\",login,2026-03-05\n\
                Total,login,2026-03-05\n";
    assert_eq!(
        event_rows(text, &Options::default()),
        [
            "7 Total login -",
            "f.csv:2: a total of the report, not data",
            "f.csv:3: the header again",
            "f.csv:4: a footer of the report, not data",
            "f.csv:5: company_id: blank, or a placeholder for nothing",
            "f.csv:6: company_id: '1,23E+11' was an id before a spreadsheet made a number of it",
        ]
    );
}

#[test]
fn rows_of_blank_cells_are_blank_lines() {
    let text = "company_id,event,timestamp\n\
                ,,\n\
                acme,login,2026-03-05\n\
                \x20, ,\t\n\
                \"\",\"\",\"\"\n\
                ,,,,,\n\
                NULL,NULL,NULL\n";
    let rejected = "f.csv:7: company_id: blank, or a placeholder for nothing";
    assert_eq!(
        events_of(text, &Options::default()),
        ["3 acme login - - 1 2026-03-05T00:00:00Z 2026-03-05", rejected,]
    );
    let text = "company_id,name,mrr\na,A,5\n,,\n,A,5\n";
    let mut rejects = Rejects::new("f.csv", None);
    let mut sheet = sheet_of(text.as_bytes(), &Options::default()).unwrap();
    let read = read_facts(&mut sheet, &mut rejects, |_| Ok(Verdict::Accepted));
    assert_eq!((read.unwrap(), rejects.count()), (2, 1));
}

/// The rows of a file of companies, each with its mrr and custom columns; then rejects or the
/// error, and the notes.
fn company_rows(text: &str, options: &Options) -> Vec<String> {
    let (mut lines, mut notes) = (Vec::new(), Vec::new());
    let mut rejects = Rejects::new("f.csv", None);
    let read = sheet_of(text.as_bytes(), options).and_then(|mut sheet| {
        notes.clone_from(&sheet.plan().mapping.notes);
        read_facts(&mut sheet, &mut rejects, |row| {
            let mrr = match row.get("mrr") {
                Some(Value::Money(amount)) => amount.to_string(),
                _ => "-".to_owned(),
            };
            let custom: Vec<&str> =
                row.custom.iter().map(|(_, value)| value.as_deref().unwrap_or("-")).collect();
            lines.push(format!("{} {mrr} {}", row.line, custom.join(" ")).trim_end().to_owned());
            Ok(Verdict::Accepted)
        })
    });
    lines.extend(rejects.messages().iter().cloned());
    lines.extend(read.err().map(|error| error.to_string()));
    lines.extend(notes);
    lines
}

#[test]
fn amounts_are_read_by_what_their_column_shows() {
    let of = |text: &str| company_rows(text, &Options::default());
    assert_eq!(
        of("company_id;name;mrr\na;A;1.234\nb;B;1.234,50\nc;C;99,90\n"),
        ["2 1234", "3 1234.5", "4 99.9"]
    );
    assert_eq!(
        of("company_id;name;mrr\na;A;1.234\nb;B;12\n"),
        ["f.csv:2: mrr: '1.234' may be 1234 or 1.234"]
    );
    assert_eq!(
        of("company_id,name,mrr\na,A,\"1,234\"\nb,B,$12\n"),
        ["2 1234", "3 12", "mrr: '1,234' is read as 1234; --decimal , would read it as 1.234"]
    );
    let comma = Options { decimal: Some(DecimalMark::Comma), ..Options::default() };
    assert_eq!(
        company_rows("company_id\tname\tmrr\na\tA\t1.234\nb\tB\t99.90\n", &comma),
        ["2 1234", "f.csv:3: mrr: '99.90' does not fit --decimal ,"]
    );
    assert_eq!(
        of("company_id,name,mrr,ARR,Share,Sku\na,A,1,\"12,000.50\",45%,$x\nb,B,2,800.00,7 %,$7\n"),
        ["2 1 12000.50 45 $x", "3 2 800.00 7 $7"]
    );
}

#[test]
fn a_decimal_comma_with_zeros_is_a_whole_number() {
    let cells = |text: &str, column: &str| {
        let mut rejects = Rejects::new("f.csv", None);
        let (mut sheet, mut cells) =
            (sheet_of(text.as_bytes(), &Options::default()).unwrap(), Vec::new());
        read_facts(&mut sheet, &mut rejects, |row| {
            cells.push(row.get(column).map(|value| format!("{value:?}")).unwrap_or_default());
            Ok(Verdict::Accepted)
        })
        .unwrap();
        cells.extend(rejects.messages().iter().cloned());
        cells
    };
    assert_eq!(
        cells("company_id;name;seats\na;A;12,0\nb;B;1,5\n", "seats"),
        ["Whole(12)", "f.csv:3: seats: '1,5' is not a whole number"]
    );
    let nps = "company_id;score;responded_on\na;9,0;2026-03-01\nb;10 - likely;2026-03-01\n";
    assert_eq!(cells(nps, "score"), ["Whole(9)", "Whole(10)"]);
}

#[test]
fn a_card_expires_on_the_last_day_of_its_month() {
    let read = |month: &str, year: &str| {
        let text = format!("id,Customer ID,Card Exp Month,Card Exp Year\np,acme,{month},{year}\n");
        let mut rejects = Rejects::new("f.csv", None);
        let (mut sheet, mut found) =
            (sheet_of(text.as_bytes(), &Options::default()).unwrap(), Vec::new());
        read_facts(&mut sheet, &mut rejects, |row| {
            if let Some(Value::Day(day)) = row.get("payment_expires_on") {
                found.push(day.to_string());
            }
            Ok(Verdict::Accepted)
        })
        .unwrap();
        found.extend(rejects.messages().iter().cloned());
        found.concat()
    };
    for (month, year, expected) in [
        ("2", "2028", "2028-02-29"),
        ("12", "2027", "2027-12-31"),
        ("04", "2026", "2026-04-30"),
        ("13", "2026", "f.csv:2: Card Exp Month: '13' is out of range (1 to 12)"),
        ("5", "29", "f.csv:2: Card Exp Year: '29' is out of range (1900 to 2200)"),
        ("", "2029", ""),
    ] {
        assert_eq!(read(month, year), expected, "{month} {year}");
    }
}

#[test]
fn a_footer_makes_no_company() {
    let report = "Account ID,Account Name,Account Owner,Type\n\
                  001A,Acme,Ann,Customer\n\
                  ,,,\n\
                  Quarterly,,,\n\
                  \"Copyright (c) 2026 Example, Inc.\",,,\n\
                  Total,,,2\n";
    assert_eq!(
        company_rows(report, &Options::default()),
        [
            "2 - Customer",
            "f.csv:4: a footer of the report, not data",
            "f.csv:5: a footer of the report, not data",
            "f.csv:6: a total of the report, not data",
        ]
    );
}

#[test]
fn columns_are_found_under_their_names_elsewhere() {
    let cases = [
        (
            "company_id,event,timestamp,user_id,page",
            "events: company_id=company_id event=event timestamp=timestamp person_id=user_id -page",
        ),
        (
            "Company Name,company_id,event,Event Time (UTC)",
            "events: company_id=company_id event=event timestamp=Event Time (UTC) -Company Name",
        ),
        (
            "id,received_at,event,event_text,user_id,anonymous_id,context_group_id,sent_at,timestamp",
            "events: company_id=context_group_id event=event_text timestamp=timestamp person_id=user_id event_id=id \
             -received_at -event -anonymous_id -sent_at",
        ),
        (
            "accountExternalId,contactExternalId,eventName,eventDate,quantity",
            "events: company_id=accountExternalId event=eventName timestamp=eventDate person_id=contactExternalId \
             count=quantity",
        ),
        (
            "Record ID,Company name,Company owner,Create Date,Industry,Tags,Seats",
            "companies: company_id=Record ID name=Company name csm=Company owner crm_created_on=Create Date \
             seats=Seats \
             +industry=Industry +custom_tags=Tags",
        ),
        ("company_id,name,", "companies: company_id=company_id name=name"),
        (
            "account_id,customer_id,event,timestamp",
            "f.csv:1: 'account_id' and 'customer_id' could both be meant by company_id",
        ),
        (
            "company_id,event,event_name,timestamp",
            "f.csv:1: 'event' and 'event_name' could both be meant by event",
        ),
        ("company_id,event,timestamp,Event", "f.csv:1: column 'Event' is there twice (2 and 4)"),
        (
            "company_id,foo.bar,foo!bar",
            "f.csv:1: 'foo.bar' and 'foo!bar' would both become the attribute foo_bar",
        ),
    ];
    for (header, expected) in cases {
        assert_eq!(plan_of(header, &Options::default()), expected, "{header}");
    }
}

#[test]
fn a_mapping_by_hand_goes_before_everything() {
    type Pairs = &'static [(&'static str, &'static str)];
    let cases: [(&str, Pairs, &str); 7] = [
        (
            "account_id,customer_id,event,timestamp",
            &[("company_id", "Customer ID")],
            "events: company_id=customer_id event=event timestamp=timestamp -account_id",
        ),
        (
            "Account,What,When",
            &[("company_id", "Account"), ("event", "What"), ("timestamp", "When")],
            "events: company_id=Account event=What timestamp=When",
        ),
        (
            "company_id,event,timestamp,total",
            &[("count", "")],
            "events: company_id=company_id event=event timestamp=timestamp -total",
        ),
        (
            "company_id,event,timestamp",
            &[("person_id", "usr")],
            "f.csv:1: no column 'usr' for --map person_id",
        ),
        (
            "company_id,what,timestamp",
            &[("event", "nope")],
            "f.csv:1: no column 'nope' for --map event",
        ),
        (
            "company_id,event,timestamp",
            &[("time", "timestamp")],
            "--map time: events have no such column",
        ),
        (
            "company_id,name,company",
            &[("name", "company")],
            "companies: company_id=company_id name=company +custom_name=name",
        ),
    ];
    for (header, pairs, expected) in cases {
        assert_eq!(plan_of(header, &mapped(pairs)), expected, "{header}");
    }
}

#[test]
fn a_remembered_mapping_gives_way_to_the_options() {
    let remembered =
        [("event".to_owned(), "b".to_owned()), ("company_id".to_owned(), "a".to_owned())];
    let source = || {
        Source::from_reader(
            "f.csv".to_owned(),
            Box::new(Cursor::new("a,b,c,timestamp\n")),
            None,
            None,
        )
    };
    let options = mapped(&[("event", "c")]);
    let incoming = Incoming::from_source(source().unwrap(), &options).unwrap();
    assert_eq!(incoming.header_text(), "a,b,c,timestamp");
    let sheet = incoming.sheet(Zone::UTC, NOW.parse().unwrap(), &remembered).unwrap();
    let mapping = &sheet.plan().mapping;
    assert_eq!(mapping.get("event").unwrap().header, "c");
    assert_eq!(mapping.get("company_id").unwrap().header, "a");
}

#[test]
fn the_delimiter_is_the_one_under_which_the_header_makes_sense() {
    for (byte, name) in DELIMITERS {
        let header = format!("company_id{0}event{0}timestamp\n", char::from(byte));
        let sheet = sheet_of(header.as_bytes(), &Options::default()).unwrap();
        assert_eq!(sheet.plan().delimiter.name(), name);
    }
    let sheet = sheet_of(b"sep=\t\ncompany_id\tevent\ttimestamp\n", &Options::default()).unwrap();
    assert_eq!(sheet.plan().delimiter.name(), "tab");
    let sheet = sheet_of(b"company_id;\"a,b,c,d\";event;timestamp\n", &Options::default()).unwrap();
    assert_eq!(sheet.plan().delimiter.name(), "semicolon");
    let asked = Options { delimiter: "~".parse().ok(), ..Options::default() };
    assert_eq!(
        sheet_of(b"company_id~event~timestamp\n", &asked).unwrap().plan().delimiter,
        Delimiter(b'~')
    );
    assert!("xy".parse::<Delimiter>().is_err() && "\"".parse::<Delimiter>().is_err());
}

#[test]
fn a_long_file_with_all_fields_quoted_is_read() {
    // The search for a `sep=` line once took a quoted header, and everything after it, for one row.
    let text = "\"company_id\",\"event\",\"timestamp\"\n".to_owned()
        + &"\"a\",\"b\",\"2026-03-01\"\n".repeat(300_000);
    let mut sheet = sheet_of(text.as_bytes(), &Options::default()).unwrap();
    let read = read_events(&mut sheet, &mut Rejects::new("f.csv", None), |_| Ok(Verdict::Accepted));
    assert_eq!(read.unwrap(), 300_000);
}

/// Every row of events as a line of text, then every message about a rejected one.
fn events_of(text: &str, options: &Options) -> Vec<String> {
    let mut sheet = sheet_of(text.as_bytes(), options).unwrap();
    let (mut lines, mut rejects) = (Vec::new(), Rejects::new("f.csv", None));
    let read = read_events(&mut sheet, &mut rejects, |row| {
        let (company, person, id) =
            (row.company.unwrap_or("-"), row.person.unwrap_or("-"), row.id.unwrap_or("-"));
        let EventRow { line, event, count, at, day, .. } = row;
        lines.push(format!("{line} {company} {event} {person} {id} {count} {at} {day}"));
        Ok(Verdict::Accepted)
    });
    assert_eq!(read.unwrap(), lines.len() as u64 + rejects.count());
    lines.extend(rejects.messages().iter().cloned());
    lines
}

#[test]
fn rows_become_events() {
    let text = "company_id,event,timestamp,person_id,event_id,count\n\
                \x20acme , Log In ,2026-03-01T09:00:00Z,u1,e1,3\n\
                00123,login,2026-03-01,,NULL,\n\
                ünï,login,2026-03-01,\" u \"\"2\"\" \",e2,0\n";
    let expected = [
        "2 acme Log In u1 e1 3 2026-03-01T09:00:00Z 2026-03-01",
        "3 00123 login - - 1 2026-03-01T00:00:00Z 2026-03-01",
        "4 ünï login u \"2\" e2 0 2026-03-01T00:00:00Z 2026-03-01",
    ];
    assert_eq!(events_of(text, &Options::default()), expected);
}

#[test]
fn rows_that_cannot_be_used_are_told_by_file_line_and_column() {
    let text = "Account ID,event,timestamp,user_id,count\n\
                acme,login\n\
                ,login,2026-03-01,u,1\n\
                acme,none,2026-03-01,u,1\n\
                acme,login,2025-04-31,u,1\n\
                acme,login,2026-03-01,1.23E+11,1\n\
                acme,login,2026-03-01,u,-1\n\
                \"a\"b,login,2026-03-01,u,1\n\
                a,b,login,2026-03-01,u,1\n";
    let expected = [
        "f.csv:2: too few fields: 2 of 5",
        "f.csv:3: Account ID: blank, or a placeholder for nothing",
        "f.csv:4: event: blank, or a placeholder for nothing",
        "f.csv:5: timestamp: '2025-04-31' is an impossible date",
        "f.csv:6: user_id: '1.23E+11' was an id before a spreadsheet made a number of it",
        "f.csv:7: count: '-1' is out of range (0 to 4294967295)",
        "f.csv:8: text after a closing quote",
        "f.csv:9: too many fields: 6 instead of 5",
    ];
    assert_eq!(events_of(text, &Options::default()), expected);
}

#[test]
fn the_store_may_reject_a_row_too() {
    let mut sheet =
        sheet_of(b"Account ID,event,timestamp\nacme,login,2026-03-01\n", &Options::default())
            .unwrap();
    let mut rejects = Rejects::new("f.csv", None);
    let verdict = || Verdict::Rejected {
        column: "company_id",
        reason: "two companies are called that".to_owned(),
    };
    assert_eq!(read_events(&mut sheet, &mut rejects, |_| Ok(verdict())).unwrap(), 1);
    assert_eq!(rejects.messages(), ["f.csv:2: Account ID: two companies are called that"]);
}

#[test]
fn rows_become_companies() {
    let text = "company_id,name,mrr,seats,renewal_on,created_on,Country/Region,Health Score\n\
                acme,Acme,1200.50,25,2026-09-30,1995-05-01,\"two\nlines\",7\n\
                globex,N/A,,,,,,\n";
    let mut sheet = sheet_of(text.as_bytes(), &Options::default()).unwrap();
    let (mut seen, mut rejects) = (0, Rejects::new("f.csv", None));
    let day = |text: &str| Value::Day(text.parse().unwrap());
    read_facts(&mut sheet, &mut rejects, |row| {
        seen += 1;
        if row.line == 2 {
            assert_eq!(row.text("company_id"), Some("acme"));
            assert_eq!(row.get("mrr"), Some(Value::Money(1200.5)));
            assert_eq!(row.get("seats"), Some(Value::Whole(25)));
            assert_eq!(row.get("renewal_on"), Some(day("2026-09-30")));
            assert_eq!(row.get("created_on"), Some(day("1995-05-01")));
            assert_eq!(
                row.custom,
                [
                    ("country_region", Some("two\nlines".into())),
                    ("custom_health_score", Some("7".into()))
                ]
            );
        } else {
            let empty =
                ["name", "mrr", "seats", "renewal_on", "created_on"].map(|name| (name, None));
            assert_eq!(row.cells[1..3], empty[0..2]);
            assert!(empty.iter().all(|cell| row.cells.contains(cell)));
            assert!(!row.cells.iter().any(|(name, _)| *name == "csm"));
        }
        Ok(Verdict::Accepted)
    })
    .unwrap();
    assert_eq!((seen, rejects.count()), (2, 0));
}

#[test]
fn every_kind_is_read_by_the_types_of_its_columns() {
    let text = "company_id,score,responded_on,comment,Person ID\n\
                acme,10,2026-03-01 09:00,\"fine\n\tindeed\",u1\n\
                acme,11,2026-03-01,,u1\n\
                acme,,2026-03-01,,u1\n\
                acme,5,1999-12-31,,u1\n\
                acme,5,2026-03-01,bell\u{7},u1\n";
    let mut sheet = sheet_of(text.as_bytes(), &Options::default()).unwrap();
    let (mut rows, mut rejects) = (Vec::new(), Rejects::new("f.csv", None));
    let read = read_facts(&mut sheet, &mut rejects, |row| {
        rows.push(format!("{} {:?} {:?}", row.line, row.get("score"), row.text("comment")));
        Ok(Verdict::Accepted)
    });
    assert_eq!(read.unwrap(), 5);
    assert_eq!(rows, ["2 Some(Whole(10)) Some(\"fine\\n\\tindeed\")"]);
    let expected = [
        "f.csv:4: score: '11' is out of range (0 to 10)",
        "f.csv:5: score: blank, or a placeholder for nothing",
        "f.csv:6: responded_on: implausible time '1999-12-31': before 2000",
        "f.csv:7: comment: control character (U+0007) in the text",
    ];
    assert_eq!(rejects.messages(), expected);
    let touch =
        "company_id,occurred_at,direction\nacme,2026-03-01,Inbound\nacme,2026-03-01,sideways\n";
    let (mut sheet, mut rejects) =
        (sheet_of(touch.as_bytes(), &Options::default()).unwrap(), Rejects::new("f.csv", None));
    read_facts(&mut sheet, &mut rejects, |row| {
        assert_eq!(row.text("direction"), Some("inbound"));
        Ok(Verdict::Accepted)
    })
    .unwrap();
    assert_eq!(
        rejects.messages(),
        ["f.csv:3: direction: 'sideways' is not one of inbound, outbound"]
    );
}

#[test]
fn all_rejected_rows_go_to_the_file_of_rejects() {
    let text =
        "company_id,event,timestamp\nacme,\"lo\"\"gin\",never\nacme,login\nacme,login,2026-03-01\n";
    let mut written = Vec::new();
    let mut sheet = sheet_of(text.as_bytes(), &Options::default()).unwrap();
    let mut rejects = Rejects::new("f.csv", Some(Box::new(&mut written)));
    read_events(&mut sheet, &mut rejects, |_| Ok(Verdict::Accepted)).unwrap();
    drop(rejects);
    let expected = "line,reason,company_id,event,timestamp\n\
                    2,timestamp: 'never' is not a time,acme,\"lo\"\"gin\",never\n\
                    3,too few fields: 2 of 3,acme,login\n";
    assert_eq!(String::from_utf8(written).unwrap(), expected);
}

#[test]
fn rejects_are_written_also_when_the_file_is_refused() {
    let text = "company_id,event,timestamp\nacme,login,never\nacme,login,03/04/2025\n";
    let mut written = Vec::new();
    let mut sheet = sheet_of(text.as_bytes(), &Options::default()).unwrap();
    let mut rejects = Rejects::new("f.csv", Some(Box::new(&mut written)));
    let error = read_events(&mut sheet, &mut rejects, |_| Ok(Verdict::Accepted)).unwrap_err();
    drop(rejects);
    assert_eq!(error.to_string(), "f.csv:3: timestamp: '03/04/2025' may be day/month or month/day");
    assert_eq!(error::report(&error).unwrap().kind.exit_code(), 4);
    assert!(
        String::from_utf8(written)
            .unwrap()
            .ends_with("2,timestamp: 'never' is not a time,acme,login,never\n")
    );
}

#[test]
fn too_many_rejected_rows_refuse_the_file() {
    let rejects = |count: u64| {
        let mut rejects = Rejects::new("f.csv", None);
        (0..count).for_each(|line| {
            rejects.add(rejects::Reject { line, column: None, reason: "x", row: None }).unwrap()
        });
        rejects
    };
    assert!(rejects(100).judge(100, false).is_ok());
    assert!(rejects(101).judge(10_099, false).is_err());
    assert!(rejects(101).judge(10_100, false).is_ok());
    assert!(rejects(0).judge(10, true).is_ok());
    assert!(rejects(1).judge(1_000_000, true).is_err());
    assert_eq!(rejects(50).messages().len(), 20);
}

#[derive(Deserialize)]
struct Cases {
    now: String,
    case: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    file: String,
    #[serde(default)]
    args: Vec<String>,
    exit: u8,
    stderr: Vec<String>,
}

fn options_of(args: &[String]) -> (Options, bool) {
    let (mut options, mut strict, mut args) = (Options::default(), false, args.iter());
    while let Some(name) = args.next() {
        let mut value = || args.next().unwrap().clone();
        match name.as_str() {
            "--strict" => strict = true,
            "--wide" => options.wide = true,
            "--kind" => options.kind = Some(value()),
            "--encoding" => options.encoding = Some(value()),
            "--timezone" => options.timezone = value().parse().ok(),
            "--date-format" => options.date_format = value().parse().ok(),
            "--map" => options
                .map
                .extend(value().split_once('=').map(|(a, b)| (a.to_owned(), b.to_owned()))),
            other => panic!("{other}"),
        }
    }
    (options, strict)
}

/// What an import would print, without a database, and its exit code.
fn outcome(case: &Case, now: &str) -> (String, u8) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/import");
    let (options, strict) = options_of(&case.args);
    let (mut said, mut new) = (String::new(), 0);
    let result = (|| -> Result<u8> {
        let incoming = Incoming::open(&folder.join(&case.file), &options)?;
        let mut sheet = incoming.sheet(Zone::UTC, now.parse()?, &[])?;
        let mut rejects = Rejects::new(sheet.plan().file.clone(), None);
        let read = match sheet.plan().mapping.kind.name.as_str() {
            "events" => read_events(&mut sheet, &mut rejects, |row| {
                new += u64::from(row.count > 0 && row.part == 0);
                Ok(Verdict::Accepted)
            }),
            _ => read_facts(&mut sheet, &mut rejects, |_| {
                new += 1;
                Ok(Verdict::Accepted)
            }),
        };
        said = rejects.messages().join("\n");
        let (read, rejected) = (read?, rejects.count());
        rejects.judge(read, strict)?;
        // On a new database, everything accepted that adds something is new; the fixtures contain
        // no event id twice.
        let known = read - new - rejected;
        said.push_str(&format!("\nread {read}: new {new}, known {known}, rejected {rejected}"));
        Ok(if rejected > 0 { 3 } else { 0 })
    })();
    let code = result.unwrap_or_else(|error| {
        let report = error::report(&error).unwrap();
        said.push_str(&format!("{}\n{}", report.message, report.hints.join("\n")));
        report.kind.exit_code()
    });
    (said, code)
}

#[test]
fn the_bad_files_of_the_contract_are_told_as_promised() {
    let table = include_str!("../../fixtures/import/cases.toml");
    let Cases { now, case: cases } = toml::from_str(table).unwrap();
    for case in cases {
        let (said, code) = outcome(&case, &now);
        assert_eq!(code, case.exit, "{} {:?}: {said}", case.file, case.args);
        for part in &case.stderr {
            assert!(
                said.contains(part.as_str()),
                "{} {:?}: no {part:?} in: {said}",
                case.file,
                case.args
            );
        }
    }
}

#[test]
fn a_large_file_is_read_in_little_memory_and_its_progress_is_known() {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(b"company_id,event,timestamp\n").unwrap();
    let line = b"acme,login,2026-03-01T09:00:00Z\n".repeat(1000);
    (0..300).for_each(|_| packed.write_all(&line).unwrap());
    let packed = packed.finish().unwrap();
    let total = packed.len() as u64;
    let source =
        Source::from_reader("f.gz".to_owned(), Box::new(Cursor::new(packed)), Some(total), None)
            .unwrap();
    let incoming = Incoming::from_source(source, &Options::default()).unwrap();
    let mut sheet = incoming.sheet(Zone::UTC, NOW.parse().unwrap(), &[]).unwrap();
    let mut rejects = Rejects::new("f.gz", None);
    assert!(sheet.progress().consumed() < total);
    assert_eq!(read_events(&mut sheet, &mut rejects, |_| Ok(Verdict::Accepted)).unwrap(), 300_000);
    assert_eq!((sheet.progress().consumed(), sheet.progress().total), (total, Some(total)));
}

#[test]
fn nul_bytes_after_gzip_data_are_padding() {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(b"company_id,event,timestamp\nacme,login,2026-03-01\n").unwrap();
    let mut packed = packed.finish().unwrap();
    packed.extend([0; 100_000]);
    let (mut sheet, mut rejects) =
        (sheet_of(&packed, &Options::default()).unwrap(), Rejects::new("f.gz", None));
    assert_eq!(read_events(&mut sheet, &mut rejects, |_| Ok(Verdict::Accepted)).unwrap(), 1);
}

#[test]
fn a_file_that_cannot_be_opened_is_named() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    for (path, reason) in [
        ("no-such-file.csv", "no-such-file.csv: there is no such file"),
        ("src", "src is a directory"),
    ] {
        let error = Incoming::open(&folder.join(path), &Options::default()).err().unwrap();
        assert!(error.to_string().ends_with(reason), "{error}");
        assert_eq!(error::report(&error).unwrap().kind.exit_code(), 4);
    }
}

#[test]
fn an_unknown_encoding_or_kind_is_a_usage_error() {
    let wrong =
        [Options { encoding: Some("latin-99".to_owned()), ..Options::default() }, kind("event")];
    for options in wrong {
        let error = sheet_of(b"company_id,event,timestamp\n", &options).err().unwrap();
        assert_eq!(error::report(&error).unwrap().kind.exit_code(), 2);
    }
}

proptest! {
    /// For any bytes: no panic, and every row is either passed on or rejected.
    #[test]
    fn no_row_is_lost(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "acme", "login", "2026-03-01", "2026-03-01T09:00:00Z", "1772355600", "03/04/2025", "31.31.2025",
                "2025-03-30 02:30", "1.2E+11", "NULL", ",", ",", ",", "\n", "\r\n", "\r", "\"", "\"\"", "\0", "é",
                "\u{200b}", "-", " ",
            ]),
            0..200,
        ),
        zone in prop::sample::select(vec![Zone::UTC, zone("Europe/Berlin"), zone("Australia/Lord_Howe")]),
    ) {
        let text = format!("company_id,event,timestamp,count\n{}", pieces.concat());
        let options = Options { timezone: Some(zone), ..Options::default() };
        let mut sheet = sheet_of(text.as_bytes(), &options).unwrap();
        let (mut accepted, mut rejects) = (0, Rejects::new("f.csv", None));
        let read = read_events(&mut sheet, &mut rejects, |_| {
            accepted += 1;
            Ok(Verdict::Accepted)
        });
        match read {
            Ok(read) => prop_assert_eq!(read, accepted + rejects.count()),
            Err(error) => prop_assert_eq!(error::report(&error).unwrap().kind.exit_code(), 4),
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for prefix in [&b""[..], b"{\"event\":\"a\",\"x\":", b"company_id,event,timestamp\n", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xff\xfe"] {
            if let Ok(mut sheet) = sheet_of(&[prefix, &bytes].concat(), &Options::default()) {
                let _ = read_facts(&mut sheet, &mut Rejects::new("f.csv", None), |_| Ok(Verdict::Accepted));
            }
        }
    }
}
