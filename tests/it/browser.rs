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

#[test]
#[ignore = "needs Chromium; `./check browser` runs it"]
fn every_report_fits_every_screen_and_asks_for_nothing() {
    let sandbox = Sandbox::empty();
    sandbox.ok("demo d");
    let mut browser = Browser::start(&sandbox);
    for report in REPORTS {
        let name = report.split(' ').next().unwrap();
        sandbox.ok(&format!("report {report} --db d/signals.db --out {name}.html"));
        let url = format!("file://{}", sandbox.path(&format!("{name}.html")).display());
        for look in LOOKS {
            let place = format!("{report} {}", look.0);
            browser.open(&url, look);
            let width = browser.value("document.documentElement.scrollWidth").as_u64().unwrap();
            assert!(width <= u64::from(look.1), "{place}: {width} pixels wide");
            let unstyled = browser
                .value("getComputedStyle(document.querySelector('main')).maxWidth === 'none'");
            assert_eq!(
                unstyled,
                json!(look.4 == "print"),
                "{place}: the style sheet is not applied"
            );
            browser.picture(&format!("{name}-{}", look.0));
            let (requests, troubles) = browser.told();
            assert_eq!(requests, std::slice::from_ref(&url), "{place}");
            assert!(troubles.is_empty(), "{place}: {troubles:?}");
        }
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
}
