//! The checklist of `docs/security.md` names tests: they must be there.

use std::fs::read_to_string;
use std::path::{Path, PathBuf};

/// All source files below a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_test_that_is_named_is_there() {
    let mut files = Vec::new();
    for folder in ["src", "tests"] {
        sources(Path::new(folder), &mut files);
    }
    let code: String = files
        .iter()
        .map(|file| read_to_string(file).unwrap())
        .collect();
    let document = read_to_string("docs/security.md").unwrap();
    let (_, list) = document.split_once("## The checklist").unwrap();
    // Names of tests are sentences: nothing else in that list has so many words joined.
    let named: Vec<&str> = list
        .split('`')
        .skip(1)
        .step_by(2)
        .map(|name| name.rsplit("::").next().unwrap())
        .filter(|name| name.matches('_').count() >= 3)
        .collect();
    assert!(named.len() > 60, "{}", named.len());
    let missing: Vec<&&str> = named
        .iter()
        .filter(|name| !code.contains(&format!("fn {name}(")))
        .collect();
    assert!(missing.is_empty(), "there are no such tests: {missing:?}");
}
