//! The door of the wire format: what is said of a call before any record is looked at.

use quick_xml::events::Event;
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::{NsReader, XmlVersion};
use reqwest::{Client, Method};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::on_both_engines;
use crate::support::actors::{Answer, id_of};
use crate::support::{Person, TestApp};

const CORE: &str = "http://www.arin.net/regrws/core/v1";
const XML: &str = "application/xml; charset=utf-8";
const MAX_BODY: usize = 1 << 20;
/// Of a body that is sent in pieces.
const PIECE: usize = 1 << 16;

/// A person and a full key.
async fn key_of(app: &TestApp) -> (Person, String) {
    let mut maren = app.person("maren@example.com", "Maren").await;
    let fields = [("name", "CI"), ("expires_in", "90d"), ("access", "all")];
    let key = maren.create_key(&fields).await;
    (maren, key)
}

/// Asks with these headers and no other, but what HTTP needs.
async fn ask(
    app: &TestApp,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<reqwest::Body>,
) -> Answer {
    let method: Method = method.parse().unwrap();
    let mut request = Client::new().request(method, app.url(path)).body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Answer::of(request.send().await.unwrap()).await
}

async fn get(app: &TestApp, path: &str, headers: &[(&str, &str)]) -> Answer {
    ask(app, "GET", path, headers, "").await
}

/// What an error says.
#[derive(Debug, Default)]
struct Refusal {
    message: String,
    code: String,
    components: Vec<String>,
    additional: Vec<String>,
}

/// Every element of a well-formed document with its text, all in the core namespace: `error/message`, `…`.
#[track_caller]
fn elements(document: &str) -> Vec<(String, String)> {
    let mut reader = NsReader::from_str(document);
    let (mut path, mut elements): (Vec<String>, Vec<(String, String)>) = (Vec::new(), Vec::new());
    let mut at = Vec::new();
    loop {
        let (space, event) = reader.read_resolved_event().expect(document);
        match event {
            Event::Start(start) => {
                assert_eq!(space, ResolveResult::Bound(Namespace(CORE)), "{document}");
                path.push(start.local_name().as_ref().to_owned());
                at.push(elements.len());
                elements.push((path.join("/"), String::new()));
            }
            Event::End(_) => {
                path.pop();
                at.pop();
            }
            Event::Text(text) => {
                let element = *at.last().expect(document);
                elements[element].1 += &text.xml_content(XmlVersion::Implicit1_0);
            }
            Event::GeneralRef(reference) => {
                let text = quick_xml::escape::resolve_predefined_entity(&reference);
                elements[*at.last().expect(document)].1 += text.expect(document);
            }
            Event::Eof => break,
            Event::Decl(_) => {}
            other => panic!("{other:?} in {document}"),
        }
    }
    assert!(path.is_empty() && !elements.is_empty(), "{document}");
    elements
}

/// Asserts a refusal: its status and code, and what every answer has.
#[track_caller]
fn refused(answer: Answer, status: u16, code: &str) -> Refusal {
    let answer = answer.expect(status);
    let mut refusal = Refusal::default();
    for (path, text) in elements(answer.text()) {
        match path.as_str() {
            "error/message" => refusal.message = text,
            "error/code" => refusal.code = text,
            "error/components/component/name" => refusal.components.push(text),
            "error/additionalInfo/message" => refusal.additional.push(text),
            _ => {}
        }
    }
    assert_eq!(refusal.code, code, "{refusal:?}");
    assert!(!refusal.message.is_empty());
    assert_eq!(answer.header("content-type"), XML);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    let id = answer.header("x-request-id");
    assert_eq!(refusal.additional[1], format!("request id: {id}"));
    refusal
}

on_both_engines! {
    async fn what_is_not_offered_is_not_mistaken_for_a_missing_record(app) {
        let (_, key) = key_of(&app).await;
        for path in [
            "/rest", "/rest/", "/rest/delegation/2.0.192.in-addr.arpa", "/rest/net/NET-1/delegations", "/rest/roa/HEN-1",
            "/rest/irr/route/192.0.2.0/24/AS64496", "/rest/report/whoWas/net/192.0.2.0", "/rest/poc/A/B", "/rest/POC/A",
            "/rest/net/mostSpecificNet/192.0.2.0", "/rest/org//poc", "/rest/poc/%FF", "/rest/ticket/1/message/1/attachment",
        ] {
            for headers in [&[][..], &[("x-api-key", key.as_str())]] {
                let refusal = refused(get(&app, path, headers).await, 404, "E_UNSPECIFIED");
                assert!(refusal.message.contains("not offered here"), "{path}");
            }
        }
        let refusal = refused(get(&app, "/rest/poc/NO1-KP", &[("x-api-key", &key)]).await, 404, "E_OBJECT_NOT_FOUND");
        assert!(refusal.message.contains("NO1-KP"));
    }
}

on_both_engines! {
    async fn a_path_says_which_methods_it_takes(app) {
        for (method, path, allow) in [
            ("POST", "/rest/poc/MO1-KP", "GET, HEAD, PUT, DELETE"),
            ("POST", "/rest/org/HEN-1", "GET, HEAD, PUT, DELETE"),
            ("GET", "/rest/poc", "POST"),
            ("PUT", "/rest/org/", "POST"),
            ("GET", "/rest/poc/MO1-KP/phone/", "PUT, DELETE"),
            ("POST", "/rest/net/NET-192-0-2-0-1/reassign", "PUT"),
            ("DELETE", "/rest/ticket/20261122-X1", "GET, HEAD, PUT"),
            ("PATCH", "/rest/customer/C00000001", "GET, HEAD, PUT, DELETE"),
            ("OPTIONS", "/rest/net/parentNet/192.0.2.0/192.0.2.255", "GET, HEAD"),
            ("PUT", "/rest/report/associations", "GET"),
        ] {
            // Before any key is looked at.
            let answer = ask(&app, method, path, &[], "").await;
            assert_eq!(answer.header("allow"), allow, "{method} {path}");
            refused(answer, 405, "E_BAD_REQUEST");
        }
        // This GET opens a ticket, so it is not asked for by HEAD.
        let head = ask(&app, "HEAD", "/rest/report/associations", &[], "").await;
        assert_eq!((head.status.as_u16(), head.header("allow")), (405, "GET"));
    }
}

on_both_engines! {
    async fn without_a_good_key_it_is_400(app) {
        let (mut maren, key) = key_of(&app).await;
        let path = "/rest/poc/MO1-KP";
        let missing = refused(get(&app, path, &[]).await, 400, "E_AUTHENTICATION");
        assert_eq!(missing.additional[0], "missing_key");
        // Mistyped at its end, whatever that is.
        let other = if key.ends_with('z') { "y" } else { "z" };
        for noise in ["", "kp_x", "x".repeat(500).as_str(), &format!("{}{other}", &key[..51])] {
            refused(get(&app, path, &[("x-api-key", noise)]).await, 400, "E_AUTHENTICATION");
        }
        // A session is no key.
        let in_session = refused(maren.get(path).await, 400, "E_AUTHENTICATION");
        assert_eq!(in_session.additional[0], "missing_key");
        // The name of the parameter is exact.
        let misspelled = get(&app, &format!("{path}?ApiKey={key}"), &[]).await;
        assert_eq!(refused(misspelled, 400, "E_AUTHENTICATION").additional[0], "missing_key");
        for (name, value) in [
            ("authorization", format!("ApiKey {key}")),
            ("authorization", format!("apikey {key}")),
            ("authorization", format!("Bearer {key}")),
            ("x-api-key", key.clone()),
        ] {
            refused(get(&app, path, &[(name, &value)]).await, 404, "E_OBJECT_NOT_FOUND");
        }
        maren.deactivate(&id_of(&key)).await;
        let ended = refused(get(&app, path, &[("x-api-key", &key)]).await, 400, "E_AUTHENTICATION");
        assert_eq!(ended.additional[0], "deactivated_key");
    }
}

on_both_engines! {
    async fn one_key_may_come_twice_but_not_two_keys(app) {
        let (mut maren, key) = key_of(&app).await;
        let other = maren.create_key(&[("name", "B"), ("expires_in", "90d"), ("access", "all")]).await;
        let same = [("authorization", format!("ApiKey {key}")), ("x-api-key", key.clone())];
        let same = same.each_ref().map(|(name, value)| (*name, value.as_str()));
        refused(get(&app, "/rest/poc/A1-KP", &same).await, 404, "E_OBJECT_NOT_FOUND");
        let bearer = format!("Bearer {other}");
        let two = [("authorization", bearer.as_str()), ("x-api-key", &key)];
        let refusal = refused(get(&app, "/rest/poc/A1-KP", &two).await, 400, "E_BAD_REQUEST");
        assert_eq!(refusal.additional[0], "two_keys");
    }
}

/// What the key's page warns of.
async fn warning(maren: &mut Person, key: &str) -> String {
    let page = maren
        .get(&format!("/settings/api/{}", id_of(key)))
        .await
        .page;
    match page.has(".notice.warn") {
        true => page.words(".notice.warn"),
        false => String::new(),
    }
}

on_both_engines! {
    async fn a_key_in_the_address_is_refused_with_advice_and_flagged(app) {
        let (mut maren, key) = key_of(&app).await;
        app.flush();
        assert_eq!(warning(&mut maren, &key).await, "");
        let path = format!("/rest/poc/A1-KP?apikey={key}");
        for headers in [&[][..], &[("x-api-key", key.as_str())]] {
            let answer = get(&app, &path, headers).await;
            assert!(!answer.text().contains(&key[14..]));
            let refusal = refused(answer, 400, "E_BAD_REQUEST");
            assert_eq!(refusal.additional[0], "key_in_url");
            assert!(refusal.message.contains("header"), "{}", refusal.message);
        }
        app.flush();
        assert!(warning(&mut maren, &key).await.starts_with("This key was seen in a URL"));
    }
}

on_both_engines! {
    with [("KEYPORT_QUERY_KEYS", "allow")],
    async fn where_keys_in_addresses_are_allowed_they_work_and_are_flagged(app) {
        let (mut maren, key) = key_of(&app).await;
        let path = format!("/rest/poc/A1-KP?apikey={key}");
        refused(get(&app, &path, &[]).await, 404, "E_OBJECT_NOT_FOUND");
        refused(get(&app, &path, &[("x-api-key", &key)]).await, 404, "E_OBJECT_NOT_FOUND");
        let other = maren.create_key(&[("name", "B"), ("expires_in", "90d"), ("access", "all")]).await;
        refused(get(&app, &path, &[("x-api-key", &other)]).await, 400, "E_BAD_REQUEST");
        app.flush();
        assert!(warning(&mut maren, &key).await.starts_with("This key was seen in a URL"));
        assert_eq!(warning(&mut maren, &other).await, "");
    }
}

on_both_engines! {
    async fn scopes_addresses_and_limits_of_keys_hold_here_too(app) {
        let (mut maren, _) = key_of(&app).await;
        let reader = [("name", "R"), ("expires_in", "90d"), ("access", "chosen"), ("scope", "registry:read")];
        let reader = maren.create_key(&reader).await;
        let key = [("x-api-key", reader.as_str()), ("content-type", "text/xml")];
        refused(get(&app, "/rest/poc/A1-KP", &key).await, 404, "E_OBJECT_NOT_FOUND");
        for (method, path, scope) in [
            ("POST", "/rest/poc", "registry:write"),
            ("DELETE", "/rest/poc/A1-KP", "registry:write"),
            ("GET", "/rest/report/associations", "reports:read"),
        ] {
            // Before the document is read.
            let refusal = refused(ask(&app, method, path, &key, "<").await, 403, "E_AUTHENTICATION");
            assert!(refusal.message.contains(scope), "{}", refusal.message);
            assert_eq!(refusal.additional[0], "missing_scope");
        }
        let elsewhere = [("name", "E"), ("expires_in", "90d"), ("access", "all"), ("allowed_addresses", "192.0.2.7")];
        let elsewhere = maren.create_key(&elsewhere).await;
        refused(get(&app, "/rest/poc/A1-KP", &[("x-api-key", &elsewhere)]).await, 403, "E_AUTHENTICATION");
        let limited = [("name", "L"), ("expires_in", "90d"), ("access", "all"), ("rate_limit", "1")];
        let limited = maren.create_key(&limited).await;
        refused(get(&app, "/rest/poc/A1-KP", &[("x-api-key", &limited)]).await, 404, "E_OBJECT_NOT_FOUND");
        let answer = get(&app, "/rest/poc/A1-KP", &[("x-api-key", &limited)]).await;
        assert!(!answer.header("retry-after").is_empty());
        refused(answer, 429, "E_TOO_MANY_REQUESTS");
    }
}

on_both_engines! {
    async fn answers_and_documents_are_xml(app) {
        let (_, key) = key_of(&app).await;
        let key = ("x-api-key", key.as_str());
        let path = "/rest/poc/A1-KP";
        for accept in ["application/json", "text/html, image/*", "application/xml;q=0"] {
            refused(get(&app, path, &[key, ("accept", accept)]).await, 406, "E_BAD_REQUEST");
        }
        for accept in ["*/*", "application/*", "text/html, text/xml;q=0.1"] {
            refused(get(&app, path, &[key, ("accept", accept)]).await, 404, "E_OBJECT_NOT_FOUND");
        }
        let types = [&[key][..], &[key, ("content-type", "application/json")], &[key, ("content-type", "text/plain")]];
        for headers in types {
            refused(ask(&app, "POST", "/rest/poc", headers, "<poc/>").await, 415, "E_BAD_REQUEST");
        }
        for kind in ["application/xml", "text/xml; charset=utf-8", "TEXT/XML"] {
            let headers = [key, ("content-type", kind)];
            refused(ask(&app, "POST", "/rest/poc/", &headers, "<poc/>").await, 400, "E_SCHEMA_VALIDATION");
        }
        // What has no document is not asked for its type.
        refused(ask(&app, "DELETE", path, &[key, ("content-type", "text/plain")], "x").await, 404, "E_OBJECT_NOT_FOUND");
    }
}

/// Sends a mebibyte in pieces, without its length, and then `last`; returns the first line of the answer.
async fn send_in_pieces(app: &TestApp, key: &str, last: &str) -> String {
    let mut stream = BufReader::new(TcpStream::connect(app.address).await.unwrap());
    let head = format!(
        "POST /rest/poc HTTP/1.1\r\nHost: keyport\r\nx-api-key: {key}\r\nContent-Type: text/xml\r\n\
         Transfer-Encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let piece = format!("{PIECE:x}\r\n{}\r\n", " ".repeat(PIECE));
    for _ in 0..MAX_BODY / PIECE {
        stream.write_all(piece.as_bytes()).await.unwrap();
    }
    stream.write_all(last.as_bytes()).await.unwrap();
    let mut line = String::new();
    stream.read_line(&mut line).await.unwrap();
    line.trim_end().to_owned()
}

on_both_engines! {
    async fn a_document_can_hold_a_mebibyte(app) {
        let (_, key) = key_of(&app).await;
        let headers = [("x-api-key", key.as_str()), ("content-type", "application/xml")];
        let much = ask(&app, "POST", "/rest/poc", &headers, " ".repeat(MAX_BODY + 1)).await;
        refused(much, 413, "E_BAD_REQUEST");
        let just = ask(&app, "POST", "/rest/poc", &headers, " ".repeat(MAX_BODY)).await;
        refused(just, 400, "E_SCHEMA_VALIDATION");
        // Counted while it is read: nothing says beforehand how long it is.
        let one_more = send_in_pieces(&app, &key, "1\r\n \r\n").await;
        assert_eq!(one_more, "HTTP/1.1 413 Payload Too Large");
        let no_more = send_in_pieces(&app, &key, "0\r\n\r\n").await;
        assert_eq!(no_more, "HTTP/1.1 400 Bad Request");
    }
}

on_both_engines! {
    async fn what_is_no_document_of_this_format_changes_nothing(app) {
        let (_, key) = key_of(&app).await;
        let headers = [("x-api-key", key.as_str()), ("content-type", "application/xml")];
        let nested = format!("<poc xmlns=\"{CORE}\">{}", "<comment>".repeat(10_000));
        let cases: [(&str, &str); 11] = [
            ("", ""),
            ("<poc", ""),
            ("{\"poc\": 1}", ""),
            ("<!DOCTYPE poc [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><poc>&x;</poc>", ""),
            ("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><poc/>", ""),
            ("<poc/>", "poc"),
            ("<poc xmlns=\"http://www.arin.net/regrws/core/v2\"/>", "poc"),
            (&format!("<org xmlns=\"{CORE}\"/>"), "org"),
            (&nested, ""),
            (&format!("<n:poc xmlns:n=\"{CORE}\"><n:colour/></n:poc>"), "colour"),
            (&format!("<poc xmlns=\"{CORE}\"><city>A</city><city>B</city></poc>"), "city"),
        ];
        for (document, component) in cases {
            let answer = ask(&app, "POST", "/rest/poc", &headers, document.to_owned()).await;
            let refusal = refused(answer, 400, "E_SCHEMA_VALIDATION");
            let expected: Vec<&str> = [component].into_iter().filter(|name| !name.is_empty()).collect();
            assert_eq!(refusal.components, expected, "{document}");
        }
        let latin = b"<?xml version=\"1.0\"?><poc>\xe9</poc>".to_vec();
        let wide: Vec<u8> = "\u{feff}<poc/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [latin, wide] {
            refused(ask(&app, "POST", "/rest/poc", &headers, bytes).await, 400, "E_SCHEMA_VALIDATION");
        }
        let empty = format!("<poc xmlns=\"{CORE}\"/>");
        let refusal = refused(ask(&app, "POST", "/rest/poc", &headers, empty).await, 400, "E_ENTITY_VALIDATION");
        assert_eq!(
            refusal.components,
            ["contactType", "emails", "phones", "streetAddress", "city", "iso3166-1", "lastName"]
        );
        assert_eq!(app.text("SELECT CAST(count(*) AS TEXT) AS text FROM contacts"), "0");
    }
}

on_both_engines! {
    async fn calls_are_in_the_usage_log_unless_there_is_no_such_call(app) {
        let (mut maren, key) = key_of(&app).await;
        let headers = [("x-api-key", key.as_str()), ("content-type", "text/plain")];
        get(&app, "/rest/roa/HEN-1", &headers).await.expect(404);
        ask(&app, "PATCH", "/rest/poc/A1-KP", &headers, "").await.expect(405);
        get(&app, "/rest/poc/A1-KP?x=secret", &headers).await.expect(404);
        ask(&app, "POST", "/rest/poc;makeLink=true", &headers, "<").await.expect(415);
        app.flush();
        let page = maren.get(&format!("/settings/api/{}?requests=all", id_of(&key))).await.page;
        let mut requests = page.all(".requests .request");
        requests.sort();
        assert_eq!(requests, ["GET /rest/poc/A1-KP", "POST /rest/poc;makeLink=true"]);
        assert!(!page.text.contains("x=secret"));
    }
}
