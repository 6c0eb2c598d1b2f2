//! The OpenAPI document: complete, and the same as the one in `docs/`.

use std::collections::BTreeSet;

use keyport::web::api::openapi::document;
use serde_json::Value;

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
    let table = std::fs::read_to_string("src/web/mod.rs").unwrap();
    let document = document("http://localhost:8080");
    let described: BTreeSet<&str> = document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let routed: BTreeSet<&str> = table
        .split("call(\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert_eq!(described, routed);
}

#[test]
fn every_call_names_its_refusals_and_every_reference_leads_somewhere() {
    let document = document("http://localhost:8080");
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            for status in ["400", "401", "500", "503"] {
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
