//! Small pieces of HTML that templates print as they are: icons, times and badges. Each escapes what it is given.

use std::fmt;

use askama::filters::HtmlSafe;

use super::assets;

/// An icon of the sprite. Decoration only: what it means is always said in words as well.
#[derive(Clone, Copy, Debug)]
pub struct Icon(pub &'static str);

impl fmt::Display for Icon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sprite = assets::url("icons.svg");
        write!(
            f,
            r##"<svg class="icon" aria-hidden="true" focusable="false"><use href="{sprite}#{}"/></svg>"##,
            self.0
        )
    }
}

impl HtmlSafe for Icon {}

/// An icon by its name in `static/icons.svg`.
pub fn icon(name: &'static str) -> Icon {
    Icon(name)
}

/// A time, written for people and for programs. Its texts hold letters, digits, spaces and `,:/-` only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeView {
    /// RFC 3339.
    pub iso: String,
    /// The full instant with its zone, shown on hover.
    pub title: String,
    /// The words.
    pub text: String,
    /// True if the words grow old and script may refresh them.
    pub is_relative: bool,
    /// True if the words begin with "Today", which is written small inside a sentence.
    pub is_today: bool,
}

impl fmt::Display for TimeView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ago = if self.is_relative { " data-ago" } else { "" };
        let today = if self.is_today { " data-today" } else { "" };
        write!(
            f,
            r#"<time datetime="{}" title="{}"{ago}{today}>{}</time>"#,
            self.iso, self.title, self.text
        )
    }
}

impl HtmlSafe for TimeView {}

/// A state in one word, with a colour and a dot. Its words are ours, never a person's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Badge {
    /// `ok`, `warn`, `bad`, `neutral` or `hollow`.
    pub kind: &'static str,
    /// The words.
    pub text: String,
}

impl fmt::Display for Badge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            r#"<span class="badge-k {}">{}</span>"#,
            self.kind, self.text
        )
    }
}

impl HtmlSafe for Badge {}
