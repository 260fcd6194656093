//! What servers receive: headers, bodies, posts.

use serde_json::json;

use super::servers::{Mail, MailServer, OK, Security, WebServer};
use super::{Post, states};
use crate::support::Sandbox;

/// A header of a mail, unfolded; empty if missing.
fn header(mail: &Mail, name: &str) -> String {
    let head = mail.data.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
    let prefix = format!("{name}: ");
    head.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap_or_default().to_owned()
}

/// The decoded subject of a mail.
pub(super) fn subject(mail: &Mail) -> String {
    header(mail, "Subject")
}

/// The plain and the HTML body.
pub(super) fn bodies(mail: &Mail) -> (String, String) {
    let boundary = mail.data.split("boundary=\"").nth(1).unwrap().split('"').next().unwrap();
    let separator = format!("--{boundary}");
    let mut parts = mail.data.split(&separator).skip(1).map(|part| {
        let (head, body) = part.trim_start().split_once("\r\n\r\n").unwrap();
        let is_quoted = head.contains("quoted-printable");
        assert!(is_quoted || head.contains("7bit"), "{head}");
        let body = if is_quoted { unquoted(body) } else { body.to_owned() };
        (head.to_owned(), body.replace("\r\n", "\n"))
    });
    let (plain, html) = (parts.next().unwrap(), parts.next().unwrap());
    assert!(
        plain.0.contains("text/plain; charset=utf-8")
            && html.0.contains("text/html; charset=utf-8")
    );
    (plain.1, html.1)
}

/// Decodes quoted-printable.
fn unquoted(text: &str) -> String {
    let text = text.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = (*first == b'=')
            .then(|| u8::from_str_radix(std::str::from_utf8(&after[..2]).unwrap(), 16).unwrap());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).unwrap()
}

fn mail_to(mails: &[Mail], person: &str) -> Mail {
    mails
        .iter()
        .find(|mail| mail.to.starts_with(person))
        .unwrap_or_else(|| panic!("{person} in {mails:?}"))
        .clone()
}

#[test]
fn a_mail_has_all_that_it_should() {
    for security in [Security::Plain, Security::Tls, Security::StartTls] {
        let server = MailServer::new(security);
        let post = Post::new().mail(server.url());
        let told = post.exits("notify send", 0);
        told.says(&["sent 4, waiting 0, failed 0"]);
        let mails = server.taken();
        assert_eq!(mails.len(), 4, "{security:?}");
        let mail = mail_to(&mails, "ana");
        assert_eq!(header(&mail, "From"), "signals@vendor.example");
        assert_eq!(header(&mail, "To"), "ana <ana@vendor.example>");
        assert_eq!(header(&mail, "Date"), "Wed, 01 Apr 2026 06:00:00 +0000");
        assert_eq!(header(&mail, "Auto-Submitted"), "auto-generated");
        assert_eq!(subject(&mail), "1 bad signal: Acme: login fell from 100 to 50 (-50.0 %)");
        let id = header(&mail, "Message-ID");
        assert!(id.starts_with('<') && id.ends_with("@vendor.example>"), "{id}");
        let (plain, html) = bodies(&mail);
        for text in [
            "Acme: login fell from 100 to 50 (-50.0 %)",
            "1, bad, raised on 2026-03-31",
            "100 (2026-03-18..2026-03-24)",
            "50 (2026-03-25..2026-03-31)",
            "-50.0 %",
            "By chance alone, about 1 in 36,714 comparisons would look like this.",
            "the rule login tells of changes of more than 15 % in 7 days",
            "signals show 1",
            "signals ack 1 --reason TEXT",
        ] {
            assert!(plain.contains(text), "{text} is not in\n{plain}");
            assert!(html.contains(text), "{text} is not in\n{html}");
        }
        assert!(!html.contains("http"), "nothing comes from outside");
        assert_eq!(subject(&mail_to(&mails, "mia")), "2 bad signals: Gamma, Acme");
        assert_eq!(
            subject(&mail_to(&mails, "max")),
            "1 bad signal: Gamma: login fell from 40 to 10 (-75.0 %)"
        );
        assert_eq!(
            subject(&mail_to(&mails, "bob")),
            "Daily digest: 1 good signal: Beta: login rose from 50 to 100 (+100.0 %)"
        );
    }
}

#[test]
fn a_mail_puts_a_company_together_with_its_contract_and_who_stopped() {
    let server = MailServer::new(Security::Plain);
    let post = Post::before_the_run().mail(server.url());
    post.sandbox.write("contract.csv", "company_id,mrr,renewal_on\nacme,1234.5,2026-06-01\n");
    post.sandbox.write(
        "people.csv",
        "company_id,event,timestamp,count,person_id\nacme,view,2026-03-20,30,ann\n\
         acme,view,2026-03-20,30,bo\nacme,view,2026-03-31,5,bo\n",
    );
    post.sandbox.ok("import contract.csv people.csv");
    post.sandbox.ok("rule set view");
    post.sandbox.ok("run --as-of 2026-03-31");
    post.send();
    let mail = mail_to(&server.taken(), "mia");
    let (plain, html) = bodies(&mail);
    let mut headings: Vec<&str> = plain
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(company, _)| company)
        .filter(|company| ["Acme", "Gamma"].contains(company))
        .collect();
    assert_eq!(headings.iter().filter(|company| **company == "Acme").count(), 2, "{plain}");
    headings.dedup();
    assert_eq!(headings.len(), 2, "{plain}");
    for line in ["\n  pays      1,234.50 a month", "\n  renews    2026-06-01", "\n  stopped   ann"]
    {
        assert_eq!(plain.matches(line).count(), 1, "{line} is not once in\n{plain}");
    }
    assert!(html.contains("1,234.50 a month") && html.contains("2026-06-01"), "{html}");
}

#[test]
fn a_sender_that_nobody_set_is_at_this_machine() {
    let server = MailServer::new(Security::Plain);
    let post = Post::new().mail(server.url());
    post.execute("DELETE FROM settings WHERE name = 'notify.from'", []);
    post.send();
    assert!(header(&server.taken()[0], "From").starts_with("signals@"));
}

#[test]
fn slack_gets_one_post_at_once_and_one_digest() {
    for security in [Security::Plain, Security::Tls] {
        let server = WebServer::new(security, OK);
        let post = Post::new().slack(server.url());
        assert_eq!(states(&post.send()), ["sent digest all", "sent realtime all"]);
        let request = &server.taken()[0];
        assert!(
            request.head.starts_with("POST /services/T0/hunter2 HTTP/1.1\r\n"),
            "{}",
            request.head
        );
        assert!(
            request.head.to_lowercase().contains("content-type: application/json"),
            "{}",
            request.head
        );
        let mut posts = server.posts();
        posts.sort_by_key(|post| post["text"].as_str().unwrap().len());
        let realtime = &posts[0];
        assert_eq!(realtime["text"], "2 bad signals: Gamma, Acme");
        assert_eq!(
            realtime["blocks"][0],
            json!({"type": "header", "text": {"type": "plain_text", "emoji": false, "text": "2 bad signals: Gamma, Acme"}})
        );
        assert_eq!(
            realtime["blocks"][1]["text"]["text"],
            "<@U0ANA> <@U0MIA> These signals need attention."
        );
        let acme = realtime["blocks"][3]["text"]["text"].as_str().unwrap();
        assert!(acme.starts_with("*Acme*: login fell from 100 to 50 (-50.0 %)\n"), "{acme}");
        assert!(acme.contains("close: `signals ack 1 --reason TEXT`"), "{acme}");
        assert!(acme.contains("\nfor: <@U0ANA>, <@U0MIA>\n"), "{acme}");
        assert!(acme.contains("\ncsm: ana\n"), "{acme}");
        assert!(
            realtime["blocks"][2]["text"]["text"]
                .as_str()
                .unwrap()
                .contains("\nfor: max, <@U0MIA>\n")
        );
        let digest = &posts[1];
        assert_eq!(
            digest["text"],
            "Daily digest: 1 good signal: Beta: login rose from 50 to 100 (+100.0 %)"
        );
        assert_eq!(states(&post.send()), [""; 0]);
    }
}

#[test]
fn both_channels_are_told_each_once() {
    let (mails, slack) = (MailServer::new(Security::Plain), WebServer::new(Security::Plain, OK));
    let post = Post::new().mail(mails.url()).slack(slack.url());
    assert_eq!(post.send().len(), 6);
    assert_eq!((mails.taken().len(), slack.taken().len()), (4, 2));
    post.exits("notify send", 0).says(&["sent 0, waiting 0, failed 0"]);
    assert_eq!((mails.taken().len(), slack.taken().len()), (4, 2));
}

#[test]
fn recipients_of_a_signal_are_told_once_of_its_retraction() {
    let (mails, slack) = (MailServer::new(Security::Plain), WebServer::new(Security::Plain, OK));
    let mut post = Post::new().mail(mails.url()).slack(slack.url());
    post.send();
    let (mailed, posted) = (mails.taken().len(), slack.taken().len());
    // The other 50 logins of Acme's last day: 100 before, 100 now.
    post.at("2026-04-01T08:00:00Z");
    post.sandbox.write(
        "late.csv",
        "company_id,event,timestamp,count\nacme,login,2026-03-31T10:00:00Z,50\n",
    );
    post.sandbox.ok("import late.csv");
    post.sandbox.ok("run --as-of 2026-03-31").says(&["1 retracted"]);
    // Acme is Ana's, whose manager is Mia.
    let mut states = states(&post.send());
    states.sort();
    assert_eq!(states, ["sent retraction all", "sent retraction ana", "sent retraction mia"]);
    let mails = mails.taken().split_off(mailed);
    let mail = mail_to(&mails, "ana");
    assert_eq!(
        subject(&mail),
        "Retracted: 1 bad signal: Acme: login fell from 100 to 50 (-50.0 %)"
    );
    let (plain, _) = bodies(&mail);
    assert!(plain.starts_with("You were told of this signal. Late data refute it"), "{plain}");
    assert!(plain.contains("closed    late events: login went from 100 to 50 then"), "{plain}");
    assert!(!plain.contains("signals ack 1"), "{plain}");
    assert!(!plain.contains("to do  "), "there is nothing to do\n{plain}");
    let post_on_slack = slack.posts().split_off(posted).remove(0);
    let text = post_on_slack["text"].to_string();
    assert!(text.contains("Retracted: 1 bad signal: Acme"), "{text}");
    assert!(!post_on_slack.to_string().contains("to do:"), "{post_on_slack}");
    assert_eq!(post.send().len(), 0, "once is enough");
}

#[test]
fn a_dry_run_shows_and_delivers_nothing() {
    let server = MailServer::new(Security::Plain);
    let post = Post::new().mail(server.url());
    let before = post.stored();
    let shown = post.exits("notify send --dry-run", 0);
    shown.says(&["would send 4"]);
    assert!(shown.stdout.contains("bob") && shown.stdout.contains("digest"), "{shown}");
    assert_eq!(server.taken().len(), 0);
    assert_eq!(post.stored(), before);
    assert_eq!(post.send().len(), 4);
}

#[test]
fn without_a_transport_nothing_is_delivered_and_that_is_said() {
    let post = Post::new();
    post.exits("notify send", 0).says(&["no transport", "SIGNALS_SMTP_URL"]);
    post.exits("notify send --dry-run", 0).says(&["no transport"]);
    post.exits("notify test --for ana", 9).says(&["no transport"]);
    Sandbox::empty().fails("notify send", 6);
    // Nothing is lost.
    let server = MailServer::new(Security::Plain);
    assert_eq!(post.mail(server.url()).send().len(), 4);
}

#[test]
fn a_test_message_arrives_at_once_and_leaves_no_trace() {
    let (mails, slack) = (MailServer::new(Security::Tls), WebServer::new(Security::Plain, OK));
    let post = Post::new().mail(mails.url()).slack(slack.url());
    let before = post.stored();
    post.exits("notify test --for eva", 0).says(&["e-mail: sent to eva", "Slack: posted"]);
    assert_eq!(mails.taken()[0].to, "eva@vendor.example");
    assert_eq!(subject(&mails.taken()[0]), "Test message of signals");
    assert_eq!(slack.posts()[0]["text"], "Test message of signals");
    assert_eq!(post.stored(), before);
    post.exits("notify test --for nobody", 9);
    *slack.answer.lock().unwrap() = super::servers::Answer::Say("500 Oops\r\n\r\n");
    post.exits("notify test --for eva", 10).says(&["slack: the webhook answers with status 500"]);
}

#[test]
fn a_hostile_name_harms_neither_mail_nor_slack_nor_html() {
    let (mails, slack) = (MailServer::new(Security::Plain), WebServer::new(Security::Plain, OK));
    let post = Post::new().mail(mails.url()).slack(slack.url());
    let name = "Acme\r\nBcc: x@example.com <!channel> <script>";
    post.execute("UPDATE companies SET name = ?1 WHERE company_id = 'acme'", [name]);
    post.execute(
        "UPDATE signals SET detail = ?1 WHERE id = 1",
        [format!("login fell\r\n.\r\nQUIT\r\n{name}")],
    );
    post.execute("UPDATE team SET name = ?1 WHERE name = 'max'", ["max\r\nBcc: y@example.com"]);
    post.execute(
        "UPDATE notices SET person = ?1 WHERE person = 'max'",
        ["max\r\nBcc: y@example.com"],
    );
    assert_eq!(post.send().len(), 6);
    assert_eq!(mails.taken().len(), 4, "nobody else gets mail");
    let line = "Acme Bcc: x@example.com <!channel> <script>";
    for mail in mails.taken() {
        assert_eq!(header(&mail, "Bcc"), "", "{}", mail.data);
        assert!(mail.to.ends_with("@vendor.example"), "{}", mail.to);
    }
    let mail = mail_to(&mails.taken(), "ana");
    let (plain, html) = bodies(&mail);
    assert!(plain.contains(&format!("\n{line}: login fell . QUIT {line}\n")), "{plain}");
    assert!(html.contains("Acme Bcc: x@example.com &lt;!channel&gt; &lt;script&gt;"), "{html}");
    assert!(!html.contains("<script") && !html.contains("<!channel"), "{html}");
    assert!(
        subject(&mail).starts_with("1 bad signal: Acme Bcc: x@example.com <!channel> <script>")
    );
    for request in slack.taken() {
        assert!(
            !request.body.contains("<!") && !request.body.contains("<script"),
            "{}",
            request.body
        );
    }
}

/// Nothing that a command prints or stores contains the password or the path of the webhook,
/// whatever goes wrong.
#[test]
fn a_secret_appears_nowhere() {
    let server = MailServer::new(Security::Plain);
    server.manners.lock().unwrap().repeats_secrets = true;
    let port = server.port;
    let closed = super::servers::closed_port();
    // aHVudGVyMg== is hunter2 in base64; AGFuYQBodW50ZXIy is what is sent to log in.
    let shapes = ["hunter2", "aHVudGVyMg", "AGFuYQBodW50ZXIy"];
    let slack = WebServer::new(
        Security::Plain,
        super::servers::Answer::Say("404 Gone\r\nX: hunter2\r\n\r\n"),
    );
    for url in [
        format!("smtp://ana:hunter2@127.0.0.1:{port}"),
        format!("smtp://ana:hunter2@127.0.0.1:{closed}"),
        "smtp://ana:hunter2@mail.example.com".to_owned(),
        "smtps://ana:hunter2@".to_owned(),
        "hunter2".to_owned(),
        "smtp://ana:hunter2@127.0.0.1:99999".to_owned(),
    ] {
        for webhook in [
            slack.url(),
            format!("http://127.0.0.1:{closed}/hunter2"),
            "http://a.example/hunter2".to_owned(),
        ] {
            let post = Post::new().mail(url.clone()).slack(webhook);
            for command in [
                "notify send",
                "notify send --format json",
                "notify test --for ana",
                "status",
                "daily",
            ] {
                let outcome = crate::support::Outcome::of(command, post.command(command));
                assert!([0, 9, 10].contains(&outcome.status), "{outcome}");
                for shape in shapes {
                    assert!(!outcome.to_string().contains(shape), "{shape}\n{outcome}");
                }
            }
            let stored = post.stored();
            assert!(!shapes.iter().any(|shape| stored.contains(shape)), "{stored}");
        }
    }
    let post = Post::new().mail(format!("smtp://ana:hunter2@127.0.0.1:{port}"));
    post.exits("notify send", 10).says(&["535", "no such login: AUTH PLAIN ***"]);
}

#[test]
fn secrets_stand_in_variables_or_files_of_ones_own() {
    use std::os::unix::fs::PermissionsExt;
    let server = MailServer::new(Security::Plain);
    let post = Post::new();
    let path = post.sandbox.path("smtp-url");
    std::fs::write(&path, server.url() + "\n").unwrap();
    let mode =
        |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    post.set("notify.smtp_url", &format!("file:{}", path.display()));
    mode(0o644);
    post.exits("notify send", 9).says(&["others than its owner can read", "chmod 600"]);
    mode(0o600);
    assert_eq!(post.send().len(), 4);
    post.set("notify.smtp_url", "file:/nowhere/at/all");
    post.exits("notify send", 9).says(&["/nowhere/at/all"]);
    post.set("notify.smtp_url", "env:SOME_URL");
    post.exits("notify send", 9).says(&["SOME_URL", "not set"]);
    post.set("notify.smtp_url", "smtps://ana:hunter2@mail.example");
    let refused = post.exits("notify send", 7);
    assert!(!refused.printed().contains("hunter2"), "{refused}");
}
