//! Databases of every released schema can always be opened.

use rusqlite::Connection;

use crate::support::Sandbox;

fn schema_1() -> Sandbox {
    let sandbox = Sandbox::empty();
    let database = Connection::open(sandbox.path("signals.db")).unwrap();
    database.execute_batch(include_str!("../../fixtures/db/v1.sql")).unwrap();
    sandbox
}

/// The contents of the dump: a survey score, an urgent ticket, a pulse, a tag and an
/// acknowledgement.
#[test]
fn a_database_of_schema_1_opens() {
    let sandbox = schema_1();
    sandbox.ok("check");
    let columns = "company_id,nps_score,open_urgent_tickets,pulse,tags,exports";
    let companies = sandbox.array(&format!("company list --columns {columns}"));
    let company = companies.iter().find(|company| company["company_id"] == "brightwater").unwrap();
    assert_eq!(company["nps_score"], 9);
    assert_eq!(company["open_urgent_tickets"], 1);
    assert_eq!(company["pulse"], 2);
    assert_eq!(company["tags"], "watch-list");
    let closed = &sandbox.array("list --state closed")[0];
    assert_eq!((&closed["id"], &closed["reason"]), (&1.into(), &"seen".into()));
    assert_eq!(closed["acknowledged_by"], "ana");
    sandbox.ok("reopen 1 --reason again");
    sandbox.ok("check");
}

/// While version 1 is the newest, the dump has the schema of this program: regenerate it when the
/// schema changes before the release. After the release, delete this test and keep the one above.
#[test]
fn the_dump_of_schema_1_is_the_schema_of_today() {
    let schema = |sandbox: &Sandbox| -> Vec<String> {
        let database = sandbox.database();
        let mut statement = database
            .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY name")
            .unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    assert_eq!(schema(&schema_1()), schema(&Sandbox::new()));
}
