//! Pages, asked by selector.

use scraper::{Html, Selector};

/// A page as it came.
pub struct Page {
    pub text: String,
    html: Html,
}

impl Page {
    pub fn new(text: String) -> Self {
        let html = Html::parse_document(&text);
        Self { text, html }
    }

    /// The words of the first match, with white space folded.
    pub fn words(&self, selector: &str) -> String {
        self.all(selector)
            .into_iter()
            .next()
            .unwrap_or_else(|| panic!("nothing matches {selector} in {}", self.text))
    }

    /// The words of every match.
    pub fn all(&self, selector: &str) -> Vec<String> {
        self.html
            .select(&Selector::parse(selector).unwrap())
            .map(|element| {
                let text: String = element.text().collect();
                text.split_whitespace().collect::<Vec<_>>().join(" ")
            })
            .collect()
    }

    /// The rows of a table: of every match, the words of each cell, with a space between.
    pub fn rows(&self, selector: &str) -> Vec<String> {
        self.html
            .select(&Selector::parse(selector).unwrap())
            .map(|row| {
                let cells = row.child_elements().flat_map(|cell| cell.text());
                let text: Vec<&str> = cells.flat_map(str::split_whitespace).collect();
                text.join(" ")
            })
            .collect()
    }

    pub fn has(&self, selector: &str) -> bool {
        !self.all(selector).is_empty()
    }

    /// An attribute of the first match.
    pub fn attribute(&self, selector: &str, name: &str) -> String {
        self.html
            .select(&Selector::parse(selector).unwrap())
            .next()
            .and_then(|element| element.attr(name))
            .unwrap_or_else(|| panic!("nothing matches {selector}[{name}] in {}", self.text))
            .to_owned()
    }
}
