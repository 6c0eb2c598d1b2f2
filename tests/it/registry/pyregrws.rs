//! A client of Reg-RWS that others wrote drives the registry, unchanged.

use crate::on_both_engines;

on_both_engines! {
    with [("KEYPORT_QUERY_KEYS", "allow")],
    async fn a_program_written_for_reg_rws_works_unchanged(app) {
        let Ok(python) = std::env::var("KEYPORT_TEST_PYTHON") else { return };
        let maren = app.registrant("maren@example.com", "Maren Okafor").await;
        let contact = app.person_contact("Maren", "Okafor", Some(maren.id));
        let roles = [("AD", contact.as_str()), ("T", &contact), ("AB", &contact), ("N", &contact)];
        let organization = app.organization("Harbor Example Networks", &roles);
        let network = app.allocate(&organization, "192.0.2.0/24").unwrap();
        let output = tokio::process::Command::new(python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/registry_client.py"))
            .args([&app.url("/"), &maren.program.key, &contact, &organization, &network])
            .current_dir(app.database.folder.path())
            .output()
            .await
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
