//! Operator > Health, Configuration and Audit log.

use crate::on_both_engines;
use crate::support::{Engine, TestApp};

const KEY: [(&str, &str); 3] = [("name", "CI"), ("expires_in", "90d"), ("access", "all")];

on_both_engines! {
    async fn every_part_has_a_figure_and_its_time(app) {
        let mut oona = app.operator("oona@example.com", "Oona").await;
        let answer = oona.get("/operator/health").await.expect(200);
        let page = &answer.page;
        assert_eq!(
            page.all("tbody th"),
            [
                "Database", "Migrations", "Deactivation to refusal", "Usage log", "Mail", "Audit log", "Housekeeping",
                "Instance secrets",
            ]
        );
        assert_eq!(page.all("tbody td[data-label=When] time").len(), 8);
        assert!(page.all("tbody td[data-label=Measured]").iter().all(|figure| !figure.is_empty()));
        let rows = page.rows("tbody tr");
        assert!(rows[0].contains(" ms ") && rows[2].contains(" ms "), "{rows:?}");
        assert!(rows[1].starts_with("Migrations All run"), "{rows:?}");
        assert!(rows[4].starts_with("Mail Off 0 kept"), "{rows:?}");
        assert!(rows[5].starts_with("Audit log Chained 3 entries"), "{rows:?}");
        // What did not run is not green.
        assert!(rows[6].starts_with("Housekeeping Not yet"), "{rows:?}");
        let secret = app.state.policy.secrets.current_id();
        assert!(rows[7].contains(secret), "{rows:?}");
        let engines = page.all(".stats dd");
        assert!(engines.iter().any(|words| words.contains("SQLite 3") || words.contains("PostgreSQL 1")));
    }
}

on_both_engines! {
    async fn what_is_wrong_is_not_green(app) {
        let mut oona = app.operator("oona@example.com", "Oona").await;
        app.execute("UPDATE audit_head SET last_hash = anchor_hash");
        // The next entry finds it.
        app.account("maren@example.com", "Maren");
        app.execute("INSERT INTO instance_secrets (id, fingerprint, created_at) SELECT 'gone', fingerprint, 0 FROM instance_secrets");
        let rows = oona.get("/operator/health").await.expect(200).page.rows("tbody tr");
        assert!(rows[5].contains("Not confirmed"), "{rows:?}");
        assert!(rows[7].contains("Some gone") && rows[7].contains("not here: gone"), "{rows:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_settings_in_force_are_shown_without_secrets() {
    let settings = [
        ("KEYPORT_SIGN_UP", "closed"),
        ("SMTP_URL", "smtp://keyport:hunter22@127.0.0.1:1"),
    ];
    let app = TestApp::spawn_with(Engine::Sqlite, &settings).await;
    let mut oona = app.operator("oona@example.com", "Oona").await;
    let answer = oona.get("/operator/configuration").await.expect(200);
    assert_eq!(answer.page.words(".notice strong"), "Sign-up is closed.");
    let rows = answer.page.rows("tbody tr");
    for row in [
        "sign_up closed KEYPORT_SIGN_UP Environment",
        "smtp_url set SMTP_URL Environment",
        "redis_url not set REDIS_URL Default",
        "brand kp KEYPORT_BRAND Default",
        "scopes none File only Default",
    ] {
        assert!(rows.iter().any(|shown| shown == row), "{row}: {rows:?}");
    }
    assert!(!answer.text().contains("hunter22"));
}

on_both_engines! {
    async fn the_log_of_all_accounts_says_whose_each_entry_is(app) {
        let mut oona = app.operator("oona@example.com", "Oona").await;
        let mut maren = app.person("maren@example.com", "Maren").await;
        maren.create_key(&KEY).await;
        let answer = oona.get("/operator/audit").await.expect(200);
        assert!(answer.text().contains("keyport audit verify"));
        let rows = answer.page.rows(".audit tbody tr");
        assert!(rows[0].contains("API key created CI, kp_"), "{rows:?}");
        assert_eq!(answer.page.all("td[data-label=Account]")[0], "maren@example.com");
        let of_keys = oona.get("/operator/audit?about=keys").await.expect(200).page;
        assert_eq!(of_keys.rows(".audit tbody tr").len(), 1);
        oona.get("/operator/audit?from=yesterday").await.expect(422);
        let file = oona.get("/operator/audit.csv?about=keys").await.expect(200);
        let lines: Vec<&str> = file.text().lines().collect();
        assert!(lines[0].ends_with(",account"), "{lines:?}");
        assert!(lines[1].ends_with(",maren@example.com"), "{lines:?}");
        assert_eq!(lines.len(), 2);
        oona.get("/operator/audit.csv?from=yesterday").await.expect(400);
        // One's own log has no such column, also for operators.
        assert!(!oona.get("/settings/audit").await.page.has("td[data-label=Account]"));
    }
}
