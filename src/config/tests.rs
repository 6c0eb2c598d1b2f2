//! Settings from the file and the environment.

use std::ffi::OsString;

use super::*;

fn load(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let environment = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    Config::load(&environment)
}

#[test]
fn without_settings_it_is_a_sqlite_portal_on_loopback() {
    let config = load(&[]).unwrap();
    assert_eq!(config.bind.to_string(), "127.0.0.1:8080");
    assert_eq!(config.public_url.as_str(), "http://localhost:8080/");
    assert_eq!(config.database_url.expose(), "sqlite:data/keyport.db");
    assert_eq!(config.sign_up, SignUp::Open);
    assert_eq!(config.keys.max_active, 1_000);
}

#[test]
fn a_server_that_others_reach_is_by_invitation_unless_told_otherwise() {
    let config = load(&[("KEYPORT_BIND", "0.0.0.0:80")]).unwrap();
    assert_eq!(config.sign_up, SignUp::Invitation);
    let open = load(&[("KEYPORT_BIND", "0.0.0.0:80"), ("KEYPORT_SIGN_UP", "open")]);
    assert_eq!(open.unwrap().sign_up, SignUp::Open);
}

#[test]
fn the_environment_overrides_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("k.toml");
    std::fs::write(&file, "brand = \"acme\"\n[keys]\nmax_active = 5\n").unwrap();
    let file = file.to_str().unwrap();
    let config = load(&[("KEYPORT_CONFIG", file), ("KEYPORT_KEYS_MAX_ACTIVE", "7")]).unwrap();
    assert_eq!(config.keys.brand, "acme");
    assert_eq!(config.keys.max_active, 7);
}

#[test]
fn bad_settings_are_named() {
    let cases = [
        ("KEYPORT_BIND", "localhost", "bind (KEYPORT_BIND)"),
        ("KEYPORT_METRICS_BIND", "9464", "(KEYPORT_METRICS_BIND)"),
        (
            "KEYPORT_METRICS_BIND",
            "127.0.0.1:8080",
            "choose another port",
        ),
        ("KEYPORT_DRAIN_SECONDS", "-1", "drain_seconds"),
        ("KEYPORT_DRAIN_SECONDS", "601", "drain_seconds"),
        ("KEYPORT_WORKERS", "many", "workers (KEYPORT_WORKERS)"),
        ("KEYPORT_WORKERS", "0", "workers (KEYPORT_WORKERS)"),
        ("KEYPORT_PUBLIC_URL", "https://a.example/path", "public_url"),
        ("KEYPORT_PUBLIC_URL", "ftp://a.example", "public_url"),
        ("KEYPORT_KEYS_MAX_ACTIVE", "0", "keys.max_active"),
        (
            "KEYPORT_KEYS_LONGEST_LIFE_DAYS",
            "-1",
            "keys.longest_life_days",
        ),
        ("KEYPORT_AUDIT_KEEP_DAYS", "0", "audit.keep_days"),
        ("KEYPORT_REGISTRY_SUFFIX", "kp", "registry.suffix"),
        (
            "KEYPORT_REGISTRY_LINK_MAIL_HOURS",
            "0",
            "registry.link_mail_hours",
        ),
        (
            "KEYPORT_REGISTRY_MAX_REPORT_BYTES",
            "1073741825",
            "registry.max_report_bytes",
        ),
        ("KEYPORT_SIGN_UP", "maybe", "sign_up (KEYPORT_SIGN_UP)"),
        (
            "KEYPORT_LOG_FORMAT",
            "xml",
            "log.format (KEYPORT_LOG_FORMAT): write one of text, json",
        ),
        ("KEYPORT_SECURITY_CONTACT", "me", "security_contact"),
        ("KEYPORT_DATA_DIR", "", "data_dir"),
        ("KEYPORT_COLOUR", "red", "KEYPORT_COLOUR"),
    ];
    for (name, value, named) in cases {
        let message = load(&[(name, value)]).unwrap_err().to_string();
        assert!(message.contains(named), "{message}");
    }
}

#[test]
fn an_unknown_setting_in_the_file_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("k.toml");
    std::fs::write(&file, "brand = \"kp\"\ncolour = \"red\"\n").unwrap();
    let error = load(&[("KEYPORT_CONFIG", file.to_str().unwrap())]).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("line 2") && message.contains("colour"),
        "{message}"
    );
}

#[test]
fn a_value_of_the_wrong_type_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("k.toml");
    std::fs::write(&file, "brand = \"kp\"\nbind = 8080\n").unwrap();
    let error = load(&[("KEYPORT_CONFIG", file.to_str().unwrap())]).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("line 2: bind: "), "{message}");
}

#[test]
fn a_variable_of_ours_that_is_not_text_stops_the_start() {
    use std::os::unix::ffi::OsStringExt as _;
    let variable =
        |name: &str, value: &[u8]| (OsString::from(name), OsString::from_vec(value.to_vec()));
    for name in ["KEYPORT_SIGN_UP", "DATABASE_URL", "KEYPORT_UNKNOWN"] {
        let read = read_environment([variable(name, b"closed\xff")].into_iter());
        let message = read.unwrap_err().to_string();
        assert!(
            message.contains(name) && message.contains("UTF-8"),
            "{message}"
        );
    }
    let others = [
        variable("LESSCHARSET", b"\xff"),
        variable("KEYPORT_BRAND", b"kp"),
    ];
    assert_eq!(read_environment(others.into_iter()).unwrap().len(), 1);
}

#[test]
fn the_example_file_is_valid_and_names_every_setting() {
    let example = std::fs::read_to_string("keyport.example.toml").unwrap();
    let config = load(&[("KEYPORT_CONFIG", "keyport.example.toml")]).unwrap();
    // All is the same but where it comes from.
    let config = Config {
        sources: BTreeMap::new(),
        ..config
    };
    assert_eq!(format!("{config:?}"), format!("{:?}", load(&[]).unwrap()));
    for (path, variable, _) in VARIABLES {
        let name = path.rsplit('.').next().unwrap();
        assert!(example.contains(&format!("{name} = ")), "{name} is missing");
        assert!(example.contains(variable), "{variable} is missing");
    }
    let everything = example.replace("# [[", "[[").replace("# name =", "name =");
    assert!(everything.contains("[[scopes]]"));
}

#[test]
fn a_printed_configuration_has_no_secret() {
    let config = load(&[
        ("KEYPORT_SECRET", "a:hunter22"),
        ("DATABASE_URL", "postgres://u:hunter22@h/d"),
        ("REDIS_URL", "redis://:hunter22@h"),
        ("RESEND_API_KEY", "re_hunter22"),
    ]);
    assert!(!format!("{:?}", config.unwrap()).contains("hunter22"));
    let config = load(&[("SMTP_URL", "smtp://u:hunter22@h")]);
    assert!(!format!("{:?}", config.unwrap()).contains("hunter22"));
}

#[test]
fn mail_goes_one_way() {
    let both = [("RESEND_API_KEY", "re_1"), ("SMTP_URL", "smtp://h")];
    let message = load(&both).unwrap_err().to_string();
    assert!(message.contains("smtp_url (SMTP_URL)"), "{message}");
    assert!(message.contains("RESEND_API_KEY"), "{message}");
}
