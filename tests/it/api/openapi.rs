//! The OpenAPI document: complete, the same as the one in `docs/`, and true.

use std::collections::BTreeSet;

use keyport::web::api::openapi::document;
use serde_json::Value;

use crate::on_both_engines;
use crate::support::route_table::routed;

/// After a change of the API: `KEYPORT_PUBLIC_URL=http://localhost:8080 cargo run -- openapi > docs/openapi.json`.
#[test]
fn the_document_in_docs_is_up_to_date() {
    let kept: Value =
        serde_json::from_str(&std::fs::read_to_string("docs/openapi.json").unwrap()).unwrap();
    assert!(
        kept == document("http://localhost:8080"),
        "docs/openapi.json is out of date"
    );
}

#[test]
fn every_call_of_the_route_table_is_described() {
    let document = document("http://localhost:8080");
    let described: BTreeSet<&str> = document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let calls = routed("call");
    let routed: BTreeSet<&str> = (calls.iter().map(String::as_str))
        // The downloads of programs for other registries are described with the registry.
        .filter(|path| path.starts_with("/api/"))
        .collect();
    assert_eq!(described, routed);
}

#[test]
fn every_call_names_its_refusals_and_every_reference_leads_somewhere() {
    let document = document("http://localhost:8080");
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let needs_key = operation["security"][0]["api_key"].is_array();
            let statuses = ["400", "500", "503"];
            for status in statuses.into_iter().chain(needs_key.then_some("401")) {
                assert!(
                    operation["responses"][status].is_object(),
                    "{method} {path} lacks {status}"
                );
            }
        }
    }
    let text = document.to_string();
    for rest in text.split("#/components/schemas/").skip(1) {
        let name = rest.split('"').next().unwrap();
        assert!(
            document["components"]["schemas"][name].is_object(),
            "{name}"
        );
    }
}

on_both_engines! {
    // Requests made from the document by schemathesis, valid and invalid ones: no 5xx, no undocumented status, no
    // answer that does not fit its schema. `scripts/test` installs it.
    async fn requests_made_from_the_document_find_nothing(app) {
        let Ok(program) = std::env::var("KEYPORT_TEST_SCHEMATHESIS") else { return };
        let mut maren = app.person("maren@example.com", "Maren Okafor").await;
        let fields = [
            ("name", "Tester"), ("expires_in", "never"), ("access", "chosen"),
            ("scope", "keys:read"), ("scope", "keys:write"), ("scope", "usage:read"),
        ];
        let key = maren.create_key(&fields).await;
        let document = app.database.folder.path().join("api.json");
        let answer = app.program(key.as_str()).get("/api/openapi.json").await.expect(200);
        std::fs::write(&document, answer.text()).unwrap();
        let output = tokio::process::Command::new(program)
            .args(["--config-file", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/schemathesis.toml"), "run"])
            .arg(&document)
            // A seed makes the run the same each time.
            .args(["--url", &app.url(""), "--checks", "all", "--max-examples", "25", "--seed", "1", "--no-color"])
            // A key that was deactivated can still be read, for its owner's records.
            .args(["--exclude-checks", "use_after_free"])
            .args(["-H", &format!("x-api-key: {key}")])
            // It leaves a folder where it runs.
            .current_dir(app.database.folder.path())
            .output()
            .await
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}
