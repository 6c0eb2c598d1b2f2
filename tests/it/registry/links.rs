//! Asking to be linked to contacts: by the contact's mail, or by the decision of those who are linked.

use chrono::TimeDelta;
use keyport::domain::mail::Mail;

use crate::on_both_engines;
use crate::support::actors::Answer;
use crate::support::registry::Registrant;
use crate::support::{Person, TestApp};

const LINK: &str = "/settings/contacts/link";
const CONFIRM: &str = "/settings/contacts/link/confirm";
/// The address of every contact.
const CONTACT_MAIL: &str = "noc@example.com";

async fn maren(app: &TestApp) -> Registrant {
    app.registrant("maren@example.com", "Maren Okafor").await
}

async fn ines(app: &TestApp) -> Registrant {
    app.registrant("ines@example.com", "Ines Alvarez").await
}

async fn ask(person: &mut Person, handle: &str) -> Answer {
    person.fill_in(LINK, LINK, &[("handle", handle)]).await
}

async fn ask_for_ticket(person: &mut Person, handle: &str) -> String {
    let asked = ask(person, handle).await.expect(303);
    asked.header("location").to_owned()
}

async fn use_link(person: &mut Person, token: &str) -> Answer {
    let page = format!("{CONFIRM}?token={token}");
    person.fill_in(&page, CONFIRM, &[("token", token)]).await
}

async fn decide(person: &mut Person, ticket: &str, decision: &str, reason: &str) -> Answer {
    let fields = [("decision", decision), ("reason", reason)];
    person
        .fill_in(ticket, &format!("{ticket}/decision"), &fields)
        .await
}

on_both_engines! {
    async fn a_person_is_linked_by_the_mailed_link_once_and_by_who_asked_only(app) {
        let (mut maren, mut ines) = (maren(&app).await, ines(&app).await);
        let handle = app.person_contact("Maren", "Okafor", None);
        let asked = ask(&mut maren.person, " mo1-kp ").await.expect(303);
        assert_eq!(asked.header("location"), "/settings/contacts");
        let page = maren.person.get("/settings/contacts").await.expect(200);
        assert!(page.page.words("section[aria-labelledby=requests] li").contains("MO1-KP"));
        let token = app.mailed_token(CONTACT_MAIL);
        // Only its digest is kept.
        let kept = app.texts("SELECT contact AS text FROM link_requests");
        assert_eq!(kept, ["MO1-KP"]);
        // Another account, an altered one, and none at all look alike.
        let page = format!("{CONFIRM}?token={token}");
        let stranger = ines.person.get(&page).await.expect(404);
        assert!(stranger.text().contains("This link does not work"));
        ines.person.post_from(LINK, CONFIRM, &[("token", &token)]).await.expect(404);
        let altered = format!("{}{}", &token[1..], "x");
        maren.person.get(&format!("{CONFIRM}?token={altered}")).await.expect(404);
        maren.person.get(CONFIRM).await.expect(404);
        // Opening it changes nothing, also twice.
        for _ in 0..2 {
            let opened = maren.person.get(&page).await.expect(200);
            assert!(opened.text().contains("Maren Okafor"));
            assert!(!opened.text().contains("return_to\" value=\"/settings/contacts/link/confirm"));
        }
        let path = format!("/poc/{handle}");
        maren.program.rest("GET", &path, None).await.expect_error(401, "E_AUTHENTICATION");
        let linked = use_link(&mut maren.person, &token).await.expect(303);
        assert_eq!(linked.header("location"), "/settings/contacts");
        maren.program.rest("GET", &path, None).await.expect_xml("poc");
        // Once.
        maren.person.get(&page).await.expect(404);
        maren.person.post_from(LINK, CONFIRM, &[("token", &token)]).await.expect(404);
        assert_eq!(app.audited("link.ask"), ["MO1-KP done"]);
        assert_eq!(app.audited("link.make"), ["MO1-KP done"]);
        let mut told = app.mail_kinds(CONTACT_MAIL);
        told.sort_unstable();
        assert_eq!(told, ["link_confirm", "linked"]);
        assert!(app.mail_kinds("maren@example.com").contains(&"linked"));
        // A second account is refused at the form, with the reason.
        let refused = ask(&mut ines.person, &handle).await.expect(422);
        assert!(refused.page.words("#handle-error").contains("one account at most"));
        let refused = ask(&mut maren.person, &handle).await.expect(422);
        assert!(refused.page.words("#handle-error").contains("linked to MO1-KP already"));
    }
}

on_both_engines! {
    async fn a_mailed_link_works_for_24_hours_and_only_the_newest(app) {
        let mut maren = maren(&app).await;
        app.person_contact("Maren", "Okafor", None);
        ask(&mut maren.person, "MO1-KP").await.expect(303);
        let first = app.mailed_token(CONTACT_MAIL);
        app.advance(TimeDelta::minutes(1));
        ask(&mut maren.person, "MO1-KP").await.expect(303);
        let second = app.mailed_token(CONTACT_MAIL);
        maren.person.get(&format!("{CONFIRM}?token={first}")).await.expect(404);
        let page = format!("{CONFIRM}?token={second}");
        app.advance(TimeDelta::hours(24) - TimeDelta::seconds(1));
        maren.person.sign_in_again("maren@example.com").await;
        maren.person.get(&page).await.expect(200);
        app.advance(TimeDelta::seconds(1));
        maren.person.get(&page).await.expect(404);
        maren.person.post_from(LINK, CONFIRM, &[("token", &second)]).await.expect(404);
        assert!(app.audited("link.make").is_empty());
    }
}

on_both_engines! {
    async fn of_two_links_for_one_contact_the_first_one_used_wins(app) {
        let (mut maren, mut ines) = (maren(&app).await, ines(&app).await);
        app.person_contact("Maren", "Okafor", None);
        app.role_contact("Network Operations", &[]);
        for handle in ["MO1-KP", "NO1-KP"] {
            ask(&mut maren.person, handle).await.expect(303);
            let of_maren = app.mailed_token(CONTACT_MAIL);
            app.advance(TimeDelta::minutes(1));
            ask(&mut ines.person, handle).await.expect(303);
            let of_ines = app.mailed_token(CONTACT_MAIL);
            app.advance(TimeDelta::minutes(1));
            use_link(&mut ines.person, &of_ines).await.expect(303);
            let refused = use_link(&mut maren.person, &of_maren).await.expect(409);
            assert!(refused.text().contains("You were not linked"));
        }
        assert_eq!(app.audited("link.make"), ["MO1-KP done", "NO1-KP done"]);
        let linked = app.texts("SELECT contact AS text FROM contact_links ORDER BY contact");
        assert_eq!(linked, ["MO1-KP", "NO1-KP"]);
    }
}

on_both_engines! {
    async fn a_role_is_linked_by_the_decision_of_who_is_linked_and_never_by_the_one_who_asked(app) {
        let (mut maren, mut ines) = (maren(&app).await, ines(&app).await);
        let handle = app.role_contact("Network Operations", &[maren.id]);
        let ticket = ask_for_ticket(&mut ines.person, &handle).await;
        assert_eq!(ticket, "/tickets/20261122-X1");
        // Asked twice, it is the same one, and told once.
        assert_eq!(ask_for_ticket(&mut ines.person, &handle).await, ticket);
        let told = app.mail_kinds("maren@example.com");
        assert_eq!(told.iter().filter(|kind| **kind == "link_asked").count(), 1);
        // The one who asked sees no form, and cannot send it.
        let page = ines.person.get(&ticket).await.expect(200);
        assert!(!page.page.has("#decision"));
        let decision = format!("{ticket}/decision");
        let fields = [("decision", "approve")];
        ines.person.post_from(LINK, &decision, &fields).await.expect(404);
        // Nor a stranger, for whom there is no such ticket.
        let mut stranger = app.person("otto@example.com", "Otto").await;
        stranger.get(&ticket).await.expect(404);
        stranger.post_from(LINK, &decision, &fields).await.expect(404);
        // Over the wire it is there for both, and a message of one is read by the other.
        for program in [&maren.program, &ines.program] {
            let got = program.rest("GET", "/ticket/20261122-X1/summary", None).await.expect_xml("ticket");
            assert_eq!(got.elements("webTicketType"), ["POC_RECOVERY"]);
            assert_eq!(got.elements("webTicketStatus"), ["PENDING_REVIEW"]);
        }
        ines.person.fill_in(&ticket, &ticket, &[("subject", "It is me"), ("text", "Night shift.\nSince May.")])
            .await.expect(303);
        let page = maren.person.get(&ticket).await.expect(200);
        assert!(page.page.words(".said").contains("Since May."));
        assert!(maren.person.get("/tickets").await.text().contains("Waits for you"));
        let listed = maren.person.get("/settings/contacts").await;
        assert!(listed.page.words("section[aria-labelledby=requests]").contains("Waits for your decision"));
        // Denied only with a reason, and read by the one who asked.
        let refused = decide(&mut maren.person, &ticket, "deny", "  ").await.expect(422);
        assert!(refused.page.has("#reason-error"));
        decide(&mut maren.person, &ticket, "perhaps", "x").await.expect(400);
        decide(&mut maren.person, &ticket, "deny", "Ask your lead first.").await.expect(303);
        let page = ines.person.get(&ticket).await.expect(200);
        assert!(page.text().contains("Ask your lead first.") && page.text().contains("Closed, denied"));
        let mails = app.mails();
        let decided = mails.iter().filter_map(|queued| match &queued.mail {
            Mail::LinkDecided { reason: Some(reason), is_approved: false, .. } => {
                Some((queued.to.as_str(), reason.as_str()))
            }
            _ => None,
        });
        let mut decided: Vec<_> = decided.collect();
        decided.sort_unstable();
        let reason = "Ask your lead first.";
        assert_eq!(decided, [("ines@example.com", reason), ("maren@example.com", reason), (CONTACT_MAIL, reason)]);
        // The first decision stands; no message comes after it.
        maren.person.post_from(LINK, &decision, &fields).await.expect(409);
        ines.person.post_from(LINK, &ticket, &[("subject", "But"), ("text", "I did.")]).await.expect(409);
        assert_eq!(app.audited("ticket.decide"), ["20261122-X1 done"]);
        // Asked again, and approved: the next call works.
        let ticket = ask_for_ticket(&mut ines.person, &handle).await;
        ines.program.rest("GET", "/poc/NO1-KP", None).await.expect_error(401, "E_AUTHENTICATION");
        decide(&mut maren.person, &ticket, "approve", "").await.expect(303);
        ines.program.rest("GET", "/poc/NO1-KP", None).await.expect_xml("poc");
        assert_eq!(app.audited("link.decide").len(), 2);
    }
}

on_both_engines! {
    async fn a_request_can_be_withdrawn_and_decided_by_operators(app) {
        let (mut maren, mut ines) = (maren(&app).await, ines(&app).await);
        let mut operator = app.operator("oona@example.com", "Oona").await;
        let handle = app.role_contact("Network Operations", &[maren.id]);
        let ticket = ask_for_ticket(&mut ines.person, &handle).await;
        // Withdrawing is the one's who asked.
        let withdraw = format!("{ticket}/withdraw");
        maren.person.post_from(LINK, &withdraw, &[]).await.expect(404);
        ines.person.fill_in(&ticket, &withdraw, &[]).await.expect(303);
        ines.person.post_from(LINK, &withdraw, &[]).await.expect(409);
        let fields = [("decision", "approve")];
        maren.person.post_from(LINK, &format!("{ticket}/decision"), &fields).await.expect(409);
        assert!(app.audited("link.decide").is_empty());
        let ticket = ask_for_ticket(&mut ines.person, &handle).await;
        let page = format!("/operator{ticket}");
        operator.fill_in(&page, &page, &[("decision", "deny")]).await.expect(422);
        operator.fill_in(&page, &page, &[("decision", "approve"), ("reason", "Known.")]).await.expect(303);
        operator.post_from("/settings/profile", &page, &fields).await.expect(409);
        ines.program.rest("GET", "/poc/NO1-KP", None).await.expect_xml("poc");
    }
}

on_both_engines! {
    async fn strangers_can_ask_only_so_often(app) {
        let (mut maren, mut ines) = (maren(&app).await, ines(&app).await);
        app.role_contact("Network Operations", &[]);
        ask(&mut maren.person, "NOBODY1-KP").await.expect(422);
        ask(&mut maren.person, "no handle").await.expect(422);
        ask(&mut maren.person, "").await.expect(422);
        for _ in 0..3 {
            ask(&mut maren.person, "NO1-KP").await.expect(303);
        }
        // The contact's mail is not for sending more, whoever asks.
        let refused = ask(&mut maren.person, "NO1-KP").await.expect(429);
        assert!(!refused.header("retry-after").is_empty());
        ask(&mut ines.person, "NO1-KP").await.expect(429);
        assert_eq!(app.mail_kinds(CONTACT_MAIL).len(), 3);
        app.advance(TimeDelta::days(1));
        for name in ["One", "Two", "Three", "Four", "Five", "Six"] {
            app.role_contact(name, &[]);
        }
        let ines = ines.person.sign_in_again("ines@example.com").await;
        for handle in ["ONE1-KP", "TWO1-KP", "THREE1-KP", "FOUR1-KP", "FIVE1-KP"] {
            ask(ines, handle).await.expect(303);
        }
        ask(ines, "SIX1-KP").await.expect(429);
        app.advance(TimeDelta::hours(1));
        ask(ines, "SIX1-KP").await.expect(303);
    }
}

on_both_engines! {
    async fn requests_end_when_nobody_decides_or_the_contact_is_gone(app) {
        let (maren, mut ines) = (maren(&app).await, ines(&app).await);
        let handle = app.role_contact("Network Operations", &[maren.id]);
        let gone = app.role_contact("Abuse", &[maren.id]);
        let ticket = ask_for_ticket(&mut ines.person, &handle).await;
        let other = ask_for_ticket(&mut ines.person, &gone).await;
        maren.program.rest("DELETE", &format!("/poc/{gone}"), None).await.expect_xml("poc");
        let page = ines.person.get(&other).await.expect(200);
        assert!(page.text().contains("Closed, abandoned"));
        app.advance(TimeDelta::days(30) - TimeDelta::seconds(1));
        app.tidy_tickets();
        let ines = ines.person.sign_in_again("ines@example.com").await;
        assert!(ines.get(&ticket).await.text().contains("Pending review"));
        app.advance(TimeDelta::seconds(1));
        app.tidy_tickets();
        assert!(ines.get(&ticket).await.text().contains("Closed, abandoned"));
        let told = app.mail_kinds("ines@example.com");
        assert_eq!(told.iter().filter(|kind| **kind == "ticket_changed").count(), 2);
    }
}

on_both_engines! {
    async fn unlinking_and_closing_an_account_are_told_to_the_contact(app) {
        let (mut maren, mut ines) = (maren(&app).await, ines(&app).await);
        let handle = app.role_contact("Network Operations", &[maren.id, ines.id]);
        let page = format!("/settings/contacts/{handle}/unlink");
        maren.person.fill_in(&page, &page, &[]).await.expect(303);
        maren.program.rest("GET", "/poc/NO1-KP", None).await.expect_error(401, "E_AUTHENTICATION");
        assert_eq!(app.mail_kinds(CONTACT_MAIL), ["unlinked"]);
        assert!(app.mail_kinds("maren@example.com").contains(&"unlinked"));
        assert!(app.mail_kinds("ines@example.com").contains(&"unlinked"));
        let ticket = ask_for_ticket(&mut maren.person, &handle).await;
        let close = "/settings/profile/close";
        maren.person.fill_in(close, close, &[]).await.expect(303);
        let page = ines.person.get(&ticket).await.expect(200);
        assert!(page.text().contains("Closed, withdrawn"));
        ines.person.fill_in(close, close, &[]).await.expect(303);
        assert_eq!(app.mail_kinds(CONTACT_MAIL), ["unlinked", "unlinked"]);
        assert!(app.texts("SELECT contact AS text FROM contact_links").is_empty());
    }
}
