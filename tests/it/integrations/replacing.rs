//! Replacing a key, and checking one again: the old one stays in use until its successor was taken.

use keyport::domain::accounts::find_by_email;
use keyport::domain::integrations::calls::{self, Opened};
use keyport::domain::integrations::provider_keys::Owner;
use keyport::domain::text::EmailAddress;
use keyport::ids::AccountId;
use keyport::store::StoreError;

use crate::support::TestApp;
use crate::with_a_provider;

use super::keys::{HINT, LIST, badge, check_now, enter, stored};
use super::scene::{PROVIDER_KEY, Scene};

const NEW_KEY: &str = "sk-next-abcdefghijklmnopqrst9kTA";
const NEW_HINT: &str = "sk-n…9kTA";

/// The same server with another answer to OpenAI's check.
async fn where_the_check_gets(scene: &Scene, path: &str) -> TestApp {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keyport.toml");
    let url = scene.provider.url();
    let text = format!("[providers.openai]\nbase_url = \"{url}\"\ncheck = \"{path}\"\n");
    std::fs::write(&file, text).unwrap();
    let (file, place) = (
        file.display().to_string(),
        scene.provider.address.to_string(),
    );
    let settings = [
        ("KEYPORT_CONFIG", file.as_str()),
        ("KEYPORT_ALLOW_PRIVATE_PROVIDERS", place.as_str()),
    ];
    TestApp::spawn_beside(&scene.app, &settings).await
}

pub fn opened(app: &TestApp, account: AccountId) -> Opened {
    let state = &app.state;
    let (catalog, secrets) = (&state.catalog, &state.policy.secrets);
    let opened =
        (state.pool).read_now(|db| calls::open_for_call(db, catalog, secrets, account, "openai"));
    opened.unwrap()
}

pub fn account(app: &TestApp) -> AccountId {
    let email = EmailAddress::parse("maren@example.com").unwrap();
    let found: Result<_, StoreError> = (app.state.pool).read_now(|db| find_by_email(db, &email));
    found.unwrap().unwrap().id
}

with_a_provider! {
    async fn a_key_that_is_taken_replaces_the_old_one_at_once(scene) {
        let mut maren = scene.app.person("maren@example.com", "Maren").await;
        enter(&mut maren, "openai", PROVIDER_KEY).await.expect(303);
        let page = maren.get("/settings/integrations/openai").await.expect(200).page;
        assert_eq!(page.words("h1"), "Replace the OpenAI key");
        assert!(page.words("#key-help").contains(HINT));
        enter(&mut maren, "openai", NEW_KEY).await.expect(303);
        let page = maren.get(LIST).await.expect(200).page;
        assert_eq!(page.words("[aria-labelledby=p-openai] .facts code"), NEW_HINT);
        assert_eq!(stored(&scene.app), "1");
        assert_eq!(scene.app.audited("provider_key.replace"), ["openai done"]);
        assert_eq!(opened(&scene.app, account(&scene.app)).secret.expose(), NEW_KEY);
    }
}

with_a_provider! {
    async fn a_refused_successor_changes_nothing(scene) {
        let mut maren = scene.app.person("maren@example.com", "Maren").await;
        enter(&mut maren, "openai", PROVIDER_KEY).await.expect(303);
        enter(&mut maren, "openai", "sk-bad-abcdefghijklmnopqrst").await.expect(422);
        assert_eq!(badge(&mut maren, "openai").await.as_deref(), Some("Connected"));
        assert_eq!(opened(&scene.app, account(&scene.app)).secret.expose(), PROVIDER_KEY);
    }
}

with_a_provider! {
    async fn a_successor_that_cannot_be_checked_waits_and_the_old_key_goes_on(scene) {
        let mut maren = scene.app.person("maren@example.com", "Maren").await;
        enter(&mut maren, "openai", PROVIDER_KEY).await.expect(303);
        let busy = where_the_check_gets(&scene, "/status/429").await;
        maren.visits(&busy);
        enter(&mut maren, "openai", NEW_KEY).await.expect(303);
        let page = maren.get(LIST).await.expect(200).page;
        let flash = page.words(".notice[role=status]");
        assert!(flash.contains("429") && flash.ends_with("The old one stays in use until it was."), "{flash}");
        assert_eq!(page.words("[aria-labelledby=p-openai] .badge-k"), "Connected");
        assert_eq!(page.words("[aria-labelledby=p-openai] .facts code"), HINT);
        assert!(page.words("[aria-labelledby=p-openai] .notice.warn").contains(NEW_HINT));
        assert_eq!(opened(&scene.app, account(&scene.app)).secret.expose(), PROVIDER_KEY);
        // Still busy: nothing changes. Then it answers, and takes the new key.
        check_now(&mut maren, "openai").await.expect(303);
        assert_eq!(stored(&scene.app), "2");
        maren.visits(&scene.app);
        check_now(&mut maren, "openai").await.expect(303);
        let page = maren.get(LIST).await.expect(200).page;
        assert!(page.words(".notice.ok").starts_with("OpenAI takes the new key."));
        assert_eq!(stored(&scene.app), "1");
        assert_eq!(opened(&scene.app, account(&scene.app)).secret.expose(), NEW_KEY);
        assert_eq!(scene.app.audited("provider_key.replace"), ["openai done", "openai done"]);
    }
}

with_a_provider! {
    async fn a_successor_that_turns_out_bad_is_dropped_with_the_providers_words(scene) {
        let mut maren = scene.app.person("maren@example.com", "Maren").await;
        enter(&mut maren, "openai", PROVIDER_KEY).await.expect(303);
        let busy = where_the_check_gets(&scene, "/nothing").await;
        maren.visits(&busy);
        enter(&mut maren, "openai", "sk-next-abcdefghijklmnop").await.expect(303);
        let refusing = where_the_check_gets(&scene, "/status/401").await;
        maren.visits(&refusing);
        check_now(&mut maren, "openai").await.expect(303);
        let page = maren.get(LIST).await.expect(200).page;
        let flash = page.words(".notice.warn[role=status]");
        assert!(flash.starts_with("OpenAI refused the new key with 401. It says: “It is 401”. It was dropped."), "{flash}");
        assert_eq!(stored(&scene.app), "1");
        assert_eq!(page.words("[aria-labelledby=p-openai] .badge-k"), "Connected");
        assert_eq!(opened(&scene.app, account(&scene.app)).secret.expose(), PROVIDER_KEY);
    }
}

with_a_provider! {
    async fn a_key_that_is_refused_later_says_so_with_words_and_time_until_it_is_taken_again(scene) {
        let mut maren = scene.app.person("maren@example.com", "Maren").await;
        enter(&mut maren, "openai", PROVIDER_KEY).await.expect(303);
        let refusing = where_the_check_gets(&scene, "/status/401").await;
        maren.visits(&refusing);
        check_now(&mut maren, "openai").await.expect(303);
        scene.app.advance(chrono::TimeDelta::hours(2));
        check_now(&mut maren, "openai").await.expect(303);
        let page = maren.get(LIST).await.expect(200).page;
        let card = "[aria-labelledby=p-openai]";
        assert_eq!(page.words(&format!("{card} .badge-k")), "Key refused");
        let notice = page.words(&format!("{card} .notice.bad"));
        assert!(notice.starts_with("OpenAI has refused this key with 401 since Today, 18:31 UTC."), "{notice}");
        assert!(notice.contains("It says: “It is 401”."), "{notice}");
        let overview = maren.get("/").await.expect(200).page;
        assert!(overview.words(".rows").contains("OpenAI refuses your key"));
        // It can be entered anew right there; whoever has not signed in recently is asked to first.
        assert!(page.has(&format!("{card} form[action='{LIST}/openai'] input[name=key]")));
        assert!(opened(&scene.app, account(&scene.app)).is_refused);
        maren.visits(&scene.app);
        check_now(&mut maren, "openai").await.expect(303);
        assert_eq!(badge(&mut maren, "openai").await.as_deref(), Some("Connected"));
        assert!(!opened(&scene.app, account(&scene.app)).is_refused);
        assert_eq!(
            scene.app.audited("provider_key.check"),
            ["openai refused", "openai refused", "openai done"]
        );
    }
}

with_a_provider! {
    async fn a_refused_key_is_replaced_by_one_that_cannot_be_checked(scene) {
        let mut maren = scene.app.person("maren@example.com", "Maren").await;
        enter(&mut maren, "openai", PROVIDER_KEY).await.expect(303);
        let refusing = where_the_check_gets(&scene, "/status/401").await;
        maren.visits(&refusing);
        check_now(&mut maren, "openai").await.expect(303);
        let silent = where_the_check_gets(&scene, "/nothing").await;
        maren.visits(&silent);
        enter(&mut maren, "openai", NEW_KEY).await.expect(303);
        assert_eq!(badge(&mut maren, "openai").await.as_deref(), Some("Not checked"));
        assert_eq!(stored(&scene.app), "1");
        assert_eq!(opened(&scene.app, account(&scene.app)).secret.expose(), NEW_KEY);
    }
}

with_a_provider! {
    async fn what_calls_learn_is_noted(scene) {
        let (maren, _) = scene.program();
        let app = &scene.app;
        let first = opened(app, maren.id);
        assert!(!first.is_refused && first.is_checked && !first.is_acceptance_news());
        let note = |work: &dyn Fn(&mut keyport::store::Db) -> Result<(), keyport::store::StoreError>| {
            app.state.pool.write_now(|db| work(db)).unwrap();
        };
        note(&|db| calls::note_refused(db, first.key_id, 401, "no", app.now()));
        assert!(opened(app, maren.id).is_refused);
        note(&|db| calls::note_accepted(db, first.key_id, app.now()));
        assert!(!opened(app, maren.id).is_refused);
        // Of a key that was removed meanwhile nothing is noted, and nothing fails.
        let act = app.act();
        note(&|db| keyport::domain::integrations::provider_keys::remove(db, &act, Owner::Account(maren.id), "openai").map(drop));
        note(&|db| calls::note_refused(db, first.key_id, 401, "no", app.now()));
        note(&|db| calls::note_accepted(db, first.key_id, app.now()));
    }
}
