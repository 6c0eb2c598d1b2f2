//! The state of a form on a page: values kept, errors beside fields, and a summary on top.

/// A field as the page shows it.
#[derive(Clone, Debug, Default)]
pub struct Field {
    /// What was entered. Never a secret.
    pub value: String,
    /// What is wanted instead.
    pub error: Option<String>,
}

impl Field {
    /// A field with this value and no error.
    pub fn with(value: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            error: None,
        }
    }

    /// Puts the error beside the field.
    pub fn refuse(&mut self, error: impl Into<String>) {
        self.error = Some(error.into());
    }

    /// Puts a further error beside the field: several things may be wrong with it, and each is told once.
    pub fn refuse_also(&mut self, error: &str) {
        match &mut self.error {
            Some(known) if format!("{known} ").contains(&format!("{error} ")) => {}
            Some(known) => *known = format!("{known} {error}"),
            None => self.refuse(error),
        }
    }
}

/// What was entered, without space around it; `None` for nothing.
pub fn entered(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The lines that were entered.
pub fn entered_lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

/// A field named in a summary.
#[derive(Clone, Debug)]
pub struct FieldLink {
    /// Id of the input.
    pub id: &'static str,
    /// Its label.
    pub label: &'static str,
}

/// The message over a form that was refused.
#[derive(Clone, Debug)]
pub struct Summary {
    /// What did not happen: bold, first.
    pub lead: String,
    /// What to do, unless fields are listed.
    pub text: String,
    /// Fields to correct.
    pub fields: Vec<FieldLink>,
}

impl Summary {
    /// A message about the form as a whole.
    pub fn of(lead: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            lead: lead.into(),
            text: text.into(),
            fields: Vec::new(),
        }
    }

    /// The message about a form whose token is stale.
    pub fn stale() -> Self {
        Self::of(
            "This form is too old.",
            "Nothing was changed. Send it again.",
        )
    }

    /// A message that lists those of the fields that have errors; `None` if none has.
    pub fn listing(lead: &str, fields: &[(&'static str, &'static str, &Field)]) -> Option<Self> {
        let bad: Vec<FieldLink> = fields
            .iter()
            .filter(|(.., field)| field.error.is_some())
            .map(|&(id, label, _)| FieldLink { id, label })
            .collect();
        if bad.is_empty() {
            return None;
        }
        let plural = if bad.len() == 1 { "" } else { "s" };
        Some(Self {
            lead: lead.to_owned(),
            text: format!("Fix {} field{plural}:", bad.len()),
            fields: bad,
        })
    }
}
