//! Keys of the server itself: operators set them and say who may use them, accounts use them without seeing them.

use keyport::domain::integrations::calls::{CallRefusal, Opened, open_for_call};
use keyport::ids::AccountId;

use crate::support::{Person, TestApp};
use crate::with_a_provider;

use super::keys::{LIST, enter};
use super::scene::PROVIDER_KEY;

const SERVERS_KEY: &str = "sk-server-abcdefghijklmnopqr7Zzz";
const PAGE: &str = "/operator/integrations/openai";
const ACCESS: &str = "/operator/integrations/openai/access";

fn open(app: &TestApp, account: AccountId) -> Result<Opened, CallRefusal> {
    let state = &app.state;
    let secrets = &state.policy.secrets;
    (state.pool).read_now(|db| open_for_call(db, &state.catalog, secrets, account, "openai"))
}

async fn share(oona: &mut Person, access: &str, accounts: &str) -> crate::support::actors::Answer {
    let fields = [("access", access), ("accounts", accounts)];
    oona.fill_in(PAGE, ACCESS, &fields).await
}

with_a_provider! {
    async fn accounts_use_the_servers_key_as_far_as_they_may_and_never_see_it(scene) {
        let app = &scene.app;
        let mut oona = app.operator("oona@example.com", "Oona").await;
        let maren_id = app.account("maren@example.com", "Maren").id;
        let other_id = app.account("other@example.com", "Other").id;
        let mut maren = app.anonymous();
        maren.sign_in("maren@example.com", crate::support::app::PASSWORD).await;
        assert!(matches!(open(app, maren_id), Err(CallRefusal::NoKey)));

        oona.fill_in(PAGE, PAGE, &[("key", SERVERS_KEY)]).await.expect(303);
        assert_eq!(scene.provider.take_one().target, "/v1/models");
        let page = oona.get(PAGE).await.expect(200).page;
        assert_eq!(page.words("[aria-labelledby=p-openai] .badge-k"), "Connected");
        assert!(page.words(".facts").contains("sk-s…7Zzz"));
        // The form for another key is on this page, and whose calls they were is nobody's business here.
        assert!(page.has("[aria-labelledby=p-openai] a[href='#key']") && page.has("form input#key"));
        assert!(!page.words(".facts").contains("Requests"));
        assert!(!page.text.contains("abcdefghij"));
        // Nobody may use it yet.
        assert!(matches!(open(app, maren_id), Err(CallRefusal::NotAllowed)));
        assert!(!maren.get(LIST).await.expect(200).page.has("[aria-labelledby=p-openai]"));

        share(&mut oona, "chosen", "Maren@example.com\r\n\r\nmaren@example.com").await.expect(303);
        assert_eq!(open(app, maren_id).unwrap().secret.expose(), SERVERS_KEY);
        assert!(matches!(open(app, other_id), Err(CallRefusal::NotAllowed)));
        let page = maren.get(LIST).await.expect(200).page;
        assert_eq!(page.words("[aria-labelledby=p-openai] .badge-k"), "Connected");
        assert!(page.words("[aria-labelledby=p-openai]").contains("With a key of this server"));
        assert!(!page.text.contains("sk-s") && !page.text.contains("7Zzz"));

        share(&mut oona, "all", "").await.expect(303);
        assert_eq!(open(app, other_id).unwrap().secret.expose(), SERVERS_KEY);
        let list = oona.get("/operator/integrations").await.expect(200).page;
        assert!(list.words(".rows").contains("Every account"));
        // An account's own goes before it.
        enter(&mut maren, "openai", PROVIDER_KEY).await.expect(303);
        assert_eq!(open(app, maren_id).unwrap().secret.expose(), PROVIDER_KEY);
        assert_eq!(open(app, other_id).unwrap().secret.expose(), SERVERS_KEY);

        let remove = "/operator/integrations/openai/remove";
        oona.fill_in(remove, remove, &[]).await.expect(303);
        oona.get(remove).await.expect(404);
        assert!(matches!(open(app, other_id), Err(CallRefusal::NoKey)));
        // Set again, it is no one's until someone says so.
        oona.fill_in(PAGE, PAGE, &[("key", SERVERS_KEY)]).await.expect(303);
        assert!(matches!(open(app, other_id), Err(CallRefusal::NotAllowed)));
        assert_eq!(
            app.audited("provider.share"),
            ["openai, for chosen accounts done", "openai, for every account done"]
        );
        assert_eq!(
            app.audited("provider_key.save"),
            ["openai, for the server done", "openai done", "openai, for the server done"]
        );
        assert_eq!(app.audited("provider_key.remove"), ["openai, for the server done"]);
    }
}

with_a_provider! {
    async fn bad_input_of_operators_changes_nothing(scene) {
        let mut oona = scene.app.operator("oona@example.com", "Oona").await;
        for (key, words) in [("", "Enter the key."), ("a b", "without spaces")] {
            let page = oona.fill_in(PAGE, PAGE, &[("key", key)]).await.expect(422).page;
            assert!(page.words("#key-error").contains(words), "{key:?}");
        }
        let refused = oona.fill_in(PAGE, PAGE, &[("key", "sk-bad-abcdefghijklmnop")]).await.expect(422).page;
        assert!(refused.words(".notice.bad").starts_with("OpenAI refused this key with 401. It was not saved."));
        oona.get("/operator/integrations/nobody").await.expect(404);
        oona.fill_in(PAGE, PAGE, &[("key", SERVERS_KEY)]).await.expect(303);
        for (access, accounts, words) in [
            ("chosen", "oona@example.com\nnobody@example.com", "There is no account with the address nobody@example.com."),
            ("chosen", "oona@example.com\nnobody", "Line 2"),
            ("none", "", "Choose who may use the key."),
        ] {
            let page = share(&mut oona, access, accounts).await.expect(422).page;
            assert!(page.all(".field-error").join(" ").contains(words), "{words}");
            assert!(page.words(".notice.bad").starts_with("Nothing was changed."));
        }
        oona.post_raw(ACCESS, &[("form_token", "stale"), ("access", "all")], &[]).await.expect(422);
        oona.post_raw(PAGE, &[("form_token", "stale"), ("key", SERVERS_KEY)], &[]).await.expect(422);
        let shared = scene.app.text("SELECT MIN(access) AS text FROM shared_providers");
        assert_eq!(shared, "chosen");
        assert_eq!(scene.app.audited("provider.share"), [""; 0]);
    }
}

with_a_provider! {
    async fn the_servers_key_is_checked_again_and_replaced_like_others(scene) {
        let mut oona = scene.app.operator("oona@example.com", "Oona").await;
        let check = format!("{PAGE}/check");
        oona.post_from(PAGE, &check, &[]).await.expect(404);
        oona.fill_in(PAGE, PAGE, &[("key", SERVERS_KEY)]).await.expect(303);
        oona.post_from(PAGE, &check, &[]).await.expect(303);
        let page = oona.get(PAGE).await.expect(200).page;
        assert!(page.words(".notice.ok").starts_with("OpenAI takes the key."));
        oona.fill_in(PAGE, PAGE, &[("key", PROVIDER_KEY)]).await.expect(303);
        let page = oona.get(PAGE).await.expect(200).page;
        assert!(page.words(".facts").contains("sk-g…w3Fq"));
        assert_eq!(super::keys::stored(&scene.app), "1");
    }
}

with_a_provider! {
    async fn the_servers_key_is_never_sent_to_a_server_of_an_accounts_choice(scene) {
        let app = &scene.app;
        let mut oona = app.operator("oona@example.com", "Oona").await;
        oona.fill_in(PAGE, PAGE, &[("key", SERVERS_KEY)]).await.expect(303);
        share(&mut oona, "all", "").await.expect(303);
        let maren = app.account("maren@example.com", "Maren").id;
        // As if the account had added one of that name before the settings had it.
        app.execute(&format!(
            "INSERT INTO custom_providers (account_id, slug, base_url, auth, created_at)
             VALUES ({}, 'openai', 'https://mine.example', 'bearer', 0)",
            maren.as_number()
        ));
        assert!(matches!(open(app, maren), Err(CallRefusal::NoKey)));
    }
}
