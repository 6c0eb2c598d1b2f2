//! Who is invited by operators, and what becomes of it.

use crate::on_both_engines;
use crate::support::app::PASSWORD;

const INVITATIONS: &str = "/operator/invitations";

on_both_engines! {
    with [("KEYPORT_SIGN_UP", "invitation")],
    async fn without_mail_the_link_is_shown_once_and_lets_one_in(app) {
        let mut oona = app.operator("oona@example.com", "Oona").await;
        for (email, words) in [("nobody", "Enter an email address."), ("oona@example.com", "There is an account with this address.")] {
            let refused = oona.fill_in(INVITATIONS, INVITATIONS, &[("email", email)]).await.expect(422);
            assert_eq!(refused.page.words(".field-error"), words);
        }
        let shown = oona.fill_in(INVITATIONS, INVITATIONS, &[("email", "zoe@example.com")]).await.expect(200);
        let link = shown.page.words("#link");
        let (_, path) = link.split_once("8080").unwrap();
        let listed = oona.get(INVITATIONS).await.page;
        assert_eq!(listed.all("tbody tr").len(), 1);
        assert!(!listed.words("main").contains(path));
        let mut zoe = app.anonymous();
        let fields = [("name", "Zoe"), ("password", PASSWORD)];
        let opened = zoe.get(path).await.expect(200);
        let token = path.split_once('=').unwrap().1;
        let fields = [&fields[..], &[("invitation", token), ("email", "zoe@example.com")]].concat();
        zoe.send_form(&opened, "/sign-up", &fields).await.expect(303);
        assert!(oona.get(INVITATIONS).await.page.all("tbody tr").is_empty());
    }
}

on_both_engines! {
    with crate::support::mail_queue::MAIL_ON,
    async fn with_mail_it_is_sent_and_a_withdrawn_one_is_gone(app) {
        let mut oona = app.operator("oona@example.com", "Oona").await;
        oona.fill_in(INVITATIONS, INVITATIONS, &[("email", "zoe@example.com")]).await.expect(303);
        assert_eq!(app.mail_kinds("zoe@example.com"), ["invitation"]);
        let page = oona.get(INVITATIONS).await.page;
        let id = page.attribute("tbody input[name=withdraw]", "value");
        let token = page.attribute("input[name=form_token]", "value");
        oona.post_raw(INVITATIONS, &[("withdraw", &id)], &[]).await.expect(422);
        assert_eq!(oona.get(INVITATIONS).await.page.all("tbody tr").len(), 1);
        let fields = [("form_token", token.as_str()), ("withdraw", id.as_str())];
        oona.post_raw(INVITATIONS, &fields, &[]).await.expect(303);
        assert!(oona.get(INVITATIONS).await.page.all("tbody tr").is_empty());
        oona.post_raw(INVITATIONS, &fields, &[]).await.expect(404);
    }
}
