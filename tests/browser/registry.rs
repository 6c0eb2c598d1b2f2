//! The registry in a browser: tickets, downloads and the operators' pages at every width, by keyboard, without JavaScript.

use crate::browser::{Browser, Options};
use crate::keyboard::{enter, press, tab_to, write};
use crate::looks::assert_fine;
use crate::on_both_engines;
use crate::support::app::PASSWORD;
use crate::support::registry::Registrant;
use crate::support::{Engine, TestApp};

pub async fn sign_in(app: &TestApp, browser: &Browser, email: &str) {
    browser.goto(&app.url("/sign-in")).await;
    browser.fill("#email", email).await;
    browser.fill("#password", PASSWORD).await;
    browser.press("Sign in").await;
    browser.expect_heading("Overview").await;
}

/// Maren manages an organization with a network and is linked to a role that Ines asks to be linked to.
async fn fill(app: &TestApp) -> (Registrant, Registrant) {
    let maren = app.registrant("maren@example.com", "Maren Okafor").await;
    let mut ines = app.registrant("ines@example.com", "Ines Alvarez").await;
    let person = app.person_contact("Maren", "Okafor", Some(maren.id));
    app.role_contact("Network Operations", &[maren.id]);
    let organization = app.organization_of("Harbor Example Networks", &person);
    app.allocation(&organization, "192.0.2.0", "24");
    app.allocation(&organization, "2001:db8::", "32");
    let link = "/settings/contacts/link";
    let fields = [("handle", "NO1-KP")];
    let asked = ines.person.fill_in(link, link, &fields).await.expect(303);
    assert_eq!(asked.header("location"), "/tickets/20261122-X1");
    (maren, ines)
}

/// Opens a ticket that asks for an organization, and one with a report, and says something on the first.
async fn open_tickets(app: &TestApp, maren: &Registrant) {
    let program = &maren.program;
    let got = program.rest("GET", "/org/HEN-1", None).await.expect(200);
    program
        .rest("POST", "/org", Some(got.text()))
        .await
        .expect(200);
    let file =
        "a-file-with-a-name-that-is-as-long-as-some-names-are-and-has-no-place-to-break".repeat(2);
    let message = format!(
        "<message xmlns=\"http://www.arin.net/regrws/core/v1\"><subject>{}</subject><text><line>{}</line></text>\
         <category>JUSTIFICATION</category><attachments><attachment><data>YQ==</data><filename>{file}</filename>\
         </attachment></attachments></message>",
        "Subject".repeat(20),
        "line".repeat(200),
    );
    let path = "/ticket/20261122-X2/message";
    program.rest("PUT", path, Some(&message)).await.expect(200);
    program
        .rest("GET", "/report/associations", None)
        .await
        .expect(200);
    app.prepare_reports();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_links_tickets_and_downloads_are_fine() {
    let app = TestApp::spawn(Engine::Sqlite).await;
    let (maren, _) = fill(&app).await;
    let browser = Browser::start(Options::default()).await;
    sign_in(&app, &browser, "ines@example.com").await;
    for path in [
        "/settings/contacts",
        "/tickets",
        "/tickets/20261122-X1",
        "/downloads",
    ] {
        browser.goto(&app.url(path)).await;
        assert_fine(&browser, &format!("{path} of who asked")).await;
    }
    browser.close().await;
    open_tickets(&app, &maren).await;
    let browser = Browser::start(Options::default()).await;
    sign_in(&app, &browser, "maren@example.com").await;
    for path in [
        "/settings/contacts",
        "/settings/contacts/link",
        "/tickets",
        "/tickets?type=ORG_CREATE&status=CLOSED",
        "/tickets/20261122-X1",
        "/tickets/20261122-X2",
        "/tickets/20261122-X3",
        "/downloads",
        "/downloads?q=nothing",
    ] {
        browser.goto(&app.url(path)).await;
        assert_fine(&browser, path).await;
    }
    browser.goto(&app.url("/tickets/20261122-X1")).await;
    browser.press("Deny").await;
    browser.wait_for("#reason-error").await;
    assert_fine(&browser, "a decision without a reason").await;
    browser.goto(&app.url("/tickets/20261122-X2")).await;
    browser.press("Add message").await;
    browser.wait_for("#subject-error").await;
    assert_fine(&browser, "a message without words").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_pages_of_the_registry_are_fine() {
    let app = TestApp::spawn(Engine::Sqlite).await;
    let (maren, _) = fill(&app).await;
    open_tickets(&app, &maren).await;
    app.operator("oona@example.com", "Oona Halme").await;
    let browser = Browser::start(Options::default()).await;
    sign_in(&app, &browser, "oona@example.com").await;
    publish(&app, &browser).await;
    for path in [
        "/operator/organizations",
        "/operator/organizations?q=nothing",
        "/operator/organizations/new",
        "/operator/organizations/HEN-1",
        "/operator/networks",
        "/operator/networks/new",
        "/operator/networks/NET-192-0-2-0-1",
        "/operator/contacts",
        "/operator/contacts/NO1-KP",
        "/operator/registry",
        "/operator/tickets",
        "/operator/tickets/20261122-X1",
        "/operator/tickets/20261122-X2",
        "/operator/reports",
        "/operator/reports/new",
        "/operator/reports/peering-contacts",
        "/operator/reports/bulk-registry",
        "/operator/reports/peering-contacts/remove",
    ] {
        browser.goto(&app.url(path)).await;
        assert_fine(&browser, path).await;
    }
    for (path, button) in [
        ("/operator/organizations/new", "Create organization"),
        ("/operator/networks/new", "Allocate network"),
        ("/operator/reports/new", "Publish"),
        ("/operator/reports/peering-contacts", "Grant"),
    ] {
        browser.goto(&app.url(path)).await;
        browser.press(button).await;
        browser.wait_for(".field-error").await;
        assert_fine(&browser, &format!("{path} with errors")).await;
    }
    browser.close().await;
}

/// Publishes a restricted report, and grants it to who manages the organization.
async fn publish(app: &TestApp, browser: &Browser) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("peering.csv");
    std::fs::write(&file, "network,contact\r\n").unwrap();
    browser.goto(&app.url("/operator/reports/new")).await;
    browser.fill("#slug", "peering-contacts").await;
    browser.fill("#title", "Peering contacts").await;
    let field = browser.wait_for("#file").await;
    field.send_keys(file.to_str().unwrap()).await.unwrap();
    browser.press("Publish").await;
    browser.expect_heading("Peering contacts").await;
    browser.fill("#org", "HEN-1").await;
    browser.press("Grant").await;
    browser.expect_message("The grant was given.").await;
}

on_both_engines! {
    async fn a_report_is_published_and_granted_and_a_ticket_decided_without_javascript(app) {
        let (mut maren, _) = fill(&app).await;
        open_tickets(&app, &maren).await;
        app.operator("oona@example.com", "Oona Halme").await;
        let options = Options { no_javascript: true, ..Options::default() };
        let browser = Browser::start(options.clone()).await;
        sign_in(&app, &browser, "oona@example.com").await;
        publish(&app, &browser).await;
        browser.goto(&app.url("/operator/tickets/20261122-X2")).await;
        browser.press("Take ticket").await;
        browser.wait_for("[role=status]").await;
        browser.press("Approve").await;
        browser.wait_for("[role=status]").await;
        assert_eq!(browser.complaints().await, Vec::<String>::new());
        browser.close().await;

        let browser = Browser::start(options).await;
        sign_in(&app, &browser, "maren@example.com").await;
        browser.press("Downloads & Services").await;
        let row = browser.words("[aria-labelledby=reports] tbody tr").await;
        assert!(row.contains("Peering contacts") && row.contains("Restricted"), "{row}");
        let file = maren.person.get("/downloads/peering-contacts").await.expect(200);
        assert_eq!(file.text(), "network,contact\r\n");
        browser.press("Tickets").await;
        browser.press("20261122-X1").await;
        browser.fill("#reason", "We know you.").await;
        browser.press("Approve").await;
        browser.expect_message("You approved the request.").await;
        browser.press("Tickets").await;
        browser.press("20261122-X2").await;
        assert!(browser.words("[aria-labelledby=asked]").await.contains("Harbor Example Networks"));
        browser.press("Close ticket").await;
        browser.expect_message("The ticket was closed.").await;
        assert_eq!(browser.complaints().await, Vec::<String>::new());
        browser.close().await;
    }
}

on_both_engines! {
    async fn a_request_is_decided_and_a_report_prepared_by_keyboard(app) {
        fill(&app).await;
        let browser = Browser::start(Options::default()).await;
        sign_in(&app, &browser, "maren@example.com").await;
        enter(&browser, "Tickets").await;
        browser.expect_heading("Tickets").await;
        enter(&browser, "20261122-X1").await;
        browser.expect_heading("Ticket 20261122-X1").await;
        tab_to(&browser, "reason").await;
        write(&browser, "Not yet.").await;
        enter(&browser, "Deny").await;
        browser.expect_message("You denied the request.").await;
        enter(&browser, "Downloads & Services").await;
        browser.expect_heading("Downloads & Services").await;
        tab_to(&browser, "net").await;
        write(&browser, "NET-192-0-2-0-1").await;
        tab_to(&browser, "Prepare as a ticket Reassignments").await;
        press(&browser, fantoccini::key::Key::Enter).await;
        browser.expect_heading("Ticket 20261122-X2").await;
        browser.close().await;
    }
}
