//! Provider keys in the database: they open for their account, provider and row only, and move with the instance secret.

use keyport::domain::integrations::calls::{CallRefusal, Opened, open_for_call};
use keyport::domain::secret_rotation::dependents;
use keyport::store::StoreError;

use crate::support::TestApp;
use crate::with_a_provider;

use super::keys::{LIST, badge, check_now, enter, stored};
use super::replacing::account;
use super::scene::PROVIDER_KEY;

const OLD: &str = "old:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const NEW: &str = "new:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const ON_OLD: [(&str, &str); 1] = [("KEYPORT_SECRET", OLD)];

fn open(app: &TestApp, slug: &str) -> Result<Opened, CallRefusal> {
    let (state, id) = (&app.state, account(app));
    let secrets = &state.policy.secrets;
    (state.pool).read_now(|db| open_for_call(db, &state.catalog, secrets, id, slug))
}

/// The same server, with another instance secret.
async fn with_secret(scene: &super::scene::Scene, secret: &str) -> TestApp {
    let (file, place) = scene.settings();
    let settings = [
        ("KEYPORT_CONFIG", file.as_str()),
        ("KEYPORT_ALLOW_PRIVATE_PROVIDERS", place.as_str()),
        ("KEYPORT_SECRET", secret),
    ];
    TestApp::spawn_beside(&scene.app, &settings).await
}

with_a_provider! {
    async fn no_key_lies_readable_in_the_database(scene) {
        let mut maren = scene.app.person("maren@example.com", "Maren").await;
        enter(&mut maren, "openai", PROVIDER_KEY).await.expect(303);
        let hexed = match scene.app.database.url.starts_with("postgres") {
            true => scene.app.text("SELECT encode(sealed, 'hex') AS text FROM provider_keys"),
            false => scene.app.text("SELECT lower(hex(sealed)) AS text FROM provider_keys"),
        };
        let part: String = PROVIDER_KEY[5..15].bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!hexed.contains(&part));
        assert_eq!(scene.app.text("SELECT hint AS text FROM provider_keys"), "sk-g…w3Fq");
        assert_eq!(open(&scene.app, "openai").unwrap().secret.expose(), PROVIDER_KEY);
    }
}

with_a_provider! {
    async fn a_row_copied_from_another_account_does_not_open(scene) {
        let app = &scene.app;
        let mut other = app.person("other@example.com", "Other").await;
        enter(&mut other, "openai", PROVIDER_KEY).await.expect(303);
        let mut maren = app.person("maren@example.com", "Maren").await;
        app.execute(
            "INSERT INTO provider_keys (id, account_id, provider, place, sealed, hint, checked_at, created_at)
             SELECT 7, (SELECT id FROM accounts WHERE email = 'maren@example.com'), 'openai', 'current', sealed, hint,
                 checked_at, created_at FROM provider_keys",
        );
        assert!(matches!(open(app, "openai"), Err(CallRefusal::CannotBeOpened)));
        assert_eq!(badge(&mut maren, "openai").await.as_deref(), Some("Cannot be opened"));
        // Nor as the key of another provider, nor as the server's.
        app.execute("UPDATE provider_keys SET provider = 'anthropic' WHERE id <> 7");
        assert_eq!(badge(&mut other, "anthropic").await.as_deref(), Some("Cannot be opened"));
        app.execute("UPDATE provider_keys SET account_id = NULL, provider = 'openai' WHERE id <> 7");
        app.execute("DELETE FROM provider_keys WHERE id = 7");
        app.execute("INSERT INTO shared_providers (provider, access) VALUES ('openai', 'all')");
        assert!(matches!(open(app, "openai"), Err(CallRefusal::CannotBeOpened)));
        let page = maren.get(LIST).await.expect(200).page;
        assert!(page.words("[aria-labelledby=p-openai]").contains("The server’s key cannot be opened."));
    }
}

with_a_provider! {
    async fn a_sealed_value_altered_by_one_bit_does_not_open_and_the_page_says_what_to_do(scene) {
        let app = &scene.app;
        let mut maren = app.person("maren@example.com", "Maren").await;
        enter(&mut maren, "openai", PROVIDER_KEY).await.expect(303);
        // The last byte, flipped: of 'A' or 'B' one is another.
        let flip = match app.database.url.starts_with("postgres") {
            true => "UPDATE provider_keys SET sealed = set_bit(sealed, 8 * (length(sealed) - 1), 1 - get_bit(sealed, 8 * (length(sealed) - 1)))".to_owned(),
            false => {
                let whole = app.text("SELECT hex(sealed) AS text FROM provider_keys");
                let last = u8::from_str_radix(&whole[whole.len() - 2..], 16).unwrap() ^ 1;
                format!("UPDATE provider_keys SET sealed = x'{}{last:02x}'", &whole[..whole.len() - 2])
            }
        };
        app.execute(&flip);
        assert!(matches!(open(app, "openai"), Err(CallRefusal::CannotBeOpened)));
        let page = maren.get(LIST).await.expect(200).page;
        let notice = page.words("[aria-labelledby=p-openai] .notice.bad");
        assert!(notice.starts_with("This key cannot be opened."), "{notice}");
        assert!(maren.get("/").await.expect(200).page.words(".rows").contains("Your OpenAI key cannot be opened"));
        scene.provider.take();
        check_now(&mut maren, "openai").await.expect(303);
        assert!(scene.provider.take().is_empty());
        // What is there stays until another one takes its place.
        assert_eq!(stored(app), "1");
        enter(&mut maren, "openai", PROVIDER_KEY).await.expect(303);
        assert_eq!(badge(&mut maren, "openai").await.as_deref(), Some("Connected"));
        assert_eq!(stored(app), "1");
    }
}

with_a_provider! {
    with super::ON_OLD,
    async fn rotating_the_instance_secret_moves_the_keys(scene) {
        let mut maren = scene.app.person("maren@example.com", "Maren").await;
        enter(&mut maren, "openai", PROVIDER_KEY).await.expect(303);
        let sealed = |app: &TestApp| {
            let (now, secrets) = (app.now(), app.state.policy.secrets.clone());
            let all: Result<_, StoreError> = app.state.pool.read_now(|db| dependents(db, now, &secrets));
            all.unwrap().pop().unwrap().uses.sealed
        };
        assert!(sealed(&scene.app) > 0);
        let mut rotated = with_secret(&scene, &format!("{NEW},{OLD}")).await;
        assert_eq!(open(&rotated, "openai").unwrap().secret.expose(), PROVIDER_KEY);
        rotated.stop();
        let again = with_secret(&scene, &format!("{NEW},{OLD}")).await;
        assert_eq!(sealed(&again), 0);
        let retired = with_secret(&scene, NEW).await;
        assert_eq!(open(&retired, "openai").unwrap().secret.expose(), PROVIDER_KEY);
    }
}

with_a_provider! {
    with super::ON_OLD,
    async fn with_the_instance_secret_lost_nothing_opens_and_nothing_is_lost(scene) {
        let mut maren = scene.app.person("maren@example.com", "Maren").await;
        enter(&mut maren, "openai", PROVIDER_KEY).await.expect(303);
        // It moves under the new secret; then that one is lost, and only the old one is left.
        let mut rotated = with_secret(&scene, &format!("{NEW},{OLD}")).await;
        rotated.stop();
        let lost = with_secret(&scene, OLD).await;
        assert!(matches!(open(&lost, "openai"), Err(CallRefusal::CannotBeOpened)));
        let mut maren = lost.anonymous();
        maren.sign_in("maren@example.com", crate::support::app::PASSWORD).await;
        let page = maren.get(LIST).await.expect(200).page;
        let notice = page.words("[aria-labelledby=p-openai] .notice.bad");
        assert!(notice.contains("It was sealed with an instance secret that is gone. Enter it again."), "{notice}");
        enter(&mut maren, "openai", PROVIDER_KEY).await.expect(303);
        assert_eq!(open(&lost, "openai").unwrap().secret.expose(), PROVIDER_KEY);
    }
}
