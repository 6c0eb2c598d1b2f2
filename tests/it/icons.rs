//! Every icon that a template names is among the icons: a missing one would leave a hole, and no error.

use std::fs::read_to_string;
use std::path::{Path, PathBuf};

fn templates(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => templates(&path, found),
            false => found.push(path),
        }
    }
}

#[test]
fn every_icon_that_is_named_is_there() {
    let icons = read_to_string("static/icons.svg").unwrap();
    let mut files = Vec::new();
    templates(Path::new("templates"), &mut files);
    let (mut named, mut missing) = (0, Vec::new());
    for file in files {
        let text = read_to_string(&file).unwrap();
        for rest in text.split("icon(\"").skip(1) {
            let name = rest.split('"').next().unwrap();
            named += 1;
            if !icons.contains(&format!("<symbol id=\"{name}\"")) {
                missing.push(format!("{name} in {}", file.display()));
            }
        }
    }
    assert!(named > 100, "{named}");
    assert!(missing.is_empty(), "there are no such icons: {missing:?}");
}
