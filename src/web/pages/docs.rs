//! The API reference, written from the OpenAPI document.

use actix_web::http::StatusCode;
use askama::Template;
use serde_json::Value;

use super::{PageResult, html};
use crate::web::api::openapi;
use crate::web::error::Code;
use crate::web::extract::visitor::Visitor;
use crate::web::layout::{Layout, Nav};

#[derive(Template)]
#[template(path = "pages/docs.html")]
struct DocsPage {
    layout: Layout,
    base: String,
    calls: Vec<Call>,
    codes: Vec<CodeRow>,
}

struct Call {
    id: String,
    method: String,
    path: String,
    summary: String,
    description: String,
    scope: String,
    parameters: Vec<Parameter>,
    fields: Vec<Parameter>,
    responses: Vec<ResponseRow>,
    example: String,
}

struct Parameter {
    name: String,
    place: String,
    description: String,
}

struct ResponseRow {
    status: String,
    description: String,
}

struct CodeRow {
    word: &'static str,
    status: u16,
    title: &'static str,
}

/// The page; for everyone, since nobody needs an account to read how keys are used.
pub async fn get(visitor: Visitor) -> PageResult {
    let base = visitor.state.site.base().to_owned();
    let document = openapi::document(&base);
    let page = DocsPage {
        layout: Layout::new(&visitor, "API reference", Nav::ApiReference),
        calls: calls(&document, &base),
        codes: Code::ALL
            .iter()
            .map(|code| code.row())
            .map(|(word, status, title)| CodeRow {
                word,
                status,
                title,
            })
            .collect(),
        base,
    };
    html(StatusCode::OK, &page)
}

fn calls(document: &Value, base: &str) -> Vec<Call> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths
        .flat_map(|(path, operations)| {
            let operations = operations.as_object().into_iter().flatten();
            operations.map(move |(method, operation)| call(document, base, path, method, operation))
        })
        .collect()
}

fn call(document: &Value, base: &str, path: &str, method: &str, operation: &Value) -> Call {
    let scope = operation["security"][0]["api_key"][0].as_str();
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    Call {
        id: text(&operation["operationId"]),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(&operation["summary"]),
        description: text(&operation["description"]),
        scope: scope.map_or_else(|| "any key".to_owned(), |scope| format!("scope {scope}")),
        parameters: operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|parameter| Parameter {
                name: text(&parameter["name"]),
                place: text(&parameter["in"]),
                description: text(&parameter["description"]),
            })
            .collect(),
        fields: fields(document, body),
        responses: operation["responses"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(status, response)| ResponseRow {
                status: status.clone(),
                description: text(&response["description"]).replace('`', ""),
            })
            .collect(),
        example: example(document, base, path, method, body),
    }
}

/// The fields of a body whose schema is a reference.
fn fields(document: &Value, schema: &Value) -> Vec<Parameter> {
    let Some(schema) = resolve(document, schema) else {
        return Vec::new();
    };
    let required = schema["required"].as_array();
    schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, property)| Parameter {
            place: match required.is_some_and(|names| names.iter().any(|known| known == name)) {
                true => "required".to_owned(),
                false => "optional".to_owned(),
            },
            description: text(&property["description"]).replace('`', ""),
            name: name.clone(),
        })
        .collect()
}

fn resolve<'a>(document: &'a Value, schema: &Value) -> Option<&'a Value> {
    let name = schema["$ref"].as_str()?.rsplit('/').next()?;
    Some(&document["components"]["schemas"][name])
}

fn example(document: &Value, base: &str, path: &str, method: &str, schema: &Value) -> String {
    let method = match method {
        "get" => String::new(),
        other => format!(" -X {}", other.to_uppercase()),
    };
    let path = path.replace("{id}", "$KEY_ID");
    let body = resolve(document, schema).map(|schema| {
        let fields: serde_json::Map<String, Value> = schema["properties"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, property)| (name.clone(), property["example"].clone()))
            .filter(|(_, example)| !example.is_null())
            .collect();
        format!(
            " \\\n  -H \"content-type: application/json\" \\\n  -d '{}'",
            Value::Object(fields)
        )
    });
    format!(
        "curl{method} -H \"x-api-key: $KEYPORT_KEY\" {base}{path}{}",
        body.unwrap_or_default()
    )
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
