//! Reports in a real browser: no requests, no console messages, and a layout that fits phones and
//! desktops.
//!
//! These tests need Chromium and are ignored by default; `./check browser` runs them. With
//! `SIGNALS_SCREENSHOTS=FOLDER` they save pictures there for review.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use base64::Engine;
use serde_json::{Value, json};

use crate::support::{Sandbox, setting};

/// Names under which Chromium is found.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/// How to show a page: name, width, height, colour scheme, medium.
const LOOKS: [(&str, u32, u32, &str, &str); 6] = [
    ("desk-light", 1440, 900, "light", "screen"),
    ("desk-dark", 1440, 900, "dark", "screen"),
    ("tablet-light", 768, 1024, "light", "screen"),
    ("phone-light", 390, 844, "light", "screen"),
    ("phone-dark", 390, 844, "dark", "screen"),
    ("print", 794, 1123, "light", "print"),
];

/// A browser controlled through a pipe.
struct Browser {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    session: Option<String>,
    number: u64,
    /// The events it has sent.
    events: Vec<Value>,
}

impl Browser {
    fn start(sandbox: &Sandbox) -> Self {
        let path = setting("PATH").unwrap();
        let name = NAMES
            .into_iter()
            .find(|name| std::env::split_paths(&path).any(|folder| folder.join(name).exists()));
        let name = name.expect("no Chromium on this machine: install one, or leave this check out");
        // The browser reads from file descriptor 3 and writes to 4.
        let script = format!(
            "exec {name} --headless=new --no-sandbox --disable-gpu --hide-scrollbars --no-first-run \
             --user-data-dir=profile --remote-debugging-pipe 3<&0 4>&1 </dev/null >/dev/null 2>&1"
        );
        let mut command = Command::new("sh");
        command
            .args(["-c", &script])
            .current_dir(sandbox.path(""))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (input, output) =
            (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut browser =
            Browser { child, input, output, session: None, number: 0, events: Vec::new() };
        let target =
            browser.ask("Target.createTarget", json!({"url": "about:blank"}))["targetId"].clone();
        let attached =
            browser.ask("Target.attachToTarget", json!({"targetId": target, "flatten": true}));
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.ask(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    fn read(&mut self) -> Value {
        let mut bytes = Vec::new();
        self.output.read_until(0, &mut bytes).unwrap();
        bytes.pop();
        serde_json::from_slice(&bytes).expect("the browser has gone")
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.number += 1;
        let mut message = json!({"id": self.number, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.input.write_all(format!("{message}\0").as_bytes()).unwrap();
        self.input.flush().unwrap();
        loop {
            let answer = self.read();
            if answer["id"] == self.number {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
            self.events.push(answer);
        }
    }

    fn wait_for(&mut self, method: &str) {
        while !self.events.iter().any(|event| event["method"] == method) {
            let event = self.read();
            self.events.push(event);
        }
    }

    /// Opens a page with this width, height, colour scheme and medium.
    fn open(
        &mut self,
        url: &str,
        (_, width, height, scheme, medium): (&str, u32, u32, &str, &str),
    ) {
        self.events.clear();
        let is_phone = width < 500;
        let metrics =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_phone});
        self.ask("Emulation.setDeviceMetricsOverride", metrics);
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.ask("Emulation.setEmulatedMedia", json!({"media": medium, "features": features}));
        self.ask("Page.navigate", json!({"url": url}));
        self.wait_for("Page.loadEventFired");
    }

    fn value(&mut self, expression: &str) -> Value {
        let result =
            self.ask("Runtime.evaluate", json!({"expression": expression, "returnByValue": true}));
        assert!(result["exceptionDetails"].is_null(), "{expression}: {result}");
        result["result"]["value"].clone()
    }

    /// The requests, and the errors.
    fn told(&self) -> (Vec<String>, Vec<&Value>) {
        let of = |method: &'static str| {
            self.events.iter().filter(move |event| event["method"] == method)
        };
        let requests = of("Network.requestWillBeSent")
            .filter_map(|event| event["params"]["request"]["url"].as_str().map(str::to_owned));
        let troubles = of("Runtime.consoleAPICalled")
            .chain(of("Runtime.exceptionThrown"))
            .chain(of("Log.entryAdded"));
        (requests.collect(), troubles.collect())
    }

    fn picture(&mut self, name: &str) {
        let Some(folder) = setting("SIGNALS_SCREENSHOTS") else { return };
        let picture = self
            .ask("Page.captureScreenshot", json!({"captureBeyondViewport": true, "format": "png"}));
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(picture["data"].as_str().unwrap())
            .unwrap();
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(PathBuf::from(folder).join(format!("{name}.png")), bytes).unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const REPORTS: [&str; 12] = [
    "company C-121",
    "csm maria",
    "backtest",
    "dashboard",
    "health",
    "pulse",
    "pulse-changes",
    "risk-factors",
    "stages",
    "renewals",
    "workload",
    "signals",
];

/// A book with revenues in the millions and names that are long in every way.
fn large_book(sandbox: &Sandbox) {
    let companies = [
        (
            "ACCT-000000000001",
            "Österreichische Bundesforste und Landwirtschaftsgenossenschaft mbH & Co. KG",
        ),
        ("ACCT-000000000002", "Donaudampfschifffahrtsgesellschaftskapitänsvereinigung"),
        ("ACCT-000000000003", "Ab"),
    ];
    let mut rows = String::from("company_id,name,csm,plan,mrr,renewal_on\n");
    let mut events = String::from("company_id,event,timestamp,person_id\n");
    for (id, name) in companies {
        let csm = "Maximiliana von Hohenstein-Württemberg";
        rows.push_str(&format!(
            "{id},{name},{csm},Enterprise Unlimited Plus,9876543.21,2026-04-20\n"
        ));
        for day in 1..=20 {
            let person = "person@a-very-long-domain-name-of-a-customer.example";
            events.push_str(&format!(
                "{id},report_exported_to_accounting,2026-02-{day:02},{person}\n"
            ));
        }
    }
    sandbox.write("companies.csv", &rows);
    sandbox.write("events.csv", &events);
    sandbox.ok("import companies.csv events.csv --db large.db");
    sandbox.ok("rule preset add --usual --yes --db large.db");
    sandbox.ok("run --as-of 2026-02-20 --backfill --max-lag 90 --db large.db");
    sandbox.write(
        "large.toml",
        "[report]\ncurrency = \"EUR\"\ntitle = \"Consolidated International Holdings: weekly summary\"\n\
         [links]\ncompany = \"https://crm.example/accounts/{company_id}\"\n",
    );
    sandbox.ok("config apply large.toml --db large.db");
}

/// Shows a page on every screen, and hands it on for more questions.
fn on_every_screen(
    browser: &mut Browser,
    url: &str,
    name: &str,
    also: impl Fn(&mut Browser, &str),
) {
    for look in LOOKS {
        let place = format!("{name} {}", look.0);
        browser.open(url, look);
        let width = browser.value("document.documentElement.scrollWidth").as_u64().unwrap();
        assert!(width <= u64::from(look.1), "{place}: {width} pixels wide");
        let cut = browser.value(TILES_TOO_NARROW);
        assert_eq!(cut, json!([]), "{place}: tiles are too narrow for words in them");
        let unstyled =
            browser.value("getComputedStyle(document.querySelector('main')).maxWidth === 'none'");
        assert_eq!(unstyled, json!(look.4 == "print"), "{place}: the style sheet is not applied");
        browser.picture(&format!("{}-{}", name.replace(' ', "-"), look.0));
        also(browser, &place);
    }
}

/// The words in large type that do not fit their tiles in one line.
const TILES_TOO_NARROW: &str = "[...document.querySelectorAll('.tile strong')].flatMap(tile => {
    const range = document.createRange(), text = tile.firstChild, found = [];
    for (const word of text.data.matchAll(/[^ -]+/g)) {
        range.setStart(text, word.index);
        range.setEnd(text, word.index + word[0].length);
        const lines = new Set([...range.getClientRects()].map(box => Math.round(box.top)));
        if (lines.size > 1) found.push(word[0]);
    }
    return found;
})";

#[test]
#[ignore = "needs Chromium; `./check browser` runs it"]
fn every_report_fits_every_screen_and_asks_for_nothing() {
    let sandbox = Sandbox::empty();
    sandbox.ok("demo d");
    large_book(&sandbox);
    let mut browser = Browser::start(&sandbox);
    let demo = REPORTS.map(|report| ("d/signals.db", report));
    let large = ["company ACCT-000000000001", "csm Maxi", "dashboard", "renewals"];
    let large = large.map(|report| ("large.db", report));
    for (database, report) in demo.into_iter().chain(large) {
        sandbox.ok(&format!("report {report} --db {database} --out page.html"));
        let url = format!("file://{}", sandbox.path("page.html").display());
        let name = format!("{} {}", database.trim_end_matches(".db").replace('/', "-"), report);
        on_every_screen(&mut browser, &url, &name, |browser, place| {
            let (requests, troubles) = browser.told();
            assert_eq!(requests, std::slice::from_ref(&url), "{place}");
            assert!(troubles.is_empty(), "{place}: {troubles:?}");
        });
    }
}

/// What axe says of a page: the rules that it violates, each with the first element. axe is read from
/// the file that `./check browser` installs.
fn violations(browser: &mut Browser) -> Vec<String> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = root.join("target/axe/node_modules/axe-core/axe.min.js");
    let source = std::fs::read_to_string(source).expect("`./check browser` installs axe-core");
    browser.ask("Runtime.evaluate", json!({"expression": source}));
    let run = "axe.run().then(found => found.violations.map(rule => `${rule.id}: ${rule.nodes[0].html}`))";
    let asked = json!({"expression": run, "awaitPromise": true, "returnByValue": true});
    let found = browser.ask("Runtime.evaluate", asked);
    let found = found["result"]["value"].as_array().unwrap_or_else(|| panic!("{found}"));
    found.iter().map(|rule| rule.as_str().unwrap().to_owned()).collect()
}

#[test]
#[ignore = "needs Chromium and axe-core; `./check browser` runs it"]
fn axe_finds_nothing_in_pages() {
    let sandbox = Sandbox::empty();
    sandbox.ok("demo d");
    large_book(&sandbox);
    let mut browser = Browser::start(&sandbox);
    for (database, report) in [
        ("d/signals.db", "dashboard"),
        ("d/signals.db", "company C-121"),
        ("d/signals.db", "csm maria"),
        ("large.db", "dashboard"),
        ("large.db", "company ACCT-000000000001"),
    ] {
        sandbox.ok(&format!("report {report} --db {database} --out page.html"));
        let url = format!("file://{}", sandbox.path("page.html").display());
        for look in LOOKS.into_iter().filter(|look| look.4 == "screen") {
            browser.open(&url, look);
            assert_eq!(violations(&mut browser), [""; 0], "{database} {report} {}", look.0);
        }
    }
    // The control: a page without a language and a title, and with a picture that says nothing.
    sandbox.write("bad.html", "<!doctype html><body><main><h1>x</h1><img src='data:,'></main>");
    browser.open(&format!("file://{}", sandbox.path("bad.html").display()), LOOKS[0]);
    let found = violations(&mut browser);
    for rule in ["document-title: ", "html-has-lang: ", "image-alt: "] {
        assert!(found.iter().any(|found| found.starts_with(rule)), "{rule}{found:?}");
    }
}

/// The control: a page that requests something in spite of its policy, and is too wide.
#[test]
#[ignore = "needs Chromium; `./check browser` runs it"]
fn a_page_that_asks_and_does_not_fit_is_found() {
    let sandbox = Sandbox::empty();
    sandbox.write(
        "bad.html",
        "<!doctype html><meta http-equiv=Content-Security-Policy content=\"default-src 'none'\"><body>\
         <img src=http://127.0.0.1:9/x.png><div style='width:2000px'>x</div><pre>xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\
         xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx</pre>",
    );
    let mut browser = Browser::start(&sandbox);
    browser.open(&format!("file://{}", sandbox.path("bad.html").display()), LOOKS[3]);
    assert!(browser.value("document.documentElement.scrollWidth").as_u64().unwrap() > 390);
    assert!(!browser.told().1.is_empty(), "the policy was broken without a word");
    sandbox.write("tile.html", "<div class=tile style='width:40px;overflow-wrap:anywhere'><strong>2,288,738,792.16</strong></div>");
    browser.open(&format!("file://{}", sandbox.path("tile.html").display()), LOOKS[0]);
    assert_eq!(browser.value(TILES_TOO_NARROW), json!(["2,288,738,792.16"]));
}
