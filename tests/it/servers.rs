//! Pulls from real servers: a PostgreSQL coordinator with three workers, and ClickHouse with two
//! shards, all on this machine. `./check servers` runs them.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;

use crate::counts::TREND_RULES;
use crate::ground::{Ground, can_trace, tell};
use crate::naive;
use crate::support::{Sandbox, setting};

/// Sixty days that include the change to summer time on 29 March 2026.
const FIRST_DAY: &str = "2026-02-10";
const DAYS: i64 = 60;
/// The morning after the last of them.
const MORNING: &str = "2026-04-11T06:00:00Z";

const OTHER_RULES: &str = r#"
[[rule]]
name = "first-export"
kind = "adoption"
event = "export"
within = 45
[[rule]]
name = "quiet"
kind = "condition"
when = "active_people_28d <= 3"
type = "info"
"#;

fn events() -> u64 {
    setting("SIGNALS_SERVER_EVENTS").map_or(60_000, |text| text.parse().unwrap())
}

/// A free port.
fn port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn wait_for(port: u16) {
    let start = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(start.elapsed() < Duration::from_secs(60), "nothing listens on port {port}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// The folder of the PostgreSQL programs.
fn postgres_programs() -> PathBuf {
    let folder = Path::new("/usr/lib/postgresql");
    let mut versions: Vec<PathBuf> = fs::read_dir(folder)
        .expect("PostgreSQL is not installed")
        .map(|entry| entry.unwrap().path().join("bin"))
        .filter(|path| path.join("initdb").exists())
        .collect();
    versions.sort();
    versions.pop().expect("PostgreSQL is not installed")
}

/// Runs a program as the user `postgres`, because servers refuse to run as root.
fn as_postgres(program: &Path, arguments: &[&str]) -> Command {
    let is_root =
        fs::metadata("/proc/self").map(|it| std::os::unix::fs::MetadataExt::uid(&it) == 0);
    let mut command = match is_root.unwrap_or(false) {
        true => {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        }
        false => Command::new(program),
    };
    command.args(arguments).current_dir("/tmp").stdin(Stdio::null());
    command
}

fn done(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// A PostgreSQL server.
struct Postgres {
    folder: PathBuf,
    port: u16,
}

impl Postgres {
    fn start(folder: PathBuf) -> Self {
        let programs = postgres_programs();
        let data = folder.to_str().unwrap();
        let initdb = programs.join("initdb");
        done(as_postgres(
            &initdb,
            &["-D", data, "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C", "-U", "postgres"],
        ));
        let server = Postgres { folder, port: port() };
        server.go();
        server
    }

    fn go(&self) {
        let (data, log) = (self.folder.to_str().unwrap(), self.folder.join("log"));
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off \
             -c shared_buffers=32MB -c enable_partitionwise_aggregate=on",
            self.port
        );
        let arguments = ["-D", data, "-l", log.to_str().unwrap(), "-o", &options, "-w", "start"];
        let status = as_postgres(&postgres_programs().join("pg_ctl"), &arguments)
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success(), "{}", fs::read_to_string(log).unwrap_or_default());
    }

    fn stop(&self) {
        let data = self.folder.to_str().unwrap();
        let arguments = ["-D", data, "-m", "immediate", "-w", "stop"];
        let _ = as_postgres(&postgres_programs().join("pg_ctl"), &arguments)
            .stdout(Stdio::null())
            .status();
    }

    fn sql(&self, text: &str) -> String {
        let port = self.port.to_string();
        let mut command = Command::new(postgres_programs().join("psql"));
        command.args(["-h", "127.0.0.1", "-p", &port, "-U", "postgres", "-qAtX"]);
        command.args(["-v", "ON_ERROR_STOP=1", "-c", text]).env("PGTZ", "UTC");
        done(command)
    }

    fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Events computed from their number i, the same in every engine: company, event, person and
/// second.
const SHAPE: &str = "company_id text not null, event text not null, person_id text, \
                     at timestamptz not null, message_id text";

/// A coordinator and three workers.
struct Cluster {
    coordinator: Postgres,
    workers: Vec<Postgres>,
    _folder: TempDir,
}

impl Cluster {
    fn start() -> Self {
        let folder = TempDir::new().unwrap();
        done({
            let mut command = Command::new("chmod");
            command.arg("777").arg(folder.path());
            command
        });
        let start = |name: &str| Postgres::start(folder.path().join(name));
        let coordinator = start("coordinator");
        let workers: Vec<Postgres> = ["one", "two", "three"].map(start).into();
        let cluster = Cluster { coordinator, workers, _folder: folder };
        cluster.fill();
        cluster
    }

    fn fill(&self) {
        let rows = generated();
        for (place, worker) in self.workers.iter().enumerate() {
            worker.sql(&format!(
                "create table shape ({SHAPE}) partition by hash (company_id);
                 create table events ({SHAPE});
                 insert into events select * from ({rows}) g
                 where satisfies_hash_partition('shape'::regclass, 3, {place}, company_id)"
            ));
        }
        let mut setup = format!(
            "create extension postgres_fdw; create table events ({SHAPE}) partition by hash (company_id);"
        );
        for (place, worker) in self.workers.iter().enumerate() {
            setup.push_str(&format!(
                "create server w{place} foreign data wrapper postgres_fdw
                     options (host '127.0.0.1', port '{}', dbname 'postgres', fetch_size '50000', async_capable 'true');
                 create user mapping for public server w{place} options (user 'postgres');
                 create foreign table events_{place} partition of events
                     for values with (modulus 3, remainder {place}) server w{place} options (table_name 'events');",
                worker.port
            ));
        }
        self.coordinator.sql(&setup);
    }

    /// All events as a file.
    fn csv(&self) -> String {
        let rows = self.coordinator.sql(
            "copy (select company_id, event, to_char(at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), \
             person_id from events order by at) to stdout with (format csv)",
        );
        format!("company_id,event,timestamp,person_id\n{rows}")
    }
}

/// The rows as a PostgreSQL query. Companies are silent for some weeks, so that rules raise
/// signals.
fn generated() -> String {
    let first = naive::day(FIRST_DAY) * 86_400;
    format!(
        "select 'c' || company as company_id, (array['login','login','view',case when company < 8 then 'login' else 'export' end])[1 + ((i / 40 * 7 + company) % 4)::int] as event, \
         'p' || company || '-' || (i * 13 % (3 + company % 5)) as person_id, \
         to_timestamp({first} + second) as at, 'm' || i as message_id \
         from (select i, (i * 7919 % 40)::int as company, (i * 104729 % {span}) as second \
               from generate_series(1, {events}::bigint) as i) as g \
         where (second / 86400 / 9 + company) % 4 <> 0 or i % 5 = 0",
        // In Bucharest too, the last event is on the last day.
        span = DAYS * 86_400 - 14_400,
        events = events()
    )
}

fn source(engine: &str, url: &str, more: &str) -> String {
    format!("[[source]]\nname = \"warehouse\"\nengine = \"{engine}\"\nurl = \"{url}\"\n{more}\n")
}

fn sandbox(zone: &str, source: &str) -> Sandbox {
    let mut sandbox = Sandbox::empty();
    sandbox.at(MORNING);
    sandbox.ok(&format!("init --timezone {zone}"));
    sandbox.write("source.toml", source);
    sandbox.ok("config apply source.toml");
    sandbox
}

/// The results of detection, from a database with rules and days that were run.
fn told(sandbox: &Sandbox) -> Vec<String> {
    sandbox.write("rules.toml", &[TREND_RULES, OTHER_RULES].concat());
    sandbox.ok("config apply rules.toml");
    sandbox.ok("run --from 2026-03-25 --to 2026-04-10");
    sandbox.ok("check");
    [
        "list --format json",
        "export companies",
        "export health",
        "event list --format csv",
        "report dashboard --as-of 2026-04-10 --format csv",
        "report health --as-of 2026-04-10 --format csv",
        "report signals --as-of 2026-04-10 --format csv",
        "report company c1 --as-of 2026-04-10 --format csv",
    ]
    .map(|command| sandbox.ok(command).stdout)
    .into()
}

fn same_as_the_file(csv: &str, pulled: &Sandbox, zone: &str) {
    let mut file = Sandbox::empty();
    file.at(MORNING);
    file.ok(&format!("init --timezone {zone}"));
    file.write("events.csv", csv);
    file.ok("import events.csv");
    let (expected, found) = (told(&file), told(pulled));
    for rule in ["login", "days", "everybody", "portfolio", "first-export", "quiet"] {
        assert!(
            expected[0].contains(&format!("\"rule\": \"{rule}\""))
                || expected[0].contains(&format!("\"rule\":\"{rule}\"")),
            "no signal of {rule}"
        );
    }
    for (expected, found) in expected.iter().zip(&found) {
        assert_eq!(sorted(expected), sorted(found));
    }
}

/// Sorted lines: company ids are assigned in order of arrival.
fn sorted(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text
        .replace("},{", "}\n{")
        .lines()
        .map(|line| {
            let id = line.find("\"id\":").map(|from| {
                let end = line[from..].find(',').map_or(line.len(), |end| from + end);
                line[from..end].to_owned()
            });
            id.map_or(line.to_owned(), |id| line.replace(&id, ""))
        })
        .map(|line| line.trim_matches(['[', ']', ',', ' ']).to_owned())
        .collect();
    lines.sort();
    lines
}

#[test]
#[ignore = "needs servers: ./check servers"]
fn postgres_tells_what_the_file_tells_and_groups_on_its_workers() {
    let cluster = Cluster::start();
    let csv = cluster.csv();
    for zone in ["UTC", "Europe/Bucharest"] {
        let source = source("postgres", &cluster.coordinator.url(), "relation = \"public.events\"");
        let sandbox = sandbox(zone, &source);
        sandbox.ok("pull").says(&["rejected 0"]);
        sandbox.ok("pull").says(&["nothing is new"]);
        let explained = sandbox.ok("pull --explain --from 2026-03-20").stdout;
        assert!(explained.contains("the grouping is done where the rows are"), "{explained}");
        assert!(explained.contains("GROUP BY"), "{explained}");
        same_as_the_file(&csv, &sandbox, zone);
    }
    // The control: a named time zone prevents grouping on the workers.
    let plan = cluster.coordinator.sql(
        "explain (verbose) select company_id, event, (at at time zone 'Europe/Bucharest')::date, count(*) \
         from events group by 1, 2, 3",
    );
    assert!(plan.contains("Remote SQL") && !plan.contains("GROUP BY"), "{plan}");
}

#[test]
#[ignore = "needs servers: ./check servers"]
fn events_that_come_late_or_go_are_followed_and_a_lost_worker_is_not() {
    let cluster = Cluster::start();
    let source = source("postgres", &cluster.coordinator.url(), "relation = \"events\"");
    let sandbox = sandbox("UTC", &source);
    sandbox.ok("pull");
    let total = |sandbox: &Sandbox| -> i64 {
        sandbox
            .database()
            .query_row("SELECT sum(count) FROM day_counts", [], |row| row.get(0))
            .unwrap()
    };
    let before = total(&sandbox);
    let late = "insert into events values ('late', 'login', 'ana', '2026-04-09 12:00+00', 'x')";
    let worker = &cluster.workers[0];
    worker.sql(late);
    sandbox.ok("pull").says(&["replaced 2026-04-09"]);
    assert_eq!(total(&sandbox), before + 1);
    worker.sql("delete from events where company_id = 'late'");
    sandbox.ok("pull").says(&["replaced 2026-04-09"]);
    assert_eq!(total(&sandbox), before);
    sandbox.ok("check");

    // A worker that restarts empty looks like customers who stopped.
    worker.sql("alter table events rename to kept; create table events (like kept)");
    sandbox.fails("pull", 4).says(&["had", "and now has", "--accept-loss"]);
    assert_eq!(total(&sandbox), before);
    sandbox.ok("pull --accept-loss");
    assert!(total(&sandbox) < before);
    worker.sql("drop table events; alter table kept rename to events");
    sandbox.ok("pull");
    assert_eq!(total(&sandbox), before);

    worker.stop();
    sandbox.fails("pull --full", 8);
    assert_eq!(total(&sandbox), before);
    worker.go();
    sandbox.ok("pull --full");
    sandbox.ok("check");
}

#[test]
#[ignore = "needs servers: ./check servers"]
fn each_error_of_a_source_has_its_exit_code() {
    let cluster = Cluster::start();
    let url = cluster.coordinator.url();
    for (source, code, says) in [
        (source("postgres", &url, "relation = \"nowhere\""), 9, "nowhere"),
        (source("postgres", &url, "relation = \"events\"\ncompany_id = \"account\""), 9, "account"),
        (
            source(
                "postgres",
                &url,
                "query = \"select *, at at time zone 'UTC' as plain from events\"\nat = \"plain\"",
            ),
            9,
            "at_is = \"UTC\"",
        ),
        (source("postgres", &url, "relation = \"events\"\nat = \"event\""), 9, "not an instant"),
        (
            source("postgres", &format!("{url}?sslmode=verify-full"), "relation = \"events\""),
            8,
            "tls",
        ),
        (
            source(
                "postgres",
                &url,
                "timeout = \"1s\"\nquery = \"select e.* from events e, pg_sleep(4)\"",
            ),
            8,
            "timeout",
        ),
        (
            source(
                "postgres",
                &format!("postgres://x@127.0.0.1:{}/y", port()),
                "relation = \"events\"",
            ),
            8,
            "refused",
        ),
    ] {
        let sandbox = sandbox("UTC", &source);
        sandbox.fails("pull", code).says(&[says]);
        let days: i64 = sandbox
            .database()
            .query_row("SELECT count(*) FROM pulled_days", [], |row| row.get(0))
            .unwrap();
        assert_eq!(days, 0);
    }
    let plain = source(
        "postgres",
        &url,
        "query = \"select *, at at time zone 'UTC' as plain from events\"\nat = \"plain\"\nat_is = \"UTC\"",
    );
    sandbox("Europe/Bucharest", &plain).ok("pull");
}

#[test]
#[ignore = "needs servers: ./check servers"]
fn a_password_is_taken_from_the_environment_or_a_file_and_never_shown() {
    let cluster = Cluster::start();
    let server = &cluster.coordinator;
    server.sql(
        "create role ana login password 's3cret-word'; create table plain as select * from events limit 1000; \
         grant select on plain to ana",
    );
    let rules = server.folder.join("pg_hba.conf");
    let before = fs::read_to_string(&rules).unwrap();
    fs::write(&rules, format!("host all ana 127.0.0.1/32 scram-sha-256\n{before}")).unwrap();
    server.sql("select pg_reload_conf()");
    thread::sleep(Duration::from_millis(300));
    let url = format!("postgres://ana@127.0.0.1:{}/postgres", server.port);
    let sandbox = sandbox("UTC", &source("postgres", &url, "relation = \"plain\""));
    for (password, code) in [(None, 9), (Some("wr0ng-word"), 9), (Some("s3cret-word"), 0)] {
        let mut command = sandbox.command("pull");
        if let Some(password) = password {
            command.env("SIGNALS_SOURCE_PASSWORD", password);
        }
        let output = command.output().unwrap();
        let printed = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{printed}");
        assert!(!printed.contains("-word"), "{printed}");
    }
    let file = sandbox.path(".pgpass");
    sandbox.write(".pgpass", "127.0.0.1:*:*:ana:s3cret-word\n");
    sandbox.fails("pull", 9).says(&["chmod 600"]);
    fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    sandbox.ok("pull");
    fs::write(&rules, before).unwrap();
    server.sql("select pg_reload_conf()");
}

#[test]
#[ignore = "needs servers: ./check servers"]
fn distinct_ids_are_counted_once() {
    let cluster = Cluster::start();
    let relation = "query = \"select * from events union all select * from events\"\nevent_id = \"message_id\"";
    let once =
        sandbox("UTC", &source("postgres", &cluster.coordinator.url(), "relation = \"events\""));
    let twice = sandbox("UTC", &source("postgres", &cluster.coordinator.url(), relation));
    once.ok("pull");
    twice.ok("pull");
    let counts = |sandbox: &Sandbox| sandbox.ok("event list --format csv").stdout;
    assert_eq!(counts(&once), counts(&twice));
    twice.ok("pull").says(&["nothing is new"]);
}

#[test]
#[ignore = "needs servers: ./check servers"]
fn a_connection_that_is_cut_and_a_killed_pull_leave_nothing() {
    let cluster = Cluster::start();
    let through = Cut::before(cluster.coordinator.port, 40_000);
    let url = format!("postgres://postgres@127.0.0.1:{}/postgres", through.port);
    let sandbox =
        sandbox("UTC", &source("postgres", &url, "relation = \"events\"\ntimeout = \"20s\""));
    sandbox.fails("pull", 8);
    let days = |sandbox: &Sandbox| -> i64 {
        let sql = "SELECT count(*) FROM pulled_days";
        sandbox.database().query_row(sql, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(days(&sandbox), 0);
    sandbox.write(
        "source.toml",
        &source("postgres", &cluster.coordinator.url(), "relation = \"events\""),
    );
    sandbox.ok("config apply source.toml");
    for milliseconds in [100, 200, 300, 400, 500, 700] {
        let mut child = sandbox.command("pull").stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_millis(milliseconds));
        let _ = child.kill();
        let _ = child.wait();
        assert!([0, DAYS].contains(&days(&sandbox)), "half a pull was kept");
        sandbox.ok("check");
    }
    sandbox.ok("pull");
    assert_eq!(days(&sandbox), DAYS);
}

#[test]
#[ignore = "needs servers: ./check servers"]
fn a_pull_that_ends_at_any_write_keeps_all_days_or_none() {
    if !can_trace() {
        return;
    }
    let cluster = Cluster::start();
    // A table of the coordinator: rows come in the same order each time.
    cluster.coordinator.sql("create table few as select * from events limit 3000");
    let sandbox =
        sandbox("UTC", &source("postgres", &cluster.coordinator.url(), "relation = \"few\""));
    let mut ground = Ground { sandbox, files: BTreeMap::new() };
    ground.files = ground.all_files();
    let (before, after) = ground.whole("pull", 0);
    let days = ground.sandbox.database();
    let days: i64 =
        days.query_row("SELECT count(*) FROM pulled_days", [], |row| row.get(0)).unwrap();
    assert!(days > 0);
    let count = ground.count();
    assert!(count > 10, "the pull is not seen to write: {count}");
    let (mut wrong, mut nothing, mut all) = (Vec::new(), 0, 0);
    for at in 1..=count {
        for way in ["KILL", "ENOSPC"] {
            ground.reset();
            let ended = ground.run("pull", at, way);
            nothing += usize::from(ground.left().database == before.database);
            all += usize::from(ground.left().database == after.database);
            // The writes to the server count too; it cannot be reached without them.
            if let Err(problem) = ground.verdict("pull", ended, (0, &[8]), &before, &after) {
                wrong.push(format!("{way} at call {at} of {count}: {problem}"));
            }
        }
    }
    tell("calls of a pull that fail", 2 * count, &wrong);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(nothing > 0 && all > 0, "nothing {nothing}, all {all}");
}

#[test]
#[ignore = "needs servers: ./check servers"]
fn a_certificate_that_nobody_vouches_for_is_refused() {
    let folder = TempDir::new().unwrap();
    fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777))
        .unwrap();
    let server = Postgres::start(folder.path().join("server"));
    let (authority, certificate, key) = certificates();
    let owner = std::os::unix::fs::MetadataExt::uid(&fs::metadata(&server.folder).unwrap());
    for (name, text) in [("server.crt", &certificate), ("server.key", &key)] {
        let path = server.folder.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        std::os::unix::fs::chown(&path, Some(owner), None).unwrap();
    }
    server.sql("alter system set ssl = on");
    server.sql("select pg_reload_conf()");
    thread::sleep(Duration::from_millis(300));
    server.sql(&format!("create table events as {}", generated()));
    let of_mode = |mode: &str| {
        let url = format!("{}?sslmode={mode}", server.url());
        source("postgres", &url, "relation = \"events\"")
    };
    let refused = sandbox("UTC", &of_mode("verify-full"));
    refused.fails("pull", 8).says(&["certificate"]);
    let days = |sandbox: &Sandbox| -> i64 {
        let sql = "SELECT count(*) FROM pulled_days";
        sandbox.database().query_row(sql, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(days(&refused), 0);
    // The controls: the same where the authority is trusted, and without asking who it is.
    refused.write("authority.pem", &authority);
    let mut trusting = refused.command("pull");
    trusting.env("SSL_CERT_FILE", refused.path("authority.pem"));
    let output = trusting.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(days(&refused), DAYS);
    sandbox("UTC", &of_mode("require")).ok("pull");
}

/// An authority, and the certificate and key that it gave to 127.0.0.1, as PEM.
fn certificates() -> (String, String, String) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    (authority.as_ref().pem(), certificate.pem(), key.serialize_pem())
}

/// Forwards a connection to a port, and cuts it after this many bytes of the answer.
struct Cut {
    port: u16,
}

impl Cut {
    fn before(target: u16, bytes: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for client in listener.incoming() {
                let (mut client, mut server) =
                    (client.unwrap(), TcpStream::connect(("127.0.0.1", target)).unwrap());
                let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                });
                let _ = std::io::copy(&mut (&mut server).take(bytes as u64), &mut client);
                let _ = client.shutdown(std::net::Shutdown::Both);
            }
        });
        Cut { port }
    }
}

/// A ClickHouse server.
struct ClickHouse {
    port: u16,
    native: u16,
    process: Child,
}

impl Drop for ClickHouse {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl ClickHouse {
    fn start(folder: &Path, (port, native): (u16, u16), shards: &[u16]) -> Self {
        fs::create_dir_all(folder).unwrap();
        let of_shard = |native: &u16| {
            format!("<shard><replica><host>127.0.0.1</host><port>{native}</port></replica></shard>")
        };
        let shards: String = shards.iter().map(of_shard).collect();
        let path = folder.display();
        fs::write(
            folder.join("users.xml"),
            "<yandex><profiles><default></default></profiles><quotas><default></default></quotas>\
             <users><default><password></password><networks><ip>::/0</ip></networks>\
             <profile>default</profile><quota>default</quota></default></users></yandex>",
        )
        .unwrap();
        fs::write(
            folder.join("config.xml"),
            format!(
                "<yandex><logger><level>error</level><log>{path}/log</log><errorlog>{path}/errors</errorlog></logger>\
                 <http_port>{port}</http_port><tcp_port>{native}</tcp_port><listen_host>127.0.0.1</listen_host>\
                 <path>{path}/data/</path><tmp_path>{path}/tmp/</tmp_path><users_config>users.xml</users_config>\
                 <default_profile>default</default_profile><default_database>default</default_database>\
                 <mark_cache_size>1000000</mark_cache_size><timezone>UTC</timezone>\
                 <remote_servers><two>{shards}</two></remote_servers></yandex>"
            ),
        )
        .unwrap();
        let process = Command::new("clickhouse-server")
            .arg(format!("--config-file={path}/config.xml"))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("ClickHouse is not installed");
        let server = ClickHouse { port, native, process };
        wait_for(port);
        server
    }

    fn sql(&self, text: &str, rows: &str) -> String {
        let mut command = Command::new("clickhouse-client");
        command.args(["--host", "127.0.0.1", "--port", &self.native.to_string(), "--query", text]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), rows.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn url(&self) -> String {
        format!("http://default@127.0.0.1:{}/default", self.port)
    }
}

#[test]
#[ignore = "needs servers: ./check servers"]
fn clickhouse_tells_what_the_file_tells_and_misses_no_shard() {
    let csv = Cluster::start().csv();
    let folder = TempDir::new().unwrap();
    let ports = [(port(), port()), (port(), port())];
    let natives = ports.map(|(_, native)| native);
    let mut servers: Vec<ClickHouse> = ["one", "two"]
        .iter()
        .zip(ports)
        .map(|(name, ports)| ClickHouse::start(&folder.path().join(name), ports, &natives))
        .collect();
    for server in &servers {
        server.sql(
            "create table events_part (company_id String, event String, at DateTime, person_id String) \
             engine = MergeTree order by (company_id, at) partition by toYYYYMM(at)",
            "",
        );
        server.sql(
            "create table events as events_part engine = Distributed(two, default, events_part, cityHash64(company_id))",
            "",
        );
    }
    let rows: String = csv
        .lines()
        .skip(1)
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            let at = fields[2].trim_end_matches('Z').replace('T', " ");
            format!("{}\t{}\t{at}\t{}\n", fields[0], fields[1], fields[3])
        })
        .collect();
    // Whole companies go to one shard, by their hash.
    let (mut one, mut two) = (String::new(), String::new());
    for row in rows.lines() {
        let is_one =
            row.bytes().take_while(|byte| *byte != b'\t').map(u32::from).sum::<u32>() % 2 == 0;
        (if is_one { &mut one } else { &mut two }).push_str(&format!("{row}\n"));
    }
    for (server, rows) in servers.iter().zip([one, two]) {
        server.sql("insert into events_part format TabSeparated", &rows);
    }
    for zone in ["UTC", "Europe/Bucharest"] {
        let source = source("clickhouse", &servers[0].url(), "relation = \"events\"");
        let sandbox = sandbox(zone, &source);
        sandbox.ok("pull").says(&["rejected 0"]);
        sandbox.ok("pull").says(&["nothing is new"]);
        sandbox.ok("pull --explain");
        same_as_the_file(&csv, &sandbox, zone);
    }
    let url = servers[0].url();
    for (source, code, says) in [
        (source("clickhouse", &url, "relation = \"nowhere\""), 9, "nowhere"),
        (source("clickhouse", &url, "relation = \"events\"\nat = \"event\""), 9, "not an instant"),
        (
            source("clickhouse", &url.replace("default@", "stranger@"), "relation = \"events\""),
            9,
            "stranger",
        ),
    ] {
        sandbox("UTC", &source).fails("pull", code).says(&[says]);
    }
    let source = source("clickhouse", &url, "relation = \"events\"");
    let sandbox = sandbox("UTC", &source);
    drop(servers.pop());
    sandbox.fails("pull", 8);
    let days: i64 = sandbox
        .database()
        .query_row("SELECT count(*) FROM pulled_days", [], |row| row.get(0))
        .unwrap();
    assert_eq!(days, 0);
}
