//! People with browsers and programs with keys. Both go through public routes only.

use std::collections::BTreeMap;

use reqwest::header::HeaderMap;
use reqwest::{Client, Method, StatusCode, redirect};
use serde_json::Value;

use super::html::Page;

/// An answer, read whole.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub page: Page,
}

impl Answer {
    pub async fn of(response: reqwest::Response) -> Self {
        Self {
            status: response.status(),
            headers: response.headers().clone(),
            page: Page::new(response.text().await.unwrap()),
        }
    }

    pub fn text(&self) -> &str {
        &self.page.text
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(self.text()).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Asserts the status; shows the body if it is another one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self
    }

    /// Asserts an API refusal: status, code, media type, challenge.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Self {
        let answer = self.expect(status);
        let problem = answer.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert!(
            problem["type"]
                .as_str()
                .unwrap()
                .ends_with(&format!("/docs/api#{code}"))
        );
        assert_eq!(problem["request_id"], answer.header("x-request-id"));
        if status == 401 {
            assert_eq!(
                answer.header("www-authenticate"),
                "ApiKey realm=\"keyport\""
            );
        }
        answer
    }
}

fn client() -> Client {
    Client::builder()
        .redirect(redirect::Policy::none())
        .build()
        .unwrap()
}

/// Someone at a browser without JavaScript: keeps cookies, follows no redirect by itself.
pub struct Person {
    base: String,
    client: Client,
    pub cookies: BTreeMap<String, String>,
}

impl Person {
    pub fn new(base: String) -> Self {
        Self {
            base,
            client: client(),
            cookies: BTreeMap::new(),
        }
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, None, &[]).await
    }

    /// Sends a form as it is.
    pub async fn post_raw(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answer {
        let body: String = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.send(Method::POST, path, Some(body), headers).await
    }

    /// Opens the page at `page`, fills in the fields and sends them to `path` with the page's hidden fields. Confirms
    /// first that it is them if the page wants that.
    pub async fn fill_in(&mut self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut opened = self.get(page).await;
        if opened.header("location").starts_with("/sign-in/confirm?") {
            self.confirm(super::app::PASSWORD).await.expect(303);
            opened = self.get(page).await;
        }
        self.send_form(&opened, path, fields).await
    }

    /// Sends the form of an opened page.
    pub async fn send_form(
        &mut self,
        opened: &Answer,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let form = format!(r#"form[action="{}"]"#, path.split('?').next().unwrap());
        let token = opened
            .page
            .attribute(&format!(r#"{form} input[name="form_token"]"#), "value");
        let mut all = vec![("form_token", token.as_str())];
        let hidden: Vec<(&str, String)> = ["form_id", "set_up"]
            .into_iter()
            .map(|name| (name, format!(r#"{form} input[name="{name}"]"#)))
            .filter(|(_, input)| opened.page.has(input))
            .map(|(name, input)| (name, opened.page.attribute(&input, "value")))
            .collect();
        // What the test fills in takes the place of what the page had.
        let kept = hidden
            .iter()
            .filter(|(name, _)| !fields.iter().any(|(filled, _)| filled == name));
        all.extend(kept.map(|(name, value)| (*name, value.as_str())));
        all.extend_from_slice(fields);
        self.post_raw(path, &all, &[]).await
    }

    /// Sends fields to a path that the page has no form for, with the token of its other forms.
    pub async fn post_from(&mut self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let opened = self.get(page).await.expect(200);
        let token = opened.page.attribute("input[name=form_token]", "value");
        let mut all = vec![("form_token", token.as_str())];
        all.extend_from_slice(fields);
        self.post_raw(path, &all, &[]).await
    }

    pub async fn sign_in(&mut self, email: &str, password: &str) {
        let fields = [("email", email), ("password", password), ("next", "/")];
        self.fill_in("/sign-in", "/sign-in", &fields)
            .await
            .expect(303);
    }

    /// Shows again that it is them.
    pub async fn confirm(&mut self, password: &str) -> Answer {
        let fields = [("password", password), ("next", "/")];
        let path = "/sign-in/confirm";
        let opened = self.get(path).await.expect(200);
        self.send_form(&opened, path, &fields).await
    }

    /// Goes on at another instance, with the same cookies.
    pub fn visits(&mut self, app: &super::TestApp) {
        self.base = app.url("");
    }

    /// Signs in as the same person after the session has ended.
    pub async fn sign_in_again(&mut self, email: &str) -> &mut Self {
        self.cookies.clear();
        self.sign_in(email, super::app::PASSWORD).await;
        self
    }

    /// Creates a key through the page and returns the full key.
    pub async fn create_key(&mut self, fields: &[(&str, &str)]) -> String {
        let answer = self
            .fill_in("/settings/api/new", "/settings/api/new", fields)
            .await
            .expect(201);
        answer.page.words("#full-key")
    }

    /// Deactivates a key through the page.
    pub async fn deactivate(&mut self, id: &str) -> Answer {
        let path = format!("/settings/api/{id}/deactivate");
        self.fill_in(&path, &path, &[]).await.expect(303)
    }

    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Option<String>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if !self.cookies.is_empty() {
            let cookies: Vec<String> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            request = request.header("cookie", cookies.join("; "));
        }
        if let Some(body) = body {
            request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let text = cookie.to_str().unwrap();
            let (name, rest) = text.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if value.is_empty() || rest.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Answer::of(response).await
    }
}

/// A program with a key.
pub struct Program {
    pub(super) base: String,
    pub(super) client: Client,
    pub key: String,
}

impl Program {
    pub fn new(base: String, key: String) -> Self {
        Self {
            base,
            client: client(),
            key,
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None, &[]).await
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None, &[]).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, Some(body.to_string()), &[])
            .await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PATCH, path, Some(body.to_string()), &[])
            .await
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.base))
            .header("x-api-key", &self.key);
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request.send().await.unwrap()).await
    }
}

/// The id in a full key.
pub fn id_of(full_key: &str) -> String {
    full_key.split('_').nth(1).unwrap().to_owned()
}
