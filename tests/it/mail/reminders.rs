//! Reminders that keys end: once each, whatever happens.

use chrono::TimeDelta;
use keyport::domain::accounts;
use keyport::store::StoreError;

use super::{mailing, queued, subjects};
use crate::on_both_engines;
use crate::support::actors::id_of;
use crate::support::mail::SmtpServer;
use crate::support::{Person, TestApp};

const NONE: [&str; 0] = [];

async fn create(person: &mut Person, name: &str, life: &str) -> String {
    let fields = [("name", name), ("expires_in", life), ("access", "all")];
    person.create_key(&fields).await
}

/// Turns off the mails that are not the subject here.
async fn only_reminders(person: &mut Person) {
    let path = "/settings/notifications";
    let wanted = [("wanted", "key_expires"), ("wanted", "key_expired")];
    person.fill_in(path, path, &wanted).await.expect(303);
}

on_both_engines! {
    async fn a_key_is_reminded_of_30_7_and_1_days_before_its_end_and_at_its_end(app) {
        let server = SmtpServer::spawn().await;
        let app = mailing(&app, &server).await;
        let mut maren = app.person("maren@example.com", "Maren").await;
        only_reminders(&mut maren).await;
        create(&mut maren, "CI", "90d").await;
        let just_before = TimeDelta::milliseconds(1);
        app.advance(TimeDelta::days(60) - just_before);
        assert_eq!(subjects(&app, &server), NONE);
        app.advance(just_before);
        app.deliver();
        let mail = server.take().pop().unwrap();
        assert_eq!(mail.subject, "CI expires in 30 days");
        assert!(mail.text.contains("before 20 Feb 2027, 18:31 UTC"), "{}", mail.text);
        assert_eq!(mail.header("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
        let link = mail.link("Stop emails of this kind: ");
        assert_eq!(mail.header("List-Unsubscribe"), format!("<{link}>"));
        for (days, subject) in [
            (23, "CI expires in 7 days"),
            (6, "CI expires in 1 day"),
            (1, "CI has expired"),
        ] {
            app.advance(TimeDelta::days(days) - just_before);
            assert_eq!(subjects(&app, &server), NONE);
            app.advance(just_before);
            assert_eq!(subjects(&app, &server), [subject]);
            assert_eq!(subjects(&app, &server), NONE);
        }
        app.advance(TimeDelta::days(40));
        assert_eq!(subjects(&app, &server), NONE);
    }
}

on_both_engines! {
    async fn after_downtime_only_the_nearest_reminder_is_sent_and_tells_the_truth(app) {
        let server = SmtpServer::spawn().await;
        let app = mailing(&app, &server).await;
        let mut maren = app.person("maren@example.com", "Maren").await;
        only_reminders(&mut maren).await;
        create(&mut maren, "Quarter", "90d").await;
        create(&mut maren, "Month", "30d").await;
        app.deliver();
        app.advance(TimeDelta::days(85));
        assert_eq!(subjects(&app, &server), ["Quarter expires in 5 days"]);
        app.advance(TimeDelta::days(10));
        assert_eq!(subjects(&app, &server), ["Quarter has expired"]);
    }
}

on_both_engines! {
    async fn a_key_is_not_reminded_of_steps_that_are_most_of_its_life(app) {
        let server = SmtpServer::spawn().await;
        let app = mailing(&app, &server).await;
        let mut maren = app.person("maren@example.com", "Maren").await;
        only_reminders(&mut maren).await;
        create(&mut maren, "Hour", "1h").await;
        create(&mut maren, "Week", "7d").await;
        create(&mut maren, "Month", "30d").await;
        create(&mut maren, "Ever", "never").await;
        assert_eq!(subjects(&app, &server), NONE);
        app.advance(TimeDelta::hours(1));
        assert_eq!(subjects(&app, &server), NONE);
        app.advance(TimeDelta::days(6));
        assert_eq!(subjects(&app, &server), ["Week expires in 23 hours"]);
        app.advance(TimeDelta::days(17) - TimeDelta::hours(1));
        assert_eq!(subjects(&app, &server), ["Month expires in 7 days", "Week has expired"]);
    }
}

on_both_engines! {
    async fn ended_keys_and_those_of_disabled_accounts_are_not_reminded_of(app) {
        let server = SmtpServer::spawn().await;
        let app = mailing(&app, &server).await;
        let mut maren = app.person("maren@example.com", "Maren").await;
        let mut ravi = app.person("ravi@example.com", "Ravi").await;
        only_reminders(&mut maren).await;
        only_reminders(&mut ravi).await;
        let deactivated = create(&mut maren, "Deactivated", "90d").await;
        let deleted = create(&mut maren, "Deleted", "90d").await;
        create(&mut ravi, "Of Ravi", "90d").await;
        for key in [&deactivated, &deleted] {
            maren.deactivate(&id_of(key)).await;
        }
        let path = format!("/settings/api/{}/delete", id_of(&deleted));
        maren.fill_in(&path, &path, &[]).await.expect(303);
        set_disabled(&app, "Ravi");
        app.advance(TimeDelta::days(60));
        assert_eq!(subjects(&app, &server), NONE);
        app.advance(TimeDelta::days(31));
        assert_eq!(subjects(&app, &server), NONE);
    }
}

fn set_disabled(app: &TestApp, name: &str) {
    let act = app.act();
    let done: Result<(), StoreError> = app.state.pool.write_now(|db| {
        let all = accounts::list(db)?;
        let found = all
            .into_iter()
            .find(|account| account.name == name)
            .unwrap();
        accounts::disable(db, &act, found.id)
    });
    done.unwrap();
}

on_both_engines! {
    async fn several_instances_remind_once(app) {
        let server = SmtpServer::spawn().await;
        let (one, two) = (mailing(&app, &server).await, mailing(&app, &server).await);
        let mut maren = app.person("maren@example.com", "Maren").await;
        only_reminders(&mut maren).await;
        for number in 0..3 {
            create(&mut maren, &format!("CI {number}"), "90d").await;
        }
        app.advance(TimeDelta::days(60));
        std::thread::scope(|scope| {
            for instance in [&one, &two] {
                scope.spawn(|| instance.deliver());
            }
        });
        assert_eq!(server.take().len(), 3);
        assert_eq!(queued(&app).len(), 3);
    }
}

on_both_engines! {
    async fn while_mail_is_off_there_are_no_reminders_and_the_nearest_when_it_is_on(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        only_reminders(&mut maren).await;
        create(&mut maren, "CI", "90d").await;
        create(&mut maren, "Month", "30d").await;
        app.advance(TimeDelta::days(80));
        assert_eq!(queued(&app).len(), 0);
        let server = SmtpServer::spawn().await;
        let app = mailing(&app, &server).await;
        // What had expired by then is no news.
        assert_eq!(subjects(&app, &server), ["CI expires in 10 days"]);
    }
}
