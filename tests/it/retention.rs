//! How long the usage log is kept.

use chrono::TimeDelta;
use keyport::domain::usage::retention::{self, Retention};

use crate::on_both_engines;
use crate::support::TestApp;
use crate::support::actors::id_of;

fn keep(app: &TestApp) {
    let retention = Retention {
        details: TimeDelta::days(30),
        minutes: TimeDelta::days(90),
    };
    retention::run(&app.state.pool, app.now(), retention, &|| false).unwrap();
}

on_both_engines! {
    async fn counts_become_days_once_and_details_go(app) {
        let mut maren = app.person("maren@example.com", "Maren").await;
        let fields = [("name", "CI"), ("expires_in", "never"), ("access", "all")];
        let key = maren.create_key(&fields).await;
        let program = app.program(&*key);
        let day = app.now();
        for _ in 0..3 {
            program.get("/auth").await.expect(200);
            app.advance(TimeDelta::minutes(1));
        }
        program.get("/auth?scope=keys:write").await.expect(403);
        app.flush();
        keep(&app);
        let page = format!("/settings/api/{}", id_of(&key));
        assert_eq!(maren.get(&page).await.page.all(".requests tbody tr").len(), 4);

        app.advance(TimeDelta::days(200));
        program.get("/auth").await.expect(200);
        app.flush();
        // Twice, as two instances would.
        keep(&app);
        keep(&app);
        assert_eq!(maren.sign_in_again("maren@example.com").await.get(&page).await.page.all(".requests tbody tr").len(), 1);
        let reader = [("name", "Reader"), ("expires_in", "90d"), ("access", "chosen"), ("scope", "usage:read")];
        let reader = app.program(maren.create_key(&reader).await);
        let (from, to) = ((day - TimeDelta::hours(18)).to_rfc3339(), app.now().to_rfc3339());
        let path = format!("/api/v1/keys/{}/usage?from={from}&to={to}&step=day", id_of(&key));
        let usage = reader.get(&path).await.expect(200).json();
        assert_eq!(usage["totals"]["accepted"], 4);
        assert_eq!(usage["totals"]["refused"], 1);
        assert_eq!(usage["points"][0]["accepted"], 3);
        assert_eq!(usage["totals"]["by_code"]["missing_scope"], 1);
    }
}
