//! The route table, read from its source.

use std::fs;

/// The addresses that are made by this function, or one whose name ends so.
pub fn routed(function: &str) -> Vec<String> {
    let start = format!("{function}(\"");
    let mut routes = Vec::new();
    for file in fs::read_dir("src/web/routes").unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let text: String = text.split_whitespace().collect();
        let paths = text.split(&start).skip(1);
        routes.extend(paths.map(|rest| rest.split('"').next().unwrap().to_owned()));
    }
    routes
}
