//! One direction: no module imports upward. Read from our own `use` lines and paths.

use std::fs;
use std::path::{Path, PathBuf};

/// Each module and what it may import of ours, besides itself.
const RULES: [(&str, &[&str]); 14] = [
    ("base62", &[]),
    ("cidr", &[]),
    ("clock", &[]),
    ("ids", &["base62"]),
    ("secret", &[]),
    ("crypto", &["base62", "secret"]),
    ("store", &["clock", "ids"]),
    ("outbound", &["clock", "ids", "secret"]),
    (
        "domain",
        &[
            "base62", "cidr", "clock", "crypto", "ids", "outbound", "secret", "store",
        ],
    ),
    ("config", &["cidr", "secret"]),
    // `store` for `Pool` in state.rs, for sessions and for the error type that a blocking hop returns; see below.
    (
        "web",
        &[
            "base62", "clock", "config", "crypto", "domain", "ids", "secret", "store",
        ],
    ),
    (
        "server",
        &[
            "clock", "config", "crypto", "domain", "outbound", "secret", "store", "web",
        ],
    ),
    (
        "commands",
        &[
            "clock", "config", "crypto", "domain", "ids", "secret", "server", "store", "web",
        ],
    ),
    ("main", &["clock", "commands", "config", "server"]),
];

#[test]
fn no_module_imports_upward() {
    let mut checked = 0;
    for (file, text) in sources() {
        let module = module_of(&file);
        if module == "lib" {
            continue;
        }
        let allowed = RULES
            .iter()
            .find(|(name, _)| *name == module)
            .unwrap_or_else(|| panic!("{module} has no rule: say where it belongs"))
            .1;
        for imported in imports(&text) {
            assert!(
                imported == module || allowed.contains(&imported.as_str()),
                "{} imports {imported}, and {module} may import only {allowed:?}",
                file.display()
            );
            checked += 1;
        }
    }
    assert!(checked > 100, "only {checked} imports were found");
}

#[test]
fn the_web_takes_nothing_of_the_store_but_the_pool_and_its_error() {
    for (file, text) in sources() {
        if module_of(&file) != "web" {
            continue;
        }
        for line in text.lines().filter(|line| line.contains("crate::store")) {
            let rest = line.split("crate::store::").nth(1).unwrap_or_default();
            let names = rest.trim_end_matches(';').trim_matches(['{', '}']);
            for name in names.split(',').map(str::trim) {
                assert!(
                    matches!(name, "Pool" | "StoreError"),
                    "{}: {line}",
                    file.display()
                );
            }
        }
    }
}

#[test]
fn only_the_web_knows_http_and_templates() {
    for (file, text) in sources() {
        let module = module_of(&file);
        if matches!(module.as_str(), "web" | "server" | "commands" | "main") {
            continue;
        }
        for word in ["actix", "askama", "utoipa"] {
            assert!(
                !text.contains(&format!("use {word}")) && !text.contains(&format!("{word}_web::")),
                "{} uses {word}",
                file.display()
            );
        }
    }
}

#[test]
fn only_the_store_and_the_stored_types_know_diesel() {
    for (file, text) in sources() {
        let module = module_of(&file);
        if matches!(module.as_str(), "store" | "ids" | "clock") {
            continue;
        }
        assert!(
            !text.contains("use diesel"),
            "{} uses diesel",
            file.display()
        );
    }
}

fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    found
}

/// The first name below `src`.
fn module_of(file: &Path) -> String {
    let below = file.strip_prefix("src").unwrap();
    let first = below.components().next().unwrap();
    Path::new(first.as_os_str())
        .file_stem()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned()
}

/// Names behind `crate::` (in the program itself, `keyport::`), outside comments and test modules.
fn imports(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap();
    code.lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("//"))
        .flat_map(|line| {
            line.split("crate::")
                .skip(1)
                .chain(line.split("use keyport::").skip(1))
        })
        .map(|rest| {
            rest.chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect::<String>()
        })
        .filter(|name| !name.is_empty())
        .collect()
}
