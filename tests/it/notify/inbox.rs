//! Inboxes: which signals are in whose inbox, and what counts as reading.

use super::servers::{MailServer, OK, Security, WebServer};
use super::{Post, states};

/// The ids of the signals in a person's inbox, with `*` for unread ones.
fn inbox(post: &Post, person: &str) -> String {
    let entries = post.sandbox.array(&format!("inbox --for {person}"));
    let line = |entry: &serde_json::Value| {
        let mark = if entry["unread"].as_bool().unwrap() { "*" } else { "" };
        format!("{}{mark}", entry["id"])
    };
    entries.iter().map(line).collect::<Vec<_>>().join(" ")
}

fn inboxes(post: &Post) -> [String; 5] {
    ["ana", "bob", "mia", "max", "eva"].map(|person| inbox(post, person))
}

#[test]
fn signals_lie_in_the_inboxes_of_those_whom_they_concern() {
    let post = Post::new();
    assert_eq!(inboxes(&post), ["1*", "2*", "3* 1*", "3*", ""]);
    let fields = &post.sandbox.array("inbox --for ana")[0];
    assert_eq!(fields["company_name"], "Acme");
    assert_eq!(fields["told_at"], "2026-04-01T06:00:00Z");
    assert_eq!(fields["read_at"], serde_json::Value::Null);
    post.sandbox.fails("inbox --for anna", 9).says(&["anna", "did you mean 'ana'"]);
    post.sandbox.fails("inbox", 9).says(&["tester"]);
}

#[test]
fn marked_rules_reach_managers_and_executives_with_their_playbook() {
    let mails = MailServer::new(Security::Plain);
    let post = Post::before_the_run().mail(mails.url());
    post.sandbox.ok("rule add busy --kind condition --when 'events_7d >= 100' --type info --managers --executives --playbook expansion");
    post.sandbox.ok("notify prefs eva --realtime info");
    post.sandbox.ok("run --as-of 2026-03-31");
    // Beta had 100 events; bob's manager and the executive are notified too.
    assert_eq!(inboxes(&post), ["1*", "4* 2*", "4* 3* 1*", "3*", "4*"]);
    post.send();
    let mail = mails.taken().into_iter().find(|mail| mail.to.starts_with("eva")).unwrap();
    assert!(
        super::messages::subject(&mail).starts_with("1 info signal: Beta: events_7d >= 100"),
        "{}",
        mail.data
    );
    let (plain, _) = super::messages::bodies(&mail);
    assert!(plain.contains("values    events_7d: 100"), "{plain}");
    assert!(
        plain.contains(
            "to do     Ask the champion what else the team would like (task 1, bob, due 2026-04-03)"
        ),
        "{plain}"
    );
    // Recipients follow the marks that the rule had, even if the company gets another CSM.
    post.sandbox.write("companies.csv", "company_id,csm\nbeta,ana\n");
    post.sandbox.ok("import companies.csv");
    assert_eq!(inboxes(&post), ["4* 2* 1*", "", "4* 3* 1*", "3*", "4*"]);
}

#[test]
fn looking_changes_nothing_and_reading_does() {
    let post = Post::new();
    for look in ["show 1", "list", "inbox --for ana", "company show acme", "status"] {
        post.sandbox.ok(look);
    }
    assert_eq!(inbox(&post, "mia"), "3* 1*");
    assert_eq!(post.sandbox.json("status")[0]["unread_notices"], 5);
    post.sandbox.ok("inbox --for mia --limit 1 --mark-read");
    assert_eq!(inbox(&post, "mia"), "1* 3", "unread first");
    assert_eq!(inbox(&post, "max"), "3*", "reading is each person's own");
    // The output shows the state before marking.
    let marked = post.sandbox.array("inbox --for mia --mark-read");
    assert_eq!(marked[0]["unread"], true);
    assert_eq!(inbox(&post, "mia"), "3 1");
}

#[test]
fn acknowledging_reads_and_reopening_does_not_unread() {
    let post = Post::new();
    post.sandbox.ok("ack 3 --reason 'called them'");
    assert_eq!(inboxes(&post), ["1*", "2*", "1* 3", "3", ""]);
    post.sandbox.ok("reopen 3 --reason 'called the wrong one'");
    assert_eq!(inbox(&post, "max"), "3");
    post.sandbox.write("acks.csv", "signal_id,reason\n1,from a file\n");
    post.sandbox.ok("import --kind acks acks.csv");
    assert_eq!(inbox(&post, "ana"), "1");
}

#[test]
fn history_tells_nobody_unless_asked_to() {
    for (run, is_told) in [
        ("run --from 2026-03-31 --to 2026-03-31", false),
        ("run --from 2026-03-31 --to 2026-03-31 --notify", true),
        ("run --as-of 2026-03-31 --backfill", false),
        ("run --as-of 2026-03-31 --backfill --notify", true),
        ("run --as-of 2026-03-31", true),
        ("run", true),
        ("run --as-of 2026-03-31 --dry-run", false),
    ] {
        let post = Post::before_the_run();
        post.sandbox.ok(run);
        assert_eq!(inbox(&post, "ana"), if is_told { "1*" } else { "" }, "{run}");
    }
}

#[test]
fn unread_notices_follow_the_company_to_another_csm() {
    let post = Post::new();
    post.sandbox.ok("inbox --for max --mark-read");
    post.sandbox.write("companies.csv", "company_id,csm\nacme,bob\nbeta,ana\ngamma,ana\n");
    post.sandbox.ok("import companies.csv");
    // Signal 3 moves from mia, a stand-in, to ana, and mia gets it as ana's manager; max had read
    // it.
    assert_eq!(inboxes(&post), ["3* 2*", "1*", "3* 1*", "3", ""]);
    // For a CSM outside the team: all managers.
    post.sandbox.write("companies.csv", "company_id,csm\nbeta,stranger\n");
    post.sandbox.ok("import companies.csv");
    assert_eq!(inboxes(&post), ["3*", "1*", "3* 2* 1*", "2* 3", ""]);
}

#[test]
fn read_and_acknowledged_notices_are_not_moved() {
    let post = Post::new();
    post.sandbox.ok("inbox --for ana --mark-read");
    post.sandbox.ok("ack 2 --reason seen");
    post.sandbox.write("companies.csv", "company_id,csm\nacme,bob\nbeta,ana\n");
    post.sandbox.ok("import companies.csv");
    assert_eq!(inboxes(&post), ["1", "2", "3* 1*", "3*", ""]);
}

#[test]
fn a_merged_company_takes_its_notices_along() {
    let post = Post::new();
    post.sandbox.ok("company merge acme beta");
    assert_eq!(inboxes(&post), ["", "2* 1*", "3* 1*", "3*", ""]);
}

#[test]
fn a_new_csm_is_notified_once_by_each_channel() {
    let (mails, slack) = (MailServer::new(Security::Plain), WebServer::new(Security::Plain, OK));
    let mut post = Post::new().mail(mails.url()).slack(slack.url());
    post.send();
    let (before, posts) = (mails.taken().len(), slack.posts().len());
    post.sandbox.write("companies.csv", "company_id,csm\nacme,bob\n");
    post.at("2026-04-01T07:00:00Z").sandbox.ok("import companies.csv");
    assert_eq!(states(&post.send()), ["sent realtime bob"]);
    // Moving back: ana has already been notified.
    post.sandbox.write("companies.csv", "company_id,csm\nacme,ana\n");
    post.sandbox.ok("import companies.csv");
    assert_eq!(inbox(&post, "ana"), "1*");
    assert_eq!(states(&post.send()), [""; 0]);
    assert_eq!(mails.taken().len(), before + 1);
    assert_eq!(slack.posts().len(), posts, "everybody reads Slack");
}

#[test]
fn nobody_is_notified_twice_of_a_signal() {
    let mails = MailServer::new(Security::Plain);
    let mut post = Post::new().mail(mails.url());
    post.send();
    for now in ["2026-04-01T06:00:00Z", "2026-04-02T06:00:00Z", "2026-04-09T06:00:00Z"] {
        assert_eq!(states(&post.at(now).send()), [""; 0]);
    }
    post.sandbox.ok("run --as-of 2026-03-31");
    assert_eq!(states(&post.send()), [""; 0]);
    assert_eq!(mails.taken().len(), 4);
}

#[test]
fn notices_unread_for_too_long_are_sent_by_mail() {
    let mails = MailServer::new(Security::Plain);
    let mut post = Post::new().mail(mails.url());
    post.sandbox.ok("notify prefs ana --realtime none");
    post.sandbox.ok("notify prefs mia --realtime info");
    post.sandbox.ok("notify prefs bob --digest no");
    assert_eq!(states(&post.send()), ["sent realtime max"]);
    assert_eq!(states(&post.at("2026-04-02T05:59:59Z").send()), [""; 0]);
    post.sandbox.ok("inbox --for bob --mark-read");
    assert_eq!(
        states(&post.at("2026-04-02T06:00:00Z").send()),
        ["sent reminder ana", "sent reminder mia"]
    );
    let subjects: Vec<String> = mails.taken().iter().map(super::messages::subject).collect();
    assert!(
        subjects.contains(&"Still unread: 2 bad signals: Gamma, Acme".to_owned()),
        "{subjects:?}"
    );
}

#[test]
fn the_grace_can_be_set() {
    let mails = MailServer::new(Security::Plain);
    let mut post = Post::new().mail(mails.url());
    post.set("notify.grace_hours", "2");
    post.sandbox.ok("notify prefs bob --digest no");
    post.send();
    assert_eq!(states(&post.at("2026-04-01T07:59:59Z").send()), [""; 0]);
    assert_eq!(states(&post.at("2026-04-01T08:00:00Z").send()), ["sent reminder bob"]);
}

#[test]
fn one_digest_a_day() {
    let mails = MailServer::new(Security::Plain);
    let mut post = Post::new().mail(mails.url());
    assert!(states(&post.send()).contains(&"sent digest bob".to_owned()));
    // Later on the same day there is more, which waits.
    post.sandbox.import_events(&[
        ("delta", "login", "2026-01-10", 1),
        ("delta", "login", "2026-03-20", 5),
        ("delta", "login", "2026-03-31", 10),
    ]);
    post.sandbox.write("companies.csv", "company_id,csm\ndelta,bob\n");
    post.sandbox.ok("import companies.csv");
    post.sandbox.ok("run --as-of 2026-03-31");
    assert_eq!(states(&post.at("2026-04-01T23:00:00Z").send()), [""; 0]);
    assert_eq!(states(&post.at("2026-04-02T00:30:00Z").send()), ["sent digest bob"]);
    assert_eq!(states(&post.at("2026-04-03T00:30:00Z").send()), [""; 0]);
}

#[test]
fn read_notices_are_not_sent() {
    let mails = MailServer::new(Security::Plain);
    let post = Post::new().mail(mails.url());
    post.sandbox.ok("inbox --for ana --mark-read");
    post.sandbox.ok("ack 3 --reason known");
    assert_eq!(states(&post.send()), ["sent digest bob", "sent realtime mia"]);
}

#[test]
fn preferences_are_shown_and_set() {
    let post = Post::new();
    let prefs = |arguments: &str| {
        let shown = post.sandbox.json(&format!("notify prefs {arguments}"));
        format!(
            "{} {}",
            shown[0]["realtime"].as_str().unwrap(),
            shown[0]["digest"].as_str().unwrap()
        )
    };
    assert_eq!(prefs("ana"), "bad no");
    assert_eq!(prefs("ana --realtime info,bad"), "bad;info no");
    assert_eq!(prefs("ana --digest yes"), "bad;info yes");
    assert_eq!(prefs("ana --realtime 'Good; BAD'"), "bad;good yes");
    assert_eq!(prefs("ana --digest No"), "bad;good no");
    assert_eq!(prefs("ana --digest YES --realtime None"), "none yes");
    assert_eq!(prefs("ana"), "none yes");
    post.sandbox.fails("notify prefs nobody", 9);
    post.sandbox.fails("notify prefs ana --realtime worst", 2);
    post.sandbox.fails("notify prefs ana --digest perhaps", 2);
}

#[test]
fn signals_that_concern_nobody_are_posted_all_the_same() {
    let slack = WebServer::new(Security::Plain, OK);
    let post = Post::before_the_run().slack(slack.url());
    post.execute("DELETE FROM team", []);
    post.sandbox.ok("run --as-of 2026-03-31");
    assert_eq!(states(&post.send()), ["sent realtime all"]);
    assert_eq!(slack.posts()[0]["text"], "2 bad signals: Gamma, Acme");
    assert_eq!(states(&post.send()), [""; 0]);
}

#[test]
fn the_first_member_of_a_team_gets_earlier_signals() {
    let (mails, slack) = (MailServer::new(Security::Plain), WebServer::new(Security::Plain, OK));
    let post = Post::before_the_run().mail(mails.url()).slack(slack.url());
    post.execute("DELETE FROM team", []);
    post.sandbox.ok("run --as-of 2026-03-31");
    assert_eq!(states(&post.send()), ["sent realtime all"], "Slack is told of 1 and 3");
    post.sandbox.ok("ack 3 --reason known");
    post.sandbox.ok("import team.csv");
    assert_eq!(inboxes(&post), ["1*", "2*", "1*", "", ""]);
    assert_eq!(
        states(&post.send()),
        ["sent digest all", "sent digest bob", "sent realtime ana", "sent realtime mia"],
        "and of 2, which bob wants in his digest"
    );
    post.sandbox.ok("import team.csv");
    assert_eq!(states(&post.send()), [""; 0]);
}

#[test]
fn daily_does_all_three_and_ends_with_the_gravest() {
    let mails = MailServer::new(Security::Plain);
    let post = Post::before_the_run().mail(mails.url());
    post.exits("daily events.csv", 0);
    assert_eq!(mails.taken().len(), 4);
    assert_eq!(post.sandbox.briefs().len(), 3);
    // Some rows are rejected; everything else continues.
    post.sandbox.write(
        "bad.csv",
        "company_id,event,timestamp\nacme,login,yesterday\nacme,login,2026-03-30\n",
    );
    post.exits("daily bad.csv", 3);
    post.sandbox.write("empty.csv", "");
    post.exits("daily empty.csv", 4);
    post.exits("daily missing.csv", 4);
    let elsewhere = crate::support::Sandbox::empty();
    elsewhere.write("events.csv", "company_id,event,timestamp\nacme,login,2026-03-30\n");
    elsewhere.fails("daily events.csv", 6);
    assert!(!elsewhere.path("signals.db").exists());
}

#[test]
fn daily_tells_of_messages_that_were_not_delivered() {
    let post =
        Post::before_the_run().mail(format!("smtp://127.0.0.1:{}", super::servers::closed_port()));
    post.exits("daily events.csv", 10).says(&["not delivered"]);
    assert_eq!(post.sandbox.briefs().len(), 3);
}
