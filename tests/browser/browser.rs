//! A real Chromium, driven through WebDriver: one driver and one empty profile for each test.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use url::{ParseError, Url};

/// How a test's browser differs from an ordinary one.
#[derive(Clone, Default)]
pub struct Options {
    /// No page may run scripts.
    pub no_javascript: bool,
    /// SHA-256 of the public key of a certificate to trust, in base64.
    pub trusted_certificate: Option<String>,
}

/// A browser; closed when it is dropped.
pub struct Browser {
    pub client: Client,
    driver: Child,
    profile: TempDir,
}

impl Browser {
    pub async fn start(options: Options) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut driver = Command::new(program("KEYPORT_TEST_CHROMEDRIVER", "chromedriver"))
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts: scripts/test installs it");
        let port = driver_port(&mut driver);
        let client = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities(&options, &profile))
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("Chromium starts: scripts/test installs it");
        Self {
            client,
            driver,
            profile,
        }
    }

    pub async fn goto(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// Waits for an element and returns its words.
    pub async fn words(&self, selector: &str) -> String {
        let element = self.wait_for(selector).await;
        element.text().await.unwrap()
    }

    pub async fn wait_for(&self, selector: &str) -> fantoccini::elements::Element {
        self.client
            .wait()
            .for_element(Locator::Css(selector))
            .await
            .unwrap_or_else(|error| panic!("{selector} does not appear: {error}"))
    }

    pub async fn click(&self, selector: &str) {
        self.wait_for(selector).await.click().await.unwrap();
    }

    /// Follows the link or presses the button with these words.
    pub async fn press(&self, words: &str) {
        let path = format!(
            "//*[self::a or self::button or self::summary][normalize-space(.)={0} or starts-with(normalize-space(.), {0}) or span={0}]",
            xpath_text(words)
        );
        let element = self.client.wait().for_element(Locator::XPath(&path)).await;
        element
            .unwrap_or_else(|error| panic!("nothing says {words}: {error}"))
            .click()
            .await
            .unwrap();
    }

    pub async fn fill(&self, selector: &str, text: &str) {
        let field = self.wait_for(selector).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Waits until the page's heading has these words.
    pub async fn expect_heading(&self, words: &str) {
        let path = format!("//h1[contains(normalize-space(.), {})]", xpath_text(words));
        let found = self.client.wait().for_element(Locator::XPath(&path)).await;
        assert!(
            found.is_ok(),
            "no heading {words} at {}",
            self.client.current_url().await.unwrap()
        );
    }

    /// Waits for the message that the request before has left. The page before may have shown another one.
    pub async fn expect_message(&self, words: &str) {
        let path = format!(
            "//*[contains(@class, 'notice')][@role='status'][starts-with(normalize-space(.), {})]",
            xpath_text(words)
        );
        let found = self.client.wait().for_element(Locator::XPath(&path)).await;
        assert!(found.is_ok(), "no message says {words}");
    }

    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// The source of the page as it is now.
    pub async fn source(&self) -> String {
        self.client.source().await.unwrap()
    }

    /// One of Chromium's own commands.
    pub async fn cdp(&self, command: &str, parameters: Value) -> Value {
        let command = Cdp {
            command: command.to_owned(),
            parameters,
        };
        self.client.issue_cmd(command).await.unwrap()
    }

    /// Gives the browser an authenticator that keeps passkeys and always agrees (Web Authentication, level 3, section 11).
    pub async fn add_authenticator(&self) {
        self.client.issue_cmd(AddAuthenticator).await.unwrap();
    }

    /// A screen of this width, and the colours that the system asks for.
    pub async fn look(&self, width: u32, dark: bool) {
        let metrics =
            json!({ "width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.cdp("Emulation.setDeviceMetricsOverride", metrics)
            .await;
        let scheme = if dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.cdp("Emulation.setEmulatedMedia", features).await;
    }

    /// What the browser complained about since it was last asked: scripts, policy, missing files.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.client.issue_cmd(BrowserLog).await.unwrap();
        log.as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["message"].as_str().unwrap_or_default().to_owned())
            // That a page answers 401, 404, 409 or 422 is what those pages are for.
            .filter(|message| !message.contains("the server responded with a status of 4"))
            // Said whenever someone signs out.
            .filter(|message| !message.contains("Clear-Site-Data header on"))
            .collect()
    }

    pub async fn close(self) {
        self.client.clone().close().await.unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Told to end, chromedriver closes its Chromium, but not always one that is in the middle of a page.
        let ended = Command::new("kill")
            .args(["-TERM", &self.driver.id().to_string()])
            .status();
        assert!(ended.is_ok() || std::thread::panicking());
        let waited = self.driver.wait();
        assert!(waited.is_ok() || std::thread::panicking());
        // What is left of it is known by its profile. That nothing is left is the rule, and no failure.
        let folder = self.profile.path().display().to_string();
        let swept = Command::new("pkill")
            .args(["-KILL", "-f", &folder])
            .status();
        assert!(swept.is_ok() || std::thread::panicking());
    }
}

fn program(variable: &str, name: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| name.to_owned())
}

/// chromedriver chooses a port and says which.
fn driver_port(driver: &mut Child) -> u16 {
    let output = BufReader::new(driver.stdout.take().unwrap());
    let mut lines = output.lines();
    let port = lines
        .by_ref()
        .map_while(Result::ok)
        .find_map(|line| {
            let rest = line.split("started successfully on port ").nth(1)?;
            rest.trim_end_matches('.').parse().ok()
        })
        .expect("chromedriver names its port");
    // Read on, or the driver stops when its pipe is full.
    std::thread::spawn(move || lines.for_each(drop));
    port
}

fn capabilities(options: &Options, profile: &TempDir) -> Map<String, Value> {
    let mut arguments = vec![
        "--headless".to_owned(),
        // Tests run as root in containers, where Chromium's own sandbox cannot.
        "--no-sandbox".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-quic".to_owned(),
        "--no-first-run".to_owned(),
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        "--disable-sync".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--hide-scrollbars".to_owned(),
        "--window-size=1280,844".to_owned(),
        format!("--user-data-dir={}", profile.path().display()),
    ];
    if let Some(fingerprint) = &options.trusted_certificate {
        arguments.push(format!(
            "--ignore-certificate-errors-spki-list={fingerprint}"
        ));
    }
    let javascript = if options.no_javascript { 2 } else { 1 };
    let chrome = json!({
        "binary": program("KEYPORT_TEST_CHROMIUM", "/usr/bin/chromium"),
        "args": arguments,
        "prefs": { "profile.managed_default_content_settings.javascript": javascript },
    });
    Map::from_iter([
        ("goog:chromeOptions".to_owned(), chrome),
        ("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" })),
    ])
}

/// A text as XPath writes it; ours have no double quotes.
fn xpath_text(words: &str) -> String {
    format!("\"{words}\"")
}

#[derive(Debug)]
struct Cdp {
    command: String,
    parameters: Value,
}

impl WebDriverCompatibleCommand for Cdp {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!(
            "session/{}/goog/cdp/execute",
            session.unwrap_or_default()
        ))
    }

    fn method_and_body(&self, _url: &Url) -> (reqwest::Method, Option<String>) {
        let body = json!({ "cmd": self.command, "params": self.parameters });
        (reqwest::Method::POST, Some(body.to_string()))
    }
}

#[derive(Debug)]
struct AddAuthenticator;

impl WebDriverCompatibleCommand for AddAuthenticator {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!(
            "session/{}/webauthn/authenticator",
            session.unwrap_or_default()
        ))
    }

    fn method_and_body(&self, _url: &Url) -> (reqwest::Method, Option<String>) {
        let body = json!({
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": true,
            "hasUserVerification": true,
            "isUserConsenting": true,
            "isUserVerified": true,
        });
        (reqwest::Method::POST, Some(body.to_string()))
    }
}

#[derive(Debug)]
struct BrowserLog;

impl WebDriverCompatibleCommand for BrowserLog {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _url: &Url) -> (reqwest::Method, Option<String>) {
        (
            reqwest::Method::POST,
            Some(json!({ "type": "browser" }).to_string()),
        )
    }
}
