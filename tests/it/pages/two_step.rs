//! Two-step verification and recovery codes: setting up, signing in, turning off.

use chrono::TimeDelta;
use keyport::domain::audit::{Act, Actor};
use keyport::domain::security::two_step;
use keyport::domain::{accounts, text::EmailAddress};
use keyport::store::StoreError;

use crate::on_both_engines;
use crate::support::app::PASSWORD;
use crate::support::second_factors::{App, begin_sign_in, enter, turn_on};

const EMAIL: &str = "maren@example.com";
const TWO_STEP: &str = "/settings/security/two-step";
const CODES: &str = "/settings/security/recovery-codes";

on_both_engines! {
    async fn setting_up_wants_a_right_code_and_shows_ten_codes_once(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let opened = maren.get(TWO_STEP).await.expect(200);
        assert_eq!(opened.page.words("h1"), "Set up two-step verification");
        assert!(opened.page.attribute(".qr path", "d").starts_with("M4 4h7v1h-7z"));
        let url = opened.page.attribute("a[href^=otpauth]", "href");
        assert!(url.starts_with("otpauth://totp/localhost:maren%40example.com?secret="), "{url}");
        let phone = App::set_up(&opened.page);
        assert!(url.contains(&opened.page.words("#setup-key").replace(' ', "")));
        let old = phone.code_later(app.now(), -120);
        for (code, words) in [
            ("12345", "That code is wrong."),
            (&old, "That code has expired. Enter the newest one."),
        ] {
            let refused = maren.send_form(&opened, TWO_STEP, &[("code", code)]).await.expect(422);
            assert_eq!(refused.page.words("#code-error"), words);
            // The app that has scanned the first code still fits.
            assert_eq!(refused.page.words("#setup-key"), opened.page.words("#setup-key"));
        }
        assert!(!maren.get("/settings/security").await.page.has("a[href$=recovery-codes]"));
        let code = phone.code(app.now());
        let spaced = format!(" {} {} ", &code[..3], &code[3..]);
        let shown = maren.send_form(&opened, TWO_STEP, &[("code", &spaced)]).await.expect(200);
        assert_eq!(shown.header("cache-control"), "no-store");
        let codes = shown.page.all("#recovery-codes span");
        assert_eq!(codes.len(), 10);
        let again = maren.send_form(&opened, TWO_STEP, &[("code", &spaced)]).await.expect(409);
        assert_eq!(again.page.words("h1"), "These codes were already shown");
        let security = maren.get("/settings/security").await.expect(200);
        assert!(security.text().contains("10 of 10 left"));
        assert_eq!(app.queued_kinds(), ["two_step_on"]);
        assert_eq!(app.audited("two_step.on"), [" done"]);
        // Nothing of it is stored in clear.
        for code in &codes {
            assert!(!security.text().contains(code));
        }
    }
}

on_both_engines! {
    async fn of_two_windows_that_turn_it_on_the_first_one_s_codes_stay_good(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let (first, second) = (maren.get(TWO_STEP).await, maren.get(TWO_STEP).await);
        let code = App::set_up(&first.page).code(app.now());
        let shown = maren.send_form(&first, TWO_STEP, &[("code", &code)]).await.expect(200);
        assert!(shown.page.has("a[href='/settings/security/sessions']"), "other sessions can be ended");
        let codes = shown.page.all("#recovery-codes span");
        let code = App::set_up(&second.page).code(app.now());
        let refused = maren.send_form(&second, TWO_STEP, &[("code", &code)]).await.expect(422);
        assert!(refused.page.words("[role=alert]").contains("Two-step verification was changed in the meantime."));
        assert!(!refused.page.has("#recovery-codes"));
        assert_eq!(app.audited("two_step.on"), [" done"]);
        let mut pending = begin_sign_in(&app, EMAIL).await;
        enter(&mut pending, &codes[0]).await.expect(303);
    }
}

on_both_engines! {
    async fn a_set_up_is_worth_nothing_to_others_nor_after_an_hour(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let mut ann = app.person("ann@example.com", "Ann").await;
        let opened = maren.get(TWO_STEP).await.expect(200);
        let phone = App::set_up(&opened.page);
        let set_up = opened.page.attribute("input[name=set_up]", "value");
        let code = phone.code(app.now());
        let fields = [("set_up", set_up.as_str()), ("code", code.as_str())];
        let theirs = ann.fill_in(TWO_STEP, TWO_STEP, &fields).await.expect(422);
        assert!(theirs.page.words("[role=alert]").contains("This form is too old."));
        app.advance(TimeDelta::hours(1));
        maren.confirm(PASSWORD).await.expect(303);
        let code = phone.code(app.now());
        maren.send_form(&opened, TWO_STEP, &[("code", &code)]).await.expect(422);
        assert!(app.queued_kinds().is_empty());
    }
}

on_both_engines! {
    async fn the_password_alone_is_then_nobodys_session(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let (phone, _) = turn_on(&app, &mut maren).await;
        let mut pending = begin_sign_in(&app, EMAIL).await;
        assert!(pending.cookies.contains_key("keyport"));
        for path in ["/", "/settings/security", "/settings/api", "/sign-in/confirm", "/settings/usage.csv"] {
            let sent = pending.get(path).await.expect(303);
            assert!(sent.header("location").starts_with("/sign-in?next="), "{path}");
        }
        pending.get("/api/openapi.json").await.expect(401);
        assert_eq!(pending.get("/sign-in").await.expect(200).page.words("h1"), "Sign in");
        let page = pending.get("/sign-in/two-step?next=%2Fsettings%2Fapi%3Fq%3Da").await.expect(200);
        assert_eq!(page.page.words("h1"), "Enter your 6-digit code");
        assert_eq!(page.page.attribute("#code", "autocomplete"), "one-time-code");
        let before = pending.cookies["keyport"].clone();
        app.advance(TimeDelta::seconds(30));
        let code = phone.code(app.now());
        let next = page.page.attribute("input[name=next]", "value");
        let fields = [("code", code.as_str()), ("next", next.as_str())];
        let done = pending.send_form(&page, "/sign-in/two-step", &fields).await.expect(303);
        assert_eq!(done.header("location"), "/settings/api?q=a");
        assert_ne!(pending.cookies["keyport"], before);
        pending.get("/settings/security").await.expect(200);
        // The session before it is gone, not only renamed.
        let mut stolen = app.anonymous();
        stolen.cookies.insert("keyport".to_owned(), before);
        stolen.get("/settings/security").await.expect(303);
        stolen.get("/sign-in/two-step").await.expect(303);
        assert_eq!(app.audited("sign_in").last().unwrap(), "code done");
        assert_eq!(app.audited("sign_in.first_step"), [" done"]);
    }
}

on_both_engines! {
    async fn the_second_step_must_follow_within_ten_minutes(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let (phone, _) = turn_on(&app, &mut maren).await;
        let mut pending = begin_sign_in(&app, EMAIL).await;
        app.advance(TimeDelta::minutes(10) - TimeDelta::milliseconds(1));
        let page = pending.get("/sign-in/two-step").await.expect(200);
        app.advance(TimeDelta::milliseconds(1));
        let code = phone.code(app.now());
        let late = pending.send_form(&page, "/sign-in/two-step", &[("code", &code)]).await.expect(303);
        assert!(late.header("location").starts_with("/sign-in?next="));
        pending.get("/settings/security").await.expect(303);
    }
}

on_both_engines! {
    async fn a_code_works_once_and_with_a_clock_that_is_off_by_half_a_minute(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let (phone, _) = turn_on(&app, &mut maren).await;
        let used = phone.code(app.now());
        let refused = enter(&mut begin_sign_in(&app, EMAIL).await, &used).await.expect(422);
        assert_eq!(refused.page.words("#code-error"), "That code was already used. Wait for the next one.");
        app.advance(TimeDelta::minutes(2));
        let refused = enter(&mut begin_sign_in(&app, EMAIL).await, &used).await.expect(422);
        assert_eq!(refused.page.words("#code-error"), "That code was already used. Wait for the next one.");
        let old = phone.code_later(app.now(), -60);
        let refused = enter(&mut begin_sign_in(&app, EMAIL).await, &old).await.expect(422);
        assert_eq!(refused.page.words("#code-error"), "That code has expired. Enter the newest one.");
        let late = phone.code_later(app.now(), -30);
        enter(&mut begin_sign_in(&app, EMAIL).await, &late).await.expect(303);
        let early = phone.code_later(app.now(), 30);
        enter(&mut begin_sign_in(&app, EMAIL).await, &early).await.expect(303);
        // The step between the two is over.
        let between = phone.code(app.now());
        let refused = enter(&mut begin_sign_in(&app, EMAIL).await, &between).await.expect(422);
        assert_eq!(refused.page.words("#code-error"), "That code has expired. Enter the newest one.");
        app.advance(TimeDelta::minutes(2));
        let next = phone.code(app.now());
        let spaced = format!("{} {}", &next[..3], &next[3..]);
        enter(&mut begin_sign_in(&app, EMAIL).await, &spaced).await.expect(303);
    }
}

on_both_engines! {
    async fn of_two_who_enter_one_code_at_once_one_gets_in(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let (phone, codes) = turn_on(&app, &mut maren).await;
        app.advance(TimeDelta::minutes(1));
        for code in [phone.code(app.now()), codes[0].clone()] {
            let mut people = Vec::new();
            for _ in 0..4 {
                people.push(begin_sign_in(&app, EMAIL).await);
            }
            let tries = people.into_iter().map(|mut person| {
                let code = code.clone();
                async move { enter(&mut person, &code).await.status.as_u16() }
            });
            let mut statuses = futures_util::future::join_all(tries).await;
            statuses.sort_unstable();
            assert_eq!(statuses, [303, 422, 422, 422], "{code}");
        }
    }
}

on_both_engines! {
    async fn a_recovery_code_lets_its_holder_in_once_and_is_told_by_mail(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let (_, codes) = turn_on(&app, &mut maren).await;
        let mut ann = app.person("ann@example.com", "Ann").await;
        let (_, other) = turn_on(&app, &mut ann).await;
        let refused = enter(&mut begin_sign_in(&app, EMAIL).await, &other[0]).await.expect(422);
        assert_eq!(refused.page.words("#code-error"), "That code is wrong.");
        let typed = codes[0].to_uppercase().replace('-', " ");
        let mut back = begin_sign_in(&app, EMAIL).await;
        let page = back.get("/sign-in/two-step?with=recovery-code").await.expect(200);
        assert_eq!(page.page.words("h1"), "Enter a recovery code");
        back.send_form(&page, "/sign-in/two-step", &[("code", &typed)]).await.expect(303);
        let refused = enter(&mut begin_sign_in(&app, EMAIL).await, &codes[0]).await.expect(422);
        assert_eq!(refused.page.words("#code-error"), "That recovery code was already used. Enter another one.");
        assert!(back.get("/settings/security").await.text().contains("9 of 10 left"));
        assert_eq!(app.queued_kinds().iter().filter(|kind| *kind == "recovery_code_used").count(), 1);
        assert!(!back.get("/").await.text().contains("recovery codes are left"));
        for code in &codes[1..7] {
            enter(&mut begin_sign_in(&app, EMAIL).await, code).await.expect(303);
        }
        assert!(back.get("/").await.text().contains("3 recovery codes are left"));
    }
}

on_both_engines! {
    async fn new_recovery_codes_make_the_old_ones_worthless_and_come_as_a_file_too(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        maren.get(CODES).await.expect(303);
        let (_, old) = turn_on(&app, &mut maren).await;
        let opened = maren.get(CODES).await.expect(200);
        let shown = maren.send_form(&opened, CODES, &[]).await.expect(200);
        let new = shown.page.all("#recovery-codes span");
        assert_eq!(new.len(), 10);
        assert!(new.iter().all(|code| !old.contains(code)));
        maren.send_form(&opened, CODES, &[]).await.expect(409);
        maren.post_raw(CODES, &[("form_id", "x")], &[]).await.expect(422);
        let sent: Vec<(&str, &str)> = new.iter().map(|code| ("code", code.as_str())).collect();
        let text = format!("{CODES}/text");
        let file = maren.send_form(&shown, &text, &sent).await.expect(200);
        assert_eq!(file.header("content-disposition"), "attachment; filename=\"keyport-recovery-codes.txt\"");
        assert_eq!(file.header("content-type"), "text/plain; charset=utf-8");
        assert!(new.iter().all(|code| file.text().contains(code.as_str())));
        for code in [&old[0], "<script>"] {
            maren.post_from("/settings/security", &text, &[("code", code)]).await.expect(400);
        }
        enter(&mut begin_sign_in(&app, EMAIL).await, &old[1]).await.expect(422);
        enter(&mut begin_sign_in(&app, EMAIL).await, &new[1]).await.expect(303);
        assert_eq!(app.audited("recovery_codes.replace"), [" done"]);
        assert!(app.queued_kinds().contains(&"recovery_codes_replaced".to_owned()));
    }
}

on_both_engines! {
    async fn wrong_codes_are_limited_for_a_sign_in_and_an_address(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let (phone, codes) = turn_on(&app, &mut maren).await;
        app.advance(TimeDelta::minutes(1));
        let mut thief = begin_sign_in(&app, EMAIL).await;
        for _ in 0..5 {
            enter(&mut thief, "abcdef").await.expect(422);
        }
        let throttled = enter(&mut thief, &codes[0]).await.expect(429);
        assert!(!throttled.header("retry-after").is_empty());
        thief.get("/settings/security").await.expect(303);
        // The password again gives five more tries, the address ten in all.
        let mut again = begin_sign_in(&app, EMAIL).await;
        for _ in 0..4 {
            enter(&mut again, "abcdef").await.expect(422);
        }
        let code = phone.code(app.now());
        enter(&mut again, &code).await.expect(429);
        // Who is signed in notices nothing.
        maren.get("/settings/security").await.expect(200);
    }
}

on_both_engines! {
    async fn a_code_confirms_that_it_is_still_its_holder(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let path = "/sign-in/confirm";
        assert!(!maren.get(path).await.page.has("#code"));
        let (phone, codes) = turn_on(&app, &mut maren).await;
        for right in [phone.code_later(app.now(), 20 * 60), codes[3].clone()] {
            app.advance(TimeDelta::minutes(20));
            maren.get("/settings/api/new").await.expect(303);
            let page = maren.get(path).await.expect(200);
            assert!(page.page.has("#code"));
            let refused = maren.send_form(&page, path, &[("code", "000000000")]).await.expect(422);
            assert!(refused.page.words("[role=alert]").contains("That code is wrong."));
            maren.send_form(&page, path, &[("code", &right)]).await.expect(303);
            maren.get("/settings/api/new").await.expect(200);
        }
    }
}

on_both_engines! {
    async fn turning_it_off_asks_first_and_makes_the_password_enough_again(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let (_, codes) = turn_on(&app, &mut maren).await;
        let off = format!("{TWO_STEP}/off");
        let asked = maren.get(&off).await.expect(200);
        maren.post_raw(&off, &[], &[]).await.expect(422);
        app.advance(TimeDelta::minutes(16));
        maren.send_form(&asked, &off, &[]).await.expect(303);
        enter(&mut begin_sign_in(&app, EMAIL).await, &codes[0]).await.expect(303);
        maren.fill_in(&off, &off, &[]).await.expect(303);
        let security = maren.get("/settings/security").await.expect(200);
        assert!(security.page.words(".notice").starts_with("Two-step verification is off."));
        app.anonymous().sign_in(EMAIL, PASSWORD).await;
        assert!(app.queued_kinds().contains(&"two_step_off".to_owned()));
        assert!(maren.get("/").await.text().contains("Two-step verification is off"));
    }
}

on_both_engines! {
    async fn another_app_takes_the_place_of_the_first(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let (first, _) = turn_on(&app, &mut maren).await;
        app.advance(TimeDelta::minutes(1));
        let (second, _) = turn_on(&app, &mut maren).await;
        app.advance(TimeDelta::minutes(1));
        enter(&mut begin_sign_in(&app, EMAIL).await, &first.code(app.now())).await.expect(422);
        enter(&mut begin_sign_in(&app, EMAIL).await, &second.code(app.now())).await.expect(303);
        assert_eq!(app.audited("two_step.on"), [" done", "moved done"]);
    }
}

on_both_engines! {
    async fn an_account_that_is_disabled_between_the_steps_gets_no_further(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        let (_, codes) = turn_on(&app, &mut maren).await;
        let mut pending = begin_sign_in(&app, EMAIL).await;
        let page = pending.get("/sign-in/two-step").await.expect(200);
        app.execute("UPDATE accounts SET disabled_at = 1");
        let sent = pending.send_form(&page, "/sign-in/two-step", &[("code", &codes[0])]).await.expect(303);
        assert_eq!(sent.header("location"), "/sign-in");
        pending.get("/settings/security").await.expect(303);
    }
}

on_both_engines! {
    async fn an_operator_can_remove_all_second_factors_once(app) {
        let mut maren = app.person(EMAIL, "Maren").await;
        turn_on(&app, &mut maren).await;
        let reset = || {
            let act = Act {
                actor: Actor::Anonymous,
                ..app.act()
            };
            let email = EmailAddress::parse(EMAIL).unwrap();
            let done: Result<bool, StoreError> = app.state.pool.write_now(|db| {
                let account = accounts::find_by_email(db, &email)?.unwrap();
                two_step::reset(db, &act, &app.state.outbox, &account)
            });
            done.unwrap()
        };
        assert!(reset());
        assert!(!reset());
        app.anonymous().sign_in(EMAIL, PASSWORD).await;
        assert_eq!(app.audited("two_step.reset"), [" done"]);
        assert_eq!(app.queued_kinds().iter().filter(|kind| *kind == "two_step_off").count(), 1);
    }
}

on_both_engines! {
    async fn a_sign_in_that_began_with_another_password_gets_no_further(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let (phone, _) = turn_on(&app, &mut maren).await;
        app.advance(TimeDelta::minutes(1));
        let mut other = begin_sign_in(&app, "maren@example.com").await;
        // As if the password had been set between the check of the old one and the beginning of this session.
        app.execute("UPDATE accounts SET password_set_at = password_set_at + 1");
        let opened = other.get("/sign-in/two-step").await.expect(200);
        let code = phone.code(app.now());
        let sent = other.send_form(&opened, "/sign-in/two-step", &[("code", &code)]).await.expect(303);
        assert_eq!(sent.header("location"), "/sign-in");
        other.get("/settings/api").await.expect(303);
        // The code was not used up by it.
        let mut again = begin_sign_in(&app, "maren@example.com").await;
        enter(&mut again, &code).await.expect(303);
        again.get("/settings/api").await.expect(200);
    }
}
