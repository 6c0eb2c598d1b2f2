//! How mails are handed over: once, again after failures, and at last not at all.

use chrono::TimeDelta;
use keyport::crypto::instance_secret::InstanceSecrets;
use keyport::crypto::random::system_rng;
use keyport::domain::mail::{LinkToken, Mail, MailRow, MailState, Outbox, Recipient, queue};
use keyport::secret::Secret;
use keyport::store::StoreError;

use super::{mailing, queued};
use crate::on_both_engines;
use crate::support::mail::{Mood, SmtpServer};
use crate::support::{Engine, TestApp};

const TOKEN: &str = "tokenThatNoOneElseKnows42";

fn reset() -> Mail {
    Mail::ResetPassword {
        token: LinkToken(Secret::new(TOKEN.to_owned())),
    }
}

/// Queues a mail to someone without an account.
fn queue_with(app: &TestApp, outbox: &Outbox, mail: &Mail) {
    app.let_link_work(TOKEN, TimeDelta::days(5));
    let to = Recipient {
        account_id: None,
        email: "ravi@example.com",
    };
    let queued: Result<(), StoreError> =
        (app.state.pool).write_now(|db| outbox.queue(db, app.now(), to, mail));
    queued.unwrap();
}

fn queue(app: &TestApp) {
    queue_with(app, &app.state.outbox, &reset());
}

fn resend(app: &TestApp, row: &MailRow) -> bool {
    let act = app.act();
    let done: Result<bool, StoreError> =
        (app.state.pool).write_now(|db| queue::resend(db, &act, &app.state.outbox, row.id));
    done.unwrap()
}

/// The only mail of the queue.
fn only(app: &TestApp) -> MailRow {
    let mut rows = queued(app);
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.remove(0)
}

#[track_caller]
fn assert_state(app: &TestApp, state: MailState, words: &str) {
    let row = only(app);
    assert_eq!(row.state(), state, "{row:?}");
    let error = row.last_error.unwrap_or_default();
    assert!(error.contains(words), "{error}");
    assert!(!error.contains("hunter22"), "{error}");
}

on_both_engines! {
    async fn a_mail_is_kept_while_mail_is_off_and_sent_once_when_it_is_on(app) {
        queue(&app);
        assert!(app.state.postman.is_none());
        assert_state(&app, MailState::Waiting, "");
        let server = SmtpServer::spawn().await;
        let mailing = mailing(&app, &server).await;
        mailing.deliver();
        mailing.deliver();
        let received = server.take();
        assert_eq!(received.len(), 1);
        let (row, mail) = (only(&app), &received[0]);
        assert_eq!((&*mail.to, &*mail.from), ("ravi@example.com", "keyport@localhost"));
        assert_eq!(mail.subject, "Reset your password");
        assert_eq!(mail.message_id, format!("{}@localhost", row.id));
        assert_eq!(mail.header("Date"), "Sun, 22 Nov 2026 18:31:00 +0000");
        assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
        assert_eq!(mail.header("List-Unsubscribe"), "");
        let link = mail.link("http://localhost:8080/password/reset?token=");
        assert_eq!(link, TOKEN);
        assert!(mail.html.contains(TOKEN));
        assert_state(&app, MailState::Sent, "");
        assert_eq!(row.sealed, None);
    }
}

on_both_engines! {
    async fn a_link_is_nowhere_in_clear(app) {
        queue(&app);
        let sealed = only(&app).sealed.unwrap();
        let has = |content: &[u8]| content.windows(8).any(|part| TOKEN.as_bytes().windows(8).any(|piece| piece == part));
        assert!(!has(&sealed));
        for entry in std::fs::read_dir(app.database.folder.path()).unwrap() {
            let path = entry.unwrap().path();
            assert!(!has(&std::fs::read(&path).unwrap()), "{}", path.display());
        }
    }
}

on_both_engines! {
    async fn two_instances_send_every_mail_once(app) {
        let server = SmtpServer::spawn().await;
        let (one, two) = (mailing(&app, &server).await, mailing(&app, &server).await);
        for _ in 0..20 {
            queue(&app);
        }
        std::thread::scope(|scope| {
            for instance in [&one, &two] {
                scope.spawn(|| instance.deliver());
            }
        });
        let mut ids: Vec<String> = server.take().into_iter().map(|mail| mail.message_id).collect();
        assert_eq!(ids.len(), 20);
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 20);
    }
}

on_both_engines! {
    async fn a_mail_whose_answer_is_lost_comes_again_under_the_same_id(app) {
        let server = SmtpServer::spawn().await;
        server.expect(&[Mood::TakeAndHangUp]);
        let mailing = mailing(&app, &server).await;
        queue(&app);
        mailing.deliver();
        assert_state(&app, MailState::Failed, "127.0.0.1");
        app.advance(TimeDelta::minutes(1));
        mailing.deliver();
        assert_state(&app, MailState::Sent, "");
        let received = server.take();
        assert_eq!(received.len(), 2);
        assert_eq!(received[0].message_id, received[1].message_id);
        assert_eq!(received[0].header("Date"), received[1].header("Date"));
    }
}

on_both_engines! {
    async fn what_cannot_get_better_is_given_up_at_once_and_the_rest_tried_again(app) {
        let server = SmtpServer::spawn().await;
        let mailing = mailing(&app, &server).await;
        for (mood, state, words) in [
            (Mood::Refuse("550 no such mailbox"), MailState::Dead, "no such mailbox"),
            (Mood::Refuse("451 later"), MailState::Failed, "later"),
            (Mood::RefuseLogin("535 wrong: hunter22"), MailState::Failed, "wrong: …"),
        ] {
            server.expect(&[mood]);
            queue(&app);
            mailing.deliver();
            assert_state(&app, state, words);
            assert_eq!(server.take().len(), 0);
            app.execute("DELETE FROM mails");
        }
    }
}

on_both_engines! {
    async fn a_mail_is_tried_for_a_day_and_a_half_then_given_up_until_an_operator_sends_it_again(app) {
        // Nothing listens there any more.
        let gone = SmtpServer::spawn().await.url();
        let failing = TestApp::spawn_beside(&app, &[("SMTP_URL", &gone)]).await;
        queue(&app);
        for minutes in [1, 5, 30, 120, 480, 1_440] {
            failing.deliver();
            assert_state(&app, MailState::Failed, "127.0.0.1");
            let pause = only(&app).next_try_at - app.now();
            assert_eq!(pause, TimeDelta::minutes(minutes));
            app.advance(pause - TimeDelta::milliseconds(1));
            failing.deliver();
            app.advance(TimeDelta::milliseconds(1));
        }
        failing.deliver();
        assert_state(&app, MailState::Dead, "127.0.0.1");
        assert_eq!(only(&app).tries, 7);
        drop(failing);
        let server = SmtpServer::spawn().await;
        let mailing = mailing(&app, &server).await;
        mailing.deliver();
        assert_eq!(server.take().len(), 0);
        assert!(resend(&app, &only(&app)));
        mailing.deliver();
        assert_eq!(server.take().len(), 1);
        assert!(!resend(&app, &only(&app)), "a mail that was sent cannot be sent again");
    }
}

on_both_engines! {
    async fn a_mail_that_no_one_can_open_is_given_up_and_says_why(app) {
        let server = SmtpServer::spawn().await;
        let mailing = mailing(&app, &server).await;
        let other = InstanceSecrets::parse(&InstanceSecrets::generate(&mut system_rng())).unwrap();
        queue_with(&app, &Outbox::new(other.clone()), &reset());
        mailing.deliver();
        assert_state(&app, MailState::Dead, &format!("the instance secret {}, which is gone", other.current_id()));
    }
}

on_both_engines! {
    async fn what_waited_for_days_while_mail_was_off_is_left_to_operators(app) {
        queue(&app);
        app.advance(TimeDelta::days(3) + TimeDelta::milliseconds(1));
        let server = SmtpServer::spawn().await;
        let mailing = mailing(&app, &server).await;
        mailing.deliver();
        assert_state(&app, MailState::Dead, "while mail was off");
        assert!(resend(&app, &only(&app)));
        mailing.deliver();
        assert_eq!(server.take().len(), 1);
    }
}

on_both_engines! {
    async fn a_mail_that_was_taken_by_someone_who_died_is_due_again_after_the_lease(app) {
        queue(&app);
        let (now, lease) = (app.now(), TimeDelta::minutes(5));
        let taken: Result<_, StoreError> = (app.state.pool)
            .write_now(|db| keyport::store::mails::take_due(db, now, now + lease));
        assert!(taken.unwrap().is_some());
        let server = SmtpServer::spawn().await;
        let mailing = mailing(&app, &server).await;
        mailing.deliver();
        assert_eq!(server.take().len(), 0);
        app.advance(lease);
        mailing.deliver();
        assert_eq!(server.take().len(), 1);
    }
}

on_both_engines! {
    with crate::support::mail_queue::MAIL_ON,
    async fn a_mail_whose_link_leads_nowhere_is_given_up_and_not_sent_again(app) {
        app.account("maren@example.com", "Maren");
        let mut oona = app.operator("oona@example.com", "Oona").await;
        let forgot = "/password/forgot";
        let fields = [("email", "maren@example.com")];
        app.anonymous().fill_in(forgot, forgot, &fields).await.expect(200);
        let server = SmtpServer::spawn().await;
        let mailing = mailing(&app, &server).await;
        let refused = |app: &TestApp, words| {
            mailing.deliver();
            assert_state(app, MailState::Dead, words);
            assert!(!resend(app, &only(app)));
            assert_eq!(server.take().len(), 0);
        };
        // It was tried before, or was not.
        app.execute("UPDATE mails SET tries = 1");
        app.advance(TimeDelta::hours(1));
        refused(&app, "its link had expired");
        oona.visits(&mailing);
        let path = format!("/operator/mail/{}", only(&app).id);
        let page = oona.get(&path).await.expect(200);
        assert!(page.text().contains("It cannot be sent again") && page.text().contains("Its link has expired."));
        assert!(!page.page.has("a[href$=send-again]"));
        oona.get(&format!("{path}/send-again")).await.expect(303);
        app.execute("DELETE FROM mails");

        app.anonymous().fill_in(forgot, forgot, &fields).await.expect(200);
        app.execute("UPDATE one_time_links SET used_at = created_at");
        refused(&app, "its link had been used or ended");
        app.execute("DELETE FROM mails");

        app.anonymous().fill_in(forgot, forgot, &fields).await.expect(200);
        app.execute("DELETE FROM one_time_links");
        refused(&app, "its link had been used or ended");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_finishes_the_mail_that_is_under_way() {
    let app = TestApp::spawn(Engine::Sqlite).await;
    let server = SmtpServer::spawn().await;
    server.expect(&[Mood::Hold]);
    queue(&app);
    let mut mailing = mailing(&app, &server).await;
    server.held().await;
    mailing.begin_stop();
    while !mailing.state.draining.has_begun() {
        tokio::task::yield_now().await;
    }
    server.release();
    mailing.stop();
    assert_state(&app, MailState::Sent, "");
    assert_eq!(server.take().len(), 1);
}

on_both_engines! {
    async fn old_mails_are_removed_but_not_what_keeps_an_occasion_to_one(app) {
        use keyport::domain::housekeeping;
        use keyport::domain::mail::OncePer;
        let id = app.account("maren@example.com", "Maren").id;
        let once = |app: &TestApp| {
            let to = Recipient { account_id: Some(id), email: "maren@example.com" };
            let occasion = OncePer::Account { id, what: "1" };
            let (outbox, now) = (&app.state.outbox, app.now());
            let queued: Result<bool, StoreError> = (app.state.pool)
                .write_now(|db| outbox.queue_once(db, now, to, &reset(), occasion));
            queued.unwrap()
        };
        let keep = |app: &TestApp| {
            let kept: Result<(), StoreError> = app.state.pool.write_now(|db| housekeeping::run(db, app.now()));
            kept.unwrap();
        };
        queue(&app);
        assert!(once(&app));
        let server = SmtpServer::spawn().await;
        let mut mailing = mailing(&app, &server).await;
        mailing.deliver();
        mailing.stop();
        assert_eq!(server.take().len(), 2);
        app.advance(TimeDelta::days(31));
        keep(&app);
        assert!(only(&app).once_key.is_some());
        assert!(!once(&app));
        app.advance(TimeDelta::days(370));
        keep(&app);
        assert!(once(&app));
    }
}
