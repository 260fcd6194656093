//! Deliveries killed at any point: nothing is lost, and duplicates have the same Message-ID.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use super::servers::{MailServer, Security};
use super::{Post, states};
use crate::support::setting;

/// The default number of kills; `SIGNALS_KILLS=500` reproduces the figures of the documentation.
const USUAL_KILLS: u64 = 24;

/// The Message-IDs of all mails to each person, in order.
fn ids(server: &MailServer) -> BTreeMap<String, Vec<String>> {
    let mut ids: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for mail in server.taken() {
        let id = mail
            .data
            .lines()
            .find_map(|line| line.strip_prefix("Message-ID: "))
            .unwrap()
            .to_owned();
        ids.entry(mail.to).or_default().push(id);
    }
    ids
}

/// The Message-IDs that are recorded as sent.
fn noted(post: &Post) -> Vec<String> {
    let database = post.sandbox.database();
    let mut statement =
        database.prepare("SELECT message_id FROM messages WHERE sent_at IS NOT NULL").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn moment(seed: u64, kill: u64) -> Duration {
    // A linear congruential generator is random enough for this.
    let random = (seed + kill)
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407)
        >> 33;
    Duration::from_micros(random % 130_000)
}

#[test]
fn killed_at_any_point_nothing_is_lost() {
    let kills = setting("SIGNALS_KILLS").and_then(|text| text.parse().ok()).unwrap_or(USUAL_KILLS);
    let seed = setting("SIGNALS_SEED").and_then(|text| text.parse().ok()).unwrap_or(20_260_401);
    eprintln!("seed {seed}, {kills} kills");
    let (mut killed, mut twice) = (0, 0);
    let base = Post::new();
    while killed < kills {
        let server = MailServer::new(Security::Plain);
        server.manners.lock().unwrap().slow = Duration::from_millis(15);
        let post = Post::new_from(&base).mail(server.url());
        // A few kills in sequence, then one delivery that may finish.
        for _ in 0..4 {
            let mut child = post
                .command("notify send")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            thread::sleep(moment(seed, killed));
            child.kill().unwrap();
            let was_killed = child.wait().unwrap().code().is_none();
            killed += u64::from(was_killed);
            // What is recorded as sent was received.
            let taken: Vec<String> = ids(&server).into_values().flatten().collect();
            assert!(noted(&post).iter().all(|id| taken.contains(id)));
            if !was_killed {
                killed += 1;
                break;
            }
        }
        // A server may continue with what it received after the client is gone.
        thread::sleep(Duration::from_millis(30));
        post.exits("notify send", 0);
        assert_eq!(states(&post.send()), [""; 0]);
        let ids = ids(&server);
        let people: Vec<&str> =
            ids.keys().map(|address| address.split('@').next().unwrap()).collect();
        assert_eq!(people, ["ana", "bob", "max", "mia"]);
        for (person, mut ids) in ids {
            twice += ids.len() - 1;
            ids.dedup();
            assert_eq!(ids.len(), 1, "{person} got different messages about the same signal");
        }
        assert_eq!(noted(&post).len(), 4);
    }
    eprintln!("{twice} mails came twice, with the same Message-ID");
}

/// Killed after the server accepted the mail but before its answer: it is sent again, recognizably.
#[test]
fn a_mail_that_was_taken_but_not_noted_comes_again_with_the_same_id() {
    use super::servers::{Deed, Stage};
    let server = MailServer::that(Stage::Quit, Deed::Hang, None);
    let post = Post::new().mail(server.url());
    post.set("notify.limits_ms", "20000 30000 60000");
    let mut child =
        post.command("notify send").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let watch = Instant::now();
    while server.taken().len() < 4 && watch.elapsed() < Duration::from_secs(20) {
        thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(noted(&post), [""; 0]);
    server.behave();
    assert_eq!(post.send().len(), 4);
    for (person, ids) in ids(&server) {
        assert_eq!(ids.len(), 2, "{person}");
        assert_eq!(ids[0], ids[1], "{person}");
    }
}

#[test]
fn two_that_send_at_once_send_nothing_twice() {
    let server = MailServer::new(Security::Plain);
    server.manners.lock().unwrap().slow = Duration::from_millis(100);
    let post = Post::new().mail(server.url());
    let children: Vec<_> = (0..4)
        .map(|_| {
            post.command("notify send").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(server.taken().len(), 4);
}
