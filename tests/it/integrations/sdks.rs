//! The providers' own libraries work unchanged: only base URL and key are others.

use crate::support::provider::answers::WORDS;
use crate::with_a_provider;

/// Runs a script with its arguments; its own words if it fails.
async fn run(script: &str, arguments: &[&str]) {
    let Ok(python) = std::env::var("KEYPORT_TEST_PYTHON") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let output = tokio::process::Command::new(python)
        .arg(format!(
            "{}/tests/python/{script}",
            env!("CARGO_MANIFEST_DIR")
        ))
        .args(arguments)
        .current_dir(folder.path())
        .output()
        .await
        .unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");
}

with_a_provider! {
    async fn openai_s_library_works_unchanged(scene) {
        let (_, program) = scene.program();
        run("openai_client.py", &[&program.url("/proxy/openai/v1"), &program.key, WORDS]).await;
        assert!(scene.provider.take().iter().all(|call| !call.mentions(&program.key)));
    }
}

with_a_provider! {
    async fn anthropic_s_library_works_unchanged(scene) {
        let (_, program) = scene.program();
        run("anthropic_client.py", &[&program.url("/proxy/anthropic"), &program.key, WORDS]).await;
        assert!(scene.provider.take().iter().all(|call| !call.mentions(&program.key)));
    }
}
