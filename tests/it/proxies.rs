//! The gateways of `deploy/`, each in front of a service: what passes, what does not, and what each side gets to see.

use std::net::{IpAddr, Ipv4Addr};

use keyport::store::usage::{self, RequestRow};
use reqwest::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::actors::{Answer, id_of};
use crate::support::proxy::{Gateway, Proxy, free_address};
use crate::support::upstream::{STREAM_BEGIN, Seen, Upstream};
use crate::support::{Engine, Person, TestApp};

/// Where clients of these tests are: another address than the gateways', so that the two cannot be mistaken.
const CLIENT: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

const IDENTITY: [&str; 5] = [
    "x-keyport-key-id",
    "x-keyport-account-id",
    "x-keyport-account-name",
    "x-keyport-scopes",
    "x-keyport-expires",
];

/// keyport, a service, and a gateway between it and its clients. The gateway goes first when all of it ends.
struct Place {
    gateway: Gateway,
    proxy: Proxy,
    service: Upstream,
    maren: Person,
    app: TestApp,
    client: reqwest::Client,
}

impl Place {
    async fn new(gateway: Gateway, settings: &[(&str, &str)]) -> Self {
        let settings = [&[("KEYPORT_TRUSTED_PROXIES", "127.0.0.1")], settings].concat();
        let app = TestApp::spawn_with(Engine::Sqlite, &settings).await;
        let service = Upstream::spawn().await;
        let proxy = Proxy::start(gateway, app.address, service.address).await;
        let client = reqwest::Client::builder()
            .local_address(IpAddr::from(CLIENT))
            .build()
            .unwrap();
        Self {
            gateway,
            maren: app.person("maren@example.com", "Maren Økafor").await,
            proxy,
            service,
            app,
            client,
        }
    }

    async fn key(&mut self, fields: &[(&str, &str)]) -> String {
        let all = [&[("name", "CI"), ("expires_in", "1h")], fields].concat();
        self.maren.create_key(&all).await
    }

    async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let url = format!("http://{}{path}", self.proxy.address);
        let mut request = self.client.request(method, url).body("a body");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request.send().await.unwrap()).await
    }

    async fn get(&self, path: &str, key: &str) -> Answer {
        self.send(Method::GET, path, &[("x-api-key", key)]).await
    }

    /// The status of a request whose path no client library would send as it is.
    async fn status_of_raw(&self, path: &str, key: &str) -> u16 {
        let address = self.proxy.address;
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nx-api-key: {key}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let status = answer.split(' ').nth(1);
        status
            .unwrap_or_else(|| panic!("no status: {answer}"))
            .parse()
            .unwrap()
    }

    /// The one request that reached the service.
    #[track_caller]
    fn arrived(&self) -> Seen {
        let mut seen = self.service.take();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.remove(0)
    }

    #[track_caller]
    fn nothing_arrived(&self) {
        let seen = self.service.take();
        assert!(seen.is_empty(), "{seen:?}");
    }

    /// What the usage log holds of a key, the newest first.
    fn log_of(&self, key: &str) -> Vec<RequestRow> {
        self.app.flush();
        let id = id_of(key).parse().unwrap();
        let read = |db: &mut _| usage::list_requests(db, id, 10);
        self.app.state.pool.read_now(read).unwrap()
    }
}

/// Makes three tests of one: behind nginx, Caddy and HAProxy, if `KEYPORT_TEST_PROXIES` asks for them.
macro_rules! behind_each_gateway {
    (async fn $name:ident($place:ident $(, $setting:expr)?) $body:block) => {
        async fn $name(mut $place: Place) $body

        mod $name {
            use super::{Gateway, Place};

            async fn behind(gateway: Gateway) {
                let settings: &[(&str, &str)] = &[$($setting)?];
                if gateway.is_tested() {
                    super::$name(Place::new(gateway, settings).await).await;
                }
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn nginx() {
                behind(Gateway::Nginx).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn caddy() {
                behind(Gateway::Caddy).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn haproxy() {
                behind(Gateway::Haproxy).await;
            }
        }
    };
}

behind_each_gateway! {
    async fn an_accepted_request_arrives_with_whose_it_is_and_without_its_key(place) {
        let key = place.key(&[("access", "chosen"), ("scope", "keys:read"), ("scope", "reports:read")]).await;
        let account = place.app.program(&key).get("/api/v1/account").await.expect(200).json();
        for (name, value) in [
            ("x-api-key", key.clone()),
            ("authorization", format!("Bearer {key}")),
            ("authorization", format!("ApiKey {key}")),
        ] {
            let answer = place.send(Method::POST, "/things/7%2F8?a=1&b=%20", &[(name, &value)]).await.expect(200);
            assert_eq!(answer.text(), "the service's answer");
            let seen = place.arrived();
            assert_eq!((seen.method.as_str(), seen.body.as_str()), ("POST", "a body"));
            assert_eq!(seen.target, "/things/7%2F8?a=1&b=%20");
            assert_eq!(seen.all("x-keyport-key-id"), [id_of(&key)]);
            assert_eq!(seen.all("x-keyport-account-id"), [account["account_id"].as_str().unwrap()]);
            assert_eq!(seen.all("x-keyport-account-name"), ["Maren%20%C3%98kafor"]);
            assert_eq!(seen.all("x-keyport-scopes"), ["keys:read reports:read"]);
            assert_eq!(seen.all("x-keyport-expires"), ["2026-11-22T19:31:00Z"]);
            assert!(seen.mentions(&key).is_empty(), "{seen:?}");
            assert!(seen.all("authorization").is_empty());
            assert_eq!(seen.all("x-forwarded-for"), [CLIENT.to_string()]);
            assert_eq!(seen.all("x-forwarded-proto"), ["http"]);
        }
    }
}

behind_each_gateway! {
    async fn forged_headers_never_reach_the_service(place) {
        // Without an expiry, the true X-Keyport-Expires is empty: that too replaces a forged one.
        let key = place.maren.create_key(&[("name", "Long"), ("expires_in", "never"), ("access", "all")]).await;
        let mut forged = vec![("x-api-key", key.clone())];
        let spellings = IDENTITY.iter().flat_map(|name| {
            [(*name).to_owned(), name.replace('-', "_"), name.replacen('-', "_", 1), name.replacen("t-", "t_", 2)]
        });
        let names: Vec<String> = spellings
            .chain(["x-keyport-admin", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-method"].map(str::to_owned))
            .chain(["x-forwarded-uri", "x-original-uri", "x-original-method", "x-original-url", "x_forwarded_for"].map(str::to_owned))
            .collect();
        forged.extend(names.iter().map(|name| (name.as_str(), "for=203.0.113.9".to_owned())));
        // The identity that is there must not be taken away either.
        let named = format!("close, {}, x-forwarded-for, x-original-method, x-forwarded-uri", IDENTITY.join(", "));
        for connection in ["keep-alive", named.as_str()] {
            let mut headers: Vec<(&str, &str)> = forged.iter().map(|(name, value)| (*name, value.as_str())).collect();
            headers.push(("connection", connection));
            place.send(Method::GET, "/", &headers).await.expect(200);
            let seen = place.arrived();
            let left: Vec<_> = seen.mentions("203.0.113.9").into_iter().filter(|name| *name != "x-keyport-admin").collect();
            assert!(left.is_empty(), "{left:?} in {seen:?}");
            assert_eq!(seen.all("x-keyport-key-id"), [id_of(&key)]);
            assert_eq!(seen.all("x-keyport-account-name"), ["Maren%20%C3%98kafor"]);
            assert!(seen.all("x-keyport-expires").iter().all(|value| value.is_empty()), "{seen:?}");
            assert_eq!(seen.all("x-forwarded-for"), [CLIENT.to_string()]);
        }
    }
}

behind_each_gateway! {
    async fn a_refused_key_gets_401_and_the_service_is_not_called(place) {
        let key = place.key(&[("access", "all")]).await;
        place.get("/", &key).await.expect(200);
        place.arrived();
        place.maren.deactivate(&id_of(&key)).await;
        let missing = place.send(Method::GET, "/", &[]).await;
        for refused in [missing, place.get("/", "kp_nonsense").await, place.get("/", &key).await] {
            let refused = refused.expect(401);
            let challenges: Vec<_> = refused.headers.get_all("www-authenticate").iter().collect();
            assert_eq!(challenges, ["ApiKey realm=\"keyport\""]);
            assert_eq!(refused.header("content-type"), "application/problem+json");
            assert_eq!(refused.json()["status"], 401);
            assert!(!refused.header("x-request-id").is_empty());
            place.nothing_arrived();
        }
        place.send(Method::POST, "/", &[("x-api-key", &key)]).await.expect(401);
        place.send(Method::GET, "/_keyport/any", &[]).await.expect(if place.gateway == Gateway::Nginx { 404 } else { 401 });
        place.nothing_arrived();
    }
}

behind_each_gateway! {
    async fn a_stream_that_runs_when_its_key_is_deactivated_completes(place) {
        let key = place.key(&[("access", "all")]).await;
        let url = format!("http://{}/stream", place.proxy.address);
        let mut stream = place.client.get(url).header("x-api-key", &key).send().await.unwrap();
        assert_eq!(stream.status(), 200);
        let mut body = stream.chunk().await.unwrap().unwrap().to_vec();
        place.maren.deactivate(&id_of(&key)).await;
        place.get("/", &key).await.expect(401);
        place.service.end_stream();
        while let Some(chunk) = stream.chunk().await.unwrap() {
            body.extend_from_slice(&chunk);
        }
        assert_eq!(body.len(), STREAM_BEGIN + " to the end".len());
        assert!(body.ends_with(b" to the end"));
    }
}

behind_each_gateway! {
    async fn a_missing_scope_is_403_however_the_path_is_written(place) {
        let reader = place.key(&[("access", "chosen"), ("scope", "keys:read")]).await;
        let reporter = place.key(&[("access", "chosen"), ("scope", "reports:read")]).await;
        let refused = place.get("/reports/2026", &reader).await.expect(403);
        assert_eq!(refused.json()["status"], 403);
        for path in ["//reports/2026", "/a/../reports/2026", "/%72eports/2026", "/a%2f..%2freports/x", "/./reports", "/reports"] {
            let status = place.status_of_raw(path, &reader).await;
            assert!(matches!(status, 400 | 403), "{path}: {status}");
        }
        place.nothing_arrived();
        place.get("/reports/2026", &reporter).await.expect(200);
        assert_eq!(place.arrived().all("x-keyport-scopes"), ["reports:read"]);
        place.get("/other", &reader).await.expect(200);
        place.arrived();
    }
}

behind_each_gateway! {
    async fn over_the_limit_is_429_with_the_time_to_wait(place) {
        let key = place.key(&[("access", "all"), ("rate_limit", "2")]).await;
        for _ in 0..2 {
            place.get("/", &key).await.expect(200);
            place.arrived();
        }
        let refused = place.get("/", &key).await.expect(429);
        assert_eq!(refused.header("retry-after"), "60");
        assert_eq!(refused.header("ratelimit-policy"), "\"minute\";q=2;w=60");
        assert!(refused.header("ratelimit").contains("r=0"));
        assert_eq!(refused.json()["status"], 429);
        place.nothing_arrived();
        place.app.advance(chrono::TimeDelta::seconds(60));
        place.get("/", &key).await.expect(200);
    }
}

behind_each_gateway! {
    async fn two_credentials_or_a_key_in_the_url_are_400(place) {
        let key = place.key(&[("access", "all")]).await;
        let two = [("x-api-key", key.as_str()), ("authorization", "Bearer kp_other")];
        place.send(Method::GET, "/", &two).await.expect(400);
        let refused = place.send(Method::GET, &format!("/?a=1&apikey={key}"), &[]).await.expect(400);
        assert_eq!(refused.json()["status"], 400);
        place.nothing_arrived();
    }
}

behind_each_gateway! {
    async fn a_key_in_the_url_that_is_allowed_there_goes_no_further(place, ("KEYPORT_QUERY_KEYS", "allow")) {
        let key = place.key(&[("access", "all")]).await;
        for query in [
            format!("apikey={key}"),
            format!("a=1&apikey={key}&b=%2F"),
            format!("apikey={key}&apikey={key}&a=1"),
        ] {
            let answer = place.send(Method::GET, &format!("/things?{query}"), &[]).await;
            // Caddy cannot take a part out of a query, so there the request ends.
            if place.gateway == Gateway::Caddy {
                answer.expect(400);
                place.nothing_arrived();
                continue;
            }
            answer.expect(200);
            let seen = place.arrived();
            assert!(!seen.target.contains("apikey"), "{}", seen.target);
            assert_eq!(seen.target.contains("a=1"), query.contains("a=1"), "{}", seen.target);
            assert!(seen.mentions(&key).is_empty(), "{seen:?}");
        }
        assert_eq!(place.log_of(&key)[0].path, "/things");
    }
}

behind_each_gateway! {
    async fn the_usage_log_holds_the_original_request_and_the_true_address(place) {
        let key = place.key(&[("access", "all")]).await;
        let headers = [
            ("x-api-key", key.as_str()),
            ("user-agent", "exporter/2"),
            ("x-forwarded-for", "203.0.113.9"),
            ("forwarded", "for=203.0.113.9"),
            ("x-original-uri", "/forged"),
            ("x-original-method", "TRACE"),
            ("x-forwarded-uri", "/forged"),
            ("x-forwarded-method", "TRACE"),
            ("x-original-url", "/forged"),
            ("x-auth-request-method", "TRACE"),
        ];
        place.send(Method::DELETE, "/things/7?a=1", &headers).await.expect(200);
        place.send(Method::PUT, "/reports/7", &headers).await.expect(200);
        let log = place.log_of(&key);
        // Each worker writes its own, so two of one instant come in any order.
        let mut told: Vec<_> = log.iter().map(|row| (row.method.as_str(), row.path.as_str(), row.status)).collect();
        told.sort_unstable();
        assert_eq!(told, [("DELETE", "/things/7", 200), ("PUT", "/reports/7", 200)]);
        for row in &log {
            assert_eq!(row.address, CLIENT.to_string());
            assert_eq!(row.client, "exporter/2");
        }
    }
}

/// Every request is refused while keyport is not there, and while it takes connections but gives no answer.
async fn nothing_passes_without_an_answer(gateway: Gateway) {
    if !gateway.is_tested() {
        return;
    }
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let service = Upstream::spawn().await;
    for keyport in [free_address(), silent.local_addr().unwrap()] {
        let proxy = Proxy::start(gateway, keyport, service.address).await;
        for path in ["/", "/reports/7"] {
            let url = format!("http://{}{path}", proxy.address);
            let request = reqwest::Client::new()
                .get(url)
                .header("x-api-key", "kp_any");
            let status = request.send().await.unwrap().status();
            assert!(status.is_server_error(), "{status}");
        }
    }
    assert!(service.take().is_empty());
}

mod nothing_passes_without_an_answer {
    use super::Gateway;

    #[tokio::test]
    async fn nginx() {
        super::nothing_passes_without_an_answer(Gateway::Nginx).await;
    }

    #[tokio::test]
    async fn caddy() {
        super::nothing_passes_without_an_answer(Gateway::Caddy).await;
    }

    #[tokio::test]
    async fn haproxy() {
        super::nothing_passes_without_an_answer(Gateway::Haproxy).await;
    }
}
