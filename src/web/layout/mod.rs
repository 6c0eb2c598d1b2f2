//! What every page shares: who is signed in, where they are, the theme, the token for the forms in the frame.

mod navigation;

use serde::{Deserialize, Serialize};

use crate::domain::accounts::Account;
use crate::web::extract::visitor::{ErrorPageContext, Visitor};
use crate::web::markup::Icon;
use crate::web::state::AppState;
use crate::web::times::Times;

pub use self::navigation::{Nav, NavGroup, NavItem};

/// The chosen appearance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// As the system has it.
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// The word in form and cookie.
    pub fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme with this word; the system's for any other.
    pub fn from_word(word: &str) -> Self {
        match word {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }
}

/// A message for the page after a redirect.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Flash {
    /// What happened: bold, first.
    pub lead: String,
    /// What it means.
    pub text: String,
}

/// Who is signed in, as the frame shows it.
pub struct Holder {
    /// Name.
    pub name: String,
    /// Email address.
    pub email: String,
    /// One or two letters.
    pub initials: String,
    /// True for operators.
    pub is_operator: bool,
}

/// A link of the way here.
pub struct Crumb {
    /// Its words.
    pub label: String,
    /// Where it leads; `None` for the page itself.
    pub href: Option<String>,
}

/// The frame of a page.
pub struct Layout {
    /// Title of the window, without " · keyport".
    pub title: String,
    /// Who is signed in.
    pub holder: Option<Holder>,
    /// Where in the navigation this is.
    pub nav: Nav,
    /// The way here.
    pub crumbs: Vec<Crumb>,
    /// The chosen appearance.
    pub theme: Theme,
    /// Token for the forms of the page.
    pub form_token: String,
    /// Message left by the request before.
    pub flash: Option<Flash>,
    /// True if that message is a warning.
    pub flash_warns: bool,
    /// Where the theme form comes back to.
    pub return_to: String,
    /// Host of this instance.
    pub host: String,
    /// True if security.txt has something to say.
    pub has_security_contact: bool,
    /// True if there is a registry.
    pub has_registry: bool,
}

impl Layout {
    /// The frame for a visitor's page. Takes the message that was left for it.
    pub fn new(visitor: &Visitor, title: impl Into<String>, nav: Nav) -> Self {
        let flash = visitor
            .account
            .is_some()
            .then(|| visitor.take_flash())
            .flatten();
        Self {
            title: title.into(),
            holder: visitor.account.as_ref().map(holder),
            nav,
            crumbs: Vec::new(),
            theme: visitor.theme,
            form_token: visitor.form_token.clone(),
            flash_warns: flash.is_some() && visitor.take_flash_warns(),
            flash,
            return_to: visitor.path.clone(),
            host: visitor.state.site.host(),
            has_security_contact: visitor.state.site.security_contact.is_some(),
            has_registry: visitor.state.config.registry.enabled,
        }
    }

    /// The frame of an error page, for whom the request got to know.
    pub fn of_error(title: &str, context: Option<ErrorPageContext>, state: &AppState) -> Self {
        let theme = context
            .as_ref()
            .map_or(Theme::System, |context| context.theme);
        let form_token = context
            .as_ref()
            .map_or_else(String::new, |context| context.form_token.clone());
        Self {
            title: title.to_owned(),
            holder: context
                .and_then(|context| context.account)
                .as_ref()
                .map(holder),
            nav: Nav::None,
            crumbs: Vec::new(),
            theme,
            form_token,
            flash: None,
            flash_warns: false,
            return_to: "/".to_owned(),
            host: state.site.host(),
            has_security_contact: state.site.security_contact.is_some(),
            has_registry: state.config.registry.enabled,
        }
    }

    /// The same with the way here; the last crumb is the page itself.
    #[must_use]
    pub fn with_crumbs(mut self, links: &[(&str, &str)], last: &str) -> Self {
        self.crumbs = links
            .iter()
            .map(|(label, href)| Crumb {
                label: (*label).to_owned(),
                href: Some((*href).to_owned()),
            })
            .chain([Crumb {
                label: last.to_owned(),
                href: None,
            }])
            .collect();
        self
    }

    /// The title without the word that tells of an error: the heading of pages that have no other.
    pub fn title_words(&self) -> &str {
        self.title.strip_prefix("Error: ").unwrap_or(&self.title)
    }

    /// Address of a file of `static/`.
    pub fn asset(&self, name: &str) -> &'static str {
        crate::web::assets::url(name)
    }

    /// An icon.
    pub fn icon(&self, name: &'static str) -> Icon {
        Icon(name)
    }

    /// The three choices of the theme form: word, words, whether it is chosen.
    pub fn themes(&self) -> [(&'static str, &'static str, bool); 3] {
        [
            ("system", "System", self.theme == Theme::System),
            ("light", "Light", self.theme == Theme::Light),
            ("dark", "Dark", self.theme == Theme::Dark),
        ]
    }

    /// Version of this program.
    pub fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }
}

/// Writes the times of an account's page.
pub fn times(visitor: &Visitor, account: &Account) -> Times {
    Times::new(visitor.now, account.time_zone)
}

fn holder(account: &Account) -> Holder {
    Holder {
        name: account.name.clone(),
        email: account.email.clone(),
        initials: initials(&account.name),
        is_operator: account.is_operator,
    }
}

/// First letters of the first and the last word.
fn initials(name: &str) -> String {
    let mut words = name.split_whitespace();
    let first = words.next().and_then(|word| word.chars().next());
    let last = words.next_back().and_then(|word| word.chars().next());
    first
        .into_iter()
        .chain(last)
        .flat_map(char::to_uppercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_of_the_first_and_the_last_word() {
        assert_eq!(initials("Maren Okafor"), "MO");
        assert_eq!(initials("maren"), "M");
        assert_eq!(initials("Ana de la Cruz"), "AC");
        assert_eq!(initials("中文"), "中");
    }
}
