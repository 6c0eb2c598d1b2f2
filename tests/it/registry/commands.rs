//! The registry's commands: organizations, networks and links, records in files, and the demonstration.

use std::path::Path;
use std::process::Output;

use keyport::clock::Timestamp;

use crate::support::TestApp;
use crate::support::command::{assert_fails, keyport};
use crate::support::db::{Engine, TestDatabase, postgres_url};
use crate::support::networks::document;

/// A database without a server.
struct Desk {
    database: TestDatabase,
}

impl Desk {
    fn new(engine: Engine) -> Self {
        let database = TestDatabase::new(engine);
        Self { database }
    }

    /// One on each engine.
    fn each() -> Vec<Self> {
        let mut all = vec![Self::new(Engine::Sqlite)];
        if postgres_url().is_some() {
            all.push(Self::new(Engine::Postgres));
        }
        all
    }

    fn folder(&self) -> &Path {
        self.database.folder.path()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let settings = [("DATABASE_URL", self.database.url.as_str())];
        keyport(self.folder(), &settings, arguments)
    }

    /// What a command that succeeds prints.
    #[track_caller]
    fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {error}");
        String::from_utf8(output.stdout)
            .unwrap()
            .trim_end()
            .to_owned()
    }

    fn import(&self, content: &str) -> Output {
        let file = self.folder().join("in.xml");
        std::fs::write(&file, document("collection", content)).unwrap();
        self.run(&["registry", "import", file.to_str().unwrap()])
    }
}

const ADDRESS: &str = "<streetAddress><line number=\"1\">4 Quay Street</line></streetAddress><city>Portland</city>\
     <iso3166-2>ME</iso3166-2><postalCode>04101</postalCode><iso3166-1><code2>US</code2></iso3166-1>";

fn role(handle: &str) -> String {
    format!(
        "<poc><handle>{handle}</handle><contactType>ROLE</contactType><companyName>Harbor</companyName>\
         <lastName>Network Operations</lastName>{ADDRESS}<emails><email>noc@example.com</email></emails><phones>\
         <phone><type><code>O</code></type><number>+1.207.555.0143</number></phone></phones></poc>"
    )
}

fn org(handle: &str, contact: &str) -> String {
    let link = |function| format!("<pocLinkRef function=\"{function}\" handle=\"{contact}\"/>");
    format!(
        "<org><handle>{handle}</handle><orgName>Harbor Example Networks</orgName>{ADDRESS}<pocLinks>{}{}{}</pocLinks></org>",
        link("AD"),
        link("T"),
        link("AB")
    )
}

fn net(handle: &str, kind: &str, start: &str, length: u8, more: &str) -> String {
    format!(
        "<net><handle>{handle}</handle><netName>HARBOR</netName><netBlocks><netBlock><type>{kind}</type>\
         <startAddress>{start}</startAddress><cidrLength>{length}</cidrLength></netBlock></netBlocks>{more}</net>"
    )
}

const ORG_ADD: [&str; 20] = [
    "registry",
    "org",
    "add",
    "--name",
    "Lantern Example Cooperative",
    "--address",
    "27 Mill Row",
    "--city",
    "Portland",
    "--state",
    "ME",
    "--postal",
    "04101",
    "--country",
    "US",
    "--admin",
    "no1-kp",
    "--tech",
    "NO1-KP",
    "--abuse",
];

#[test]
fn organizations_and_networks_are_added() {
    for desk in Desk::each() {
        assert!(desk.import(&role("NO1-KP")).status.success());
        let with = |abuse| [&ORG_ADD[..], &[abuse]].concat();
        assert_eq!(desk.says(&with("NO1-KP")), "LEC-1");
        assert_eq!(desk.says(&with("NO1-KP")), "LEC-2");
        assert_fails(&desk.run(&with("NO9-KP")), &["pocLinkRef: ", "NO9-KP"]);
        let add = |org, block, name| {
            [
                "registry", "net", "add", "--org", org, "--block", block, "--name", name,
            ]
        };
        assert_eq!(
            desk.says(&add("lec-1", "192.0.2.0/24", "LANTERN")),
            "NET-192-0-2-0-1"
        );
        assert_eq!(
            desk.says(&add("LEC-1", "2001:db8::/32", "LANTERN-6")),
            "NET6-2001-DB8-1"
        );
        assert_fails(
            &desk.run(&add("LEC-1", "192.0.2.128/25", "AGAIN")),
            &["192.0.2.128/25 overlaps", "NET-192-0-2-0-1"],
        );
        assert_fails(
            &desk.run(&add("LEC-1", "198.51.100.1/24", "BITS")),
            &["keyport: "],
        );
        assert_fails(
            &desk.run(&add("LEC-1", "198.51.100.0", "ALL")),
            &["bad --block"],
        );
        assert_fails(
            &desk.run(&add("NONE-1", "198.51.100.0/24", "NONE")),
            &["orgHandle", "NONE-1"],
        );
        assert_eq!(desk.run(&["registry", "net", "add"]).status.code(), Some(2));
    }
}

#[test]
fn accounts_are_linked_and_unlinked() {
    for desk in Desk::each() {
        let imported = desk.import(&role("NO1-KP"));
        assert_eq!(
            String::from_utf8_lossy(&imported.stdout),
            "Imported 1 contact, 0 organizations, 0 customers, 0 networks.\n"
        );
        desk.says(&["user", "add", "ann@example.com"]);
        let link = ["registry", "link", "ann@example.com", "no1-kp"];
        let unlink = ["registry", "unlink", "ann@example.com", "NO1-KP"];
        assert_eq!(desk.says(&link), "ann@example.com acts for no1-kp now.");
        assert_eq!(
            desk.says(&link),
            "ann@example.com was linked to no1-kp before."
        );
        let said = desk.says(&unlink);
        assert_eq!(
            said,
            "ann@example.com no longer acts for NO1-KP.\nNo account acts for NO1-KP now."
        );
        assert_fails(
            &desk.run(&unlink),
            &["ann@example.com is not linked to NO1-KP"],
        );
        assert_fails(
            &desk.run(&["registry", "link", "ann@example.com", "NO9-KP"]),
            &["There is no contact NO9-KP"],
        );
        assert_fails(
            &desk.run(&["registry", "link", "bob@example.com", "NO1-KP"]),
            &["there is no account"],
        );
    }
}

#[test]
fn what_is_exported_can_be_imported() {
    for desk in Desk::each() {
        desk.says(&["demo"]);
        let file = desk.folder().join("out.xml");
        let out = ["registry", "export", "--out", file.to_str().unwrap()];
        assert_eq!(desk.says(&out), "");
        assert_fails(&desk.run(&out), &["exists"]);
        let other = Desk::new(Engine::Sqlite);
        let said = other.says(&["registry", "import", file.to_str().unwrap()]);
        assert_eq!(
            said,
            "Imported 4 contacts, 2 organizations, 2 customers, 8 networks."
        );
        // All but the dates.
        let undated = |text: &str| -> String {
            let parts = text.split("<registrationDate>");
            parts
                .map(|part| {
                    part.split_once("</registrationDate>")
                        .map_or(part, |(_, rest)| rest)
                })
                .collect()
        };
        let first = std::fs::read_to_string(&file).unwrap();
        assert_eq!(
            undated(&other.says(&["registry", "export"])),
            undated(first.trim_end())
        );
        // What is there already is not taken again.
        assert_fails(
            &other.run(&["registry", "import", file.to_str().unwrap()]),
            &[
                "nothing was imported",
                "poc MO1-KP: handle: It is registered already.",
                "net NET6-2001-DB8-1: handle: ",
            ],
        );
    }
}

#[test]
fn all_records_are_imported_or_none_and_each_bad_one_is_named() {
    for desk in Desk::each() {
        let bad = [
            role("NO1-KP").as_str(),
            role("NO1-KP").as_str(),
            role("-").as_str(),
            role("").as_str(),
            org("HEN-1", "NO1-KP").as_str(),
            org("HEN-2", "NO7-KP").as_str(),
            net(
                "NET-A",
                "DA",
                "192.0.2.1",
                24,
                "<orgHandle>HEN-1</orgHandle>",
            )
            .as_str(),
            net(
                "NET-B",
                "DA",
                "192.0.2.0",
                24,
                "<orgHandle>HEN-3</orgHandle>",
            )
            .as_str(),
        ]
        .concat();
        assert_fails(
            &desk.import(&bad),
            &[
                "nothing was imported",
                "poc NO1-KP: handle: Another record before it has the same handle.",
                "poc 3: handle: ",
                "poc 4: handle: Name its handle.",
                "org HEN-2: pocLinkRef: There is no contact NO7-KP",
                "net NET-A: ",
                "net NET-B: orgHandle: There is no organization HEN-3",
            ],
        );
        // Those that are good by themselves, but do not fit each other.
        let to = "<orgHandle>HEN-1</orgHandle>";
        let under = |parent: &str| format!("{to}<parentNetHandle>{parent}</parentNetHandle>");
        let bad = [
            role("NO1-KP"),
            org("HEN-1", "NO1-KP"),
            net("NET-A", "DA", "192.0.2.0", 24, to),
            net("NET-B", "DA", "192.0.2.0", 25, to),
            net("NET-C", "S", "192.0.2.128", 26, &under("NET-A")),
            net("NET-D", "S", "192.0.2.128", 27, &under("NET-A")),
            net("NET-E", "S", "192.0.2.192", 27, &under("NET-Z")),
            net("NET-F", "A", "192.0.2.192", 27, to),
            net("NET-G", "S", "192.0.2.128", 28, &under("NET-C")),
            net("NET-H", "S", "198.51.100.0", 28, &under("NET-A")),
        ]
        .concat();
        assert_fails(
            &desk.import(&bad),
            &[
                "net NET-B: netBlocks: 192.0.2.0/25 overlaps",
                "net NET-D: netBlocks: 192.0.2.128/27 overlaps",
                "net NET-E: parentNetHandle: ",
                "net NET-F: parentNetHandle: ",
                "net NET-G: parentNetHandle: NET-C is reassigned",
                "net NET-H: netBlocks: 198.51.100.0/28 is no part of NET-A",
            ],
        );
        let nothing = desk.says(&["registry", "export"]);
        assert!(
            nothing.ends_with(
                "<collection xmlns=\"http://www.arin.net/regrws/core/v1\"></collection>"
            ),
            "{nothing}"
        );
        assert_fails(
            &desk.import("<poc><unknown/></poc>"),
            &["nothing was imported", "unknown"],
        );
        assert_fails(
            &desk.run(&["registry", "import", "/nonexistent"]),
            &["cannot read /nonexistent"],
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handles_that_were_imported_are_never_given_again() {
    let desk = Desk::new(Engine::Sqlite);
    let to = "<orgHandle>HEN-1</orgHandle>";
    let records = [
        role("NO1-KP"),
        role("NO7-KP"),
        org("HEN-1", "NO1-KP"),
        net("NET-192-0-2-0-4", "DA", "192.0.2.0", 24, to),
    ];
    assert!(desk.import(&records.concat()).status.success());
    let app = TestApp::spawn_on(desk.database, &[]).await;
    let maren = app.account("maren@example.com", "Maren Okafor");
    app.link(maren.id, "NO7-KP");
    let program = app.program_of(&maren);
    program.delete("/rest/poc/NO7-KP").await.expect(200);
    assert_eq!(app.role_contact("Network Operations", &[]), "NO8-KP");
    assert_eq!(
        app.organization_of("Harbor Example Networks", "NO1-KP"),
        "HEN-2"
    );
    app.link(maren.id, "NO1-KP");
    let path = "/rest/net/NET-192-0-2-0-4/reassign";
    let document = crate::support::networks::network("192.0.2.0", 28, to);
    let made = program.put_xml(path, &document).await.expect(200);
    assert_eq!(made.element("handle"), "NET-192-0-2-0-5");
    assert_eq!(
        app.audited("registry.import"),
        ["2 contacts, 1 organization, 0 customers, 1 network done"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demonstration_is_told_in_order_of_time_and_is_the_same_twice() {
    for desk in Desk::each() {
        let first = desk.says(&["demo", "--json"]);
        assert_eq!(desk.says(&["demo", "--json"]), first);
        let made: serde_json::Value = serde_json::from_str(&first).unwrap();
        let account = |email: &str| {
            let all = made["accounts"].as_array().unwrap();
            all.iter()
                .find(|account| account["email"] == email)
                .unwrap()
                .clone()
        };
        let app = TestApp::spawn_on(desk.database, &[]).await;
        let times = app.texts("SELECT at || '' AS text FROM audit_entries ORDER BY id");
        let times: Vec<i64> = times.iter().map(|at| at.parse().unwrap()).collect();
        assert!(times.is_sorted(), "{times:?}");
        assert!(times.len() > 40);
        // The command told the time by the machine's clock.
        app.clock
            .set(Timestamp::from_millis(*times.last().unwrap()));
        // Ines may view Harbor and change nothing; Tomas cuts from one network of Harbor's; the outsider has nothing.
        let program = |email: &str| app.program(account(email)["keys"][0]["key"].as_str().unwrap());
        let (ines, tomas) = (program("ines@example.com"), program("tomas@example.com"));
        let outsider = program("outsider@example.com");
        let org = ines.get("/rest/org/HEN-1").await.expect(200);
        ines.put_xml("/rest/org/HEN-1", org.text())
            .await
            .expect_error(401, "E_AUTHENTICATION");
        tomas
            .get("/rest/org/HEN-1")
            .await
            .expect_error(401, "E_AUTHENTICATION");
        let to = "<orgHandle>LEC-1</orgHandle>";
        for (net, start, status) in [
            ("NET-192-0-2-0-1", "192.0.2.16", 200),
            ("NET-198-51-100-0-1", "198.51.100.128", 403),
        ] {
            let document = crate::support::networks::network(start, 28, to);
            tomas
                .put_xml(&format!("/rest/net/{net}/reassign"), &document)
                .await
                .expect(status);
        }
        outsider
            .get("/rest/poc/NO1-KP")
            .await
            .expect_error(401, "E_AUTHENTICATION");
        let hidden =
            app.texts("SELECT handle AS text FROM customers WHERE is_private ORDER BY handle");
        assert_eq!(hidden, ["C00000001"]);
    }
}
