//! Servers that misbehave: each failure leads to the right state, in time, and delays nobody else.

use std::time::{Duration, Instant};

use super::servers::{Answer, Deed, MailServer, OK, Security, Stage, WebServer, closed_port};
use super::{Post, states};

/// The limits of [`Post`] are 0.4 s per step, 1 s per message and 3 s in total; starting the
/// program on a busy machine takes time too.
const BOUND: Duration = Duration::from_secs(8);

#[track_caller]
fn in_time<T>(work: impl FnOnce() -> T) -> T {
    let watch = Instant::now();
    let result = work();
    assert!(watch.elapsed() < BOUND, "it took {:?}", watch.elapsed());
    result
}

/// What is said of a mail server that hangs.
const SILENCE: &str = "no answer from the mail server within 400ms";

/// What a mail server does to ana's mail, and the resulting error.
const MISDEEDS: [(Stage, Deed, &str); 11] = [
    (Stage::To, Deed::Hang, SILENCE),
    (Stage::To, Deed::Close, "incomplete response"),
    (Stage::To, Deed::Say("421 go away"), "421"),
    (Stage::To, Deed::Say("450 later"), "450"),
    (Stage::To, Deed::Say("550 no such user"), "no such user"),
    (Stage::Data, Deed::Say("554 no"), "554"),
    (Stage::End, Deed::Hang, SILENCE),
    (Stage::End, Deed::Close, "incomplete response"),
    (Stage::End, Deed::Say("552 too big"), "too big"),
    (Stage::To, Deed::Dribble, "not done within 1s"),
    (Stage::To, Deed::Flood, "does not stop talking"),
];

#[test]
fn one_mail_that_fails_holds_up_no_other() {
    for (stage, deed, said) in MISDEEDS {
        let server = MailServer::that(stage, deed.clone(), Some("ana@vendor.example"));
        let mut post = Post::new().mail(server.url());
        let messages = in_time(|| post.sends(10));
        assert_eq!(
            states(&messages),
            ["failed realtime ana", "sent digest bob", "sent realtime max", "sent realtime mia"],
            "{stage:?} {deed:?}"
        );
        let failed = messages.iter().find(|message| message["state"] == "failed").unwrap();
        assert_eq!(failed["tries"], 1);
        assert_eq!(failed["next_try_at"], "2026-04-01T06:01:00Z");
        assert!(failed["error"].as_str().unwrap().contains(said), "{failed}");
        assert_eq!(server.taken().len(), 3);

        // Too early, nothing is tried; later it is, with the same Message-ID.
        server.behave();
        assert_eq!(states(&post.at("2026-04-01T06:00:59Z").sends(10)), ["waiting realtime ana"]);
        assert_eq!(server.taken().len(), 3);
        let sent = post.at("2026-04-01T06:01:00Z").send();
        assert_eq!(states(&sent), ["sent realtime ana"]);
        assert_eq!(sent[0]["message_id"], failed["message_id"]);
        assert!(server.taken()[3].data.contains(failed["message_id"].as_str().unwrap()));
        assert_eq!(states(&post.send()), [""; 0]);
    }
}

/// Everything that a mail server does is wrong.
#[test]
fn a_mail_server_that_fails_does_not_hold_up_slack() {
    let cases: Vec<(MailServer, &str)> = vec![
        (MailServer::that(Stage::Greeting, Deed::Hang, None), SILENCE),
        (MailServer::that(Stage::Greeting, Deed::Close, None), "incomplete response"),
        (MailServer::that(Stage::Greeting, Deed::Dribble, None), "not done within 1s"),
        (MailServer::that(Stage::Greeting, Deed::Flood, None), "does not stop talking"),
        (MailServer::that(Stage::Greeting, Deed::Say("421 busy"), None), "421"),
        (MailServer::that(Stage::Hello, Deed::Hang, None), SILENCE),
        (MailServer::that(Stage::From, Deed::Hang, None), SILENCE),
        (MailServer::that(Stage::From, Deed::Say("550 who are you?"), None), "who are you?"),
        (MailServer::that(Stage::Data, Deed::Hang, None), SILENCE),
        (MailServer::new(Security::WrongName), "certificate"),
    ];
    for (server, said) in cases {
        let slack = WebServer::new(Security::Plain, OK);
        let post = Post::new().mail(server.url()).slack(slack.url());
        let messages = in_time(|| post.sends(10));
        let failed: Vec<_> =
            messages.iter().filter(|message| message["state"] == "failed").collect();
        assert_eq!(failed.len(), 4, "{said}: {messages:?}");
        assert!(
            failed.iter().all(|message| message["error"].as_str().unwrap().contains(said)),
            "{said}: {failed:?}"
        );
        assert_eq!(slack.taken().len(), 2, "{said}");
        assert_eq!(server.taken().len(), 0, "{said}");
    }
}

#[test]
fn hanging_after_a_mail_was_accepted_is_not_a_failure() {
    let server = MailServer::that(Stage::Quit, Deed::Hang, None);
    let post = Post::new().mail(server.url());
    assert_eq!(in_time(|| post.send()).len(), 4);
    assert_eq!(states(&post.send()), [""; 0]);
    assert_eq!(server.taken().len(), 4);
}

#[test]
fn a_port_without_a_listener() {
    let port = closed_port();
    let post = Post::new()
        .mail(format!("smtp://127.0.0.1:{port}"))
        .slack(format!("http://127.0.0.1:{port}/hook"));
    let messages = in_time(|| post.sends(10));
    assert!(states(&messages).iter().all(|state| state.starts_with("failed")), "{messages:?}");
    for message in &messages {
        let error = message["error"].as_str().unwrap();
        match message["channel"].as_str() {
            Some("slack") => assert_eq!(error, format!("connection refused by 127.0.0.1:{port}")),
            _ => assert!(error.starts_with("cannot reach the mail server: "), "{error}"),
        }
    }
}

/// Nothing is sent without a login if the URL has one.
#[test]
fn a_server_that_offers_no_login_gets_nothing_where_there_is_a_password() {
    let server = MailServer::that(Stage::Hello, Deed::Say("250 mail.test"), None);
    let post = Post::new().mail(server.url().replace("smtp://", "smtp://ana:hunter2@"));
    for message in post.sends(10) {
        assert_eq!(
            message["error"],
            "the mail server offers no way to log in, and the URL has a password"
        );
    }
    assert_eq!(server.taken().len(), 0);
}

/// A server in between that hides STARTTLS must not get the mail in plain text.
#[test]
fn a_server_without_starttls_gets_nothing_where_it_is_required() {
    let server = MailServer::new(Security::Plain);
    let post = Post::new().mail(format!("{}?tls=required", server.url()));
    let messages = post.sends(10);
    assert!(messages[0]["error"].as_str().unwrap().contains("STARTTLS"), "{messages:?}");
    assert_eq!(server.taken().len(), 0);
}

/// Plain-text answers are not part of the encrypted conversation.
#[test]
fn a_server_that_speaks_before_the_handshake_gets_nothing() {
    let server = MailServer::new(Security::Injected);
    let post = Post::new().mail(server.url());
    let messages = in_time(|| post.sends(10));
    assert!(messages[0]["error"].as_str().unwrap().contains("out of turn"), "{messages:?}");
    assert_eq!(server.taken().len(), 0);
}

#[test]
fn certificates_that_nobody_vouches_for_are_refused() {
    let (mails, slack) = (MailServer::new(Security::Tls), WebServer::new(Security::Tls, OK));
    let mut post = Post::new().mail(mails.url()).slack(slack.url());
    post.variables.retain(|(name, _)| *name != "SSL_CERT_FILE");
    let messages = in_time(|| post.sends(10));
    assert!(states(&messages).iter().all(|state| state.starts_with("failed")), "{messages:?}");
    assert_eq!((mails.taken().len(), slack.taken().len()), (0, 0));
}

#[test]
fn a_webhook_that_fails_is_tried_again_and_does_not_hold_up_mail() {
    let cases = [
        (Answer::Say("302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n"), "302", 60),
        (Answer::Say("404 Not Found\r\n\r\n"), "404", 60),
        (Answer::Say("410 Gone\r\n\r\n"), "410", 60),
        (Answer::Say("429 Too Many Requests\r\nRetry-After: 900\r\n\r\n"), "429", 900),
        (Answer::Say("429 Too Many Requests\r\nRetry-After: soon\r\n\r\n"), "429", 60),
        (Answer::Say("500 Internal Server Error\r\n\r\n"), "500", 60),
        (Answer::Say("503 Service Unavailable\r\nRetry-After: 7\r\n\r\n"), "503", 60),
        (Answer::Hang, "timeout", 60),
        (Answer::Close, "", 60),
        (Answer::EndlessHead, "timeout", 60),
        (Answer::Flood, "", 60),
        (Answer::Say("what is this?"), "", 60),
    ];
    for (answer, said, delay) in cases {
        let (mails, slack) =
            (MailServer::new(Security::Plain), WebServer::new(Security::Plain, answer.clone()));
        let mut post = Post::new().mail(mails.url()).slack(slack.url());
        let messages = in_time(|| post.sends(10));
        let failed: Vec<_> =
            messages.iter().filter(|message| message["state"] == "failed").collect();
        assert_eq!(failed.len(), 2, "{answer:?}: {messages:?}");
        assert!(failed[0]["channel"] == "slack" && failed[0]["tries"] == 1);
        assert!(failed[0]["error"].as_str().unwrap().contains(said), "{answer:?}: {failed:?}");
        let next = format!("2026-04-01T06:{:02}:{:02}Z", delay / 60, delay % 60);
        assert_eq!(failed[0]["next_try_at"], next.as_str(), "{answer:?}");
        assert_eq!(mails.taken().len(), 4, "{answer:?}");
        *slack.answer.lock().unwrap() = OK;
        let before = slack.taken().len();
        assert_eq!(
            states(&post.at("2026-04-01T06:15:00Z").send()),
            ["sent digest all", "sent realtime all"]
        );
        assert_eq!(slack.taken().len(), before + 2, "{answer:?}");
    }
}

#[test]
fn a_redirection_is_not_followed() {
    let other = WebServer::new(Security::Plain, OK);
    let location = format!(
        "307 Moved\r\nLocation: http://127.0.0.1:{}/\r\nContent-Length: 0\r\n\r\n",
        other.port
    );
    let slack = WebServer::new(Security::Plain, Answer::Say(location.leak()));
    Post::new().slack(slack.url()).sends(10);
    assert_eq!(other.taken().len(), 0);
}

#[test]
fn an_endless_answer_of_success_is_success() {
    let slack = WebServer::new(Security::Plain, Answer::EndlessBody);
    let post = Post::new().slack(slack.url());
    assert_eq!(in_time(|| post.send()).len(), 2);
}

#[test]
fn after_eight_tries_a_message_is_dead() {
    let server =
        MailServer::that(Stage::To, Deed::Say("550 no such user"), Some("ana@vendor.example"));
    let mut post = Post::new().mail(server.url());
    let dead = |post: &Post| post.sandbox.json("status")[0]["messages_dead"].as_i64().unwrap();
    for day in 1..=7 {
        let messages = post.at(&format!("2026-04-{day:02}T06:00:00Z")).sends(10);
        let ana = messages.iter().find(|message| message["person"] == "ana").unwrap();
        assert_eq!((ana["state"].as_str(), ana["tries"].as_i64()), (Some("failed"), Some(day)));
        assert_eq!(dead(&post), 0);
        assert_eq!(post.sandbox.json("status")[0]["messages_waiting"], 1);
    }
    assert_eq!(states(&post.at("2026-04-08T06:00:00Z").sends(10)), ["dead realtime ana"]);
    assert_eq!(dead(&post), 1);
    // It is not tried again, and is reported until somebody has read its signals.
    server.behave();
    post.at("2026-05-01T06:00:00Z")
        .exits("notify send", 10)
        .says(&["550", "sent 0, waiting 0, failed 1"]);
    assert_eq!(server.taken().len(), 3);
    post.sandbox.ok("ack 1 --reason 'seen in the inbox'");
    post.exits("notify send", 0);
    assert_eq!(dead(&post), 0);
}

#[test]
fn an_address_that_is_none_concerns_nobody_else() {
    let server = MailServer::new(Security::Plain);
    let post = Post::new().mail(server.url());
    post.execute("UPDATE team SET email = 'ana at vendor' WHERE name = 'ana'", []);
    post.execute("UPDATE team SET email = NULL WHERE name = 'max'", []);
    let messages = post.sends(10);
    assert_eq!(states(&messages), ["failed realtime ana", "sent digest bob", "sent realtime mia"]);
    assert!(
        messages
            .iter()
            .any(|message| message["error"] == "'ana at vendor' is not an e-mail address"),
        "{messages:?}"
    );
}
