//! Why something may not be done, in words.

use super::super::functions::Functions;
use super::{Action, Cells, Need, Reach};

/// Why something may not be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denied {
    /// What.
    pub action: Action,
    /// True if the answer is 403: another one's object, rather than a lack of authority on one's own.
    pub is_forbidden: bool,
    pub(super) reach: Reach,
}

impl Denied {
    /// The reason, as sentences that say what is missing and what there is.
    pub fn words(&self) -> String {
        let action = self.action.words();
        match self.action.need() {
            Need::Nothing => format!("You cannot {action}."),
            Need::Link => format!(
                "To {action}, your account has to be linked to it. Ask for that under Settings, Contacts."
            ),
            Need::Functions(cells) => {
                let places = cells.words(self.action, self.reach.is_held_by_customer);
                let has = cells.having(&self.reach);
                format!(
                    "To {action}, your account has to be linked to a contact that is {places}. {has}"
                )
            }
            Need::Opener => format!("Only who opened the ticket may {action}."),
            Need::OpenerOrLink => format!(
                "To {action}, you have to have opened it, or be linked to the contact that it is about."
            ),
            Need::LinkOfAnother => format!(
                "To {action}, your account has to be linked to the contact, and be another one than that which asked."
            ),
            Need::Grant => format!("To {action}, your account needs a grant. Operators give them."),
        }
    }
}

impl Cells {
    /// "Admin or Tech of its organization, or Tech of the network".
    fn words(&self, action: Action, is_held_by_customer: bool) -> String {
        let with_parents = self.with_parents(is_held_by_customer);
        let organization = match action {
            Action::OrganizationView | Action::OrganizationChange | Action::OrganizationDelete => {
                "it"
            }
            _ => "its organization",
        };
        let places = [
            (self.organization, organization, true),
            (self.network, "the network", true),
            (self.parent_network, "the network above it", with_parents),
            (
                self.parent_organization,
                "the organization above it",
                with_parents,
            ),
        ];
        let words: Vec<String> = places
            .into_iter()
            .filter(|(functions, _, counts)| *counts && !functions.is_empty())
            .map(|(functions, place, _)| format!("{} of {place}", functions.words()))
            .collect();
        words.join(", or ")
    }

    /// What the account is where it counts, and what it is where it does not.
    fn having(&self, reach: &Reach) -> String {
        let above = reach.parent_network.or(reach.parent_organization);
        let has_above = !(self.parent_network.is_empty() && self.parent_organization.is_empty());
        let counts_above = has_above && self.with_parents(reach.is_held_by_customer);
        let own = reach.organization.or(reach.network);
        let here = if counts_above { own.or(above) } else { own };
        let list = |functions: Functions| functions.words().replace(" or ", " and ");
        if !here.is_empty() {
            return format!("Your account has {} here.", list(here));
        }
        if !above.is_empty() {
            return format!(
                "Your account has none of them here: it has {} above, which is not enough.",
                list(above)
            );
        }
        "Your account has none of them here.".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::functions::Function;
    use super::super::decide;
    use super::*;

    /// Functions on the organization above a network, and nothing else.
    fn above(functions: &[Function]) -> Reach {
        Reach {
            parent_organization: Functions::of(functions),
            ..Reach::default()
        }
    }

    #[test]
    fn the_reason_names_what_is_missing_and_what_there_is() {
        let reach = Reach {
            organization: Functions::of(&[Function::Abuse]),
            ..Reach::default()
        };
        let denied = decide(Action::OrganizationChange, &reach).unwrap_err();
        assert_eq!(
            denied.words(),
            "To change this organization, your account has to be linked to a contact that is Admin or Tech of \
             it. Your account has Abuse here."
        );
        let denied = decide(Action::OrganizationView, &Reach::default()).unwrap_err();
        assert_eq!(
            denied.words(),
            "To read this organization, your account has to be linked to a contact that is Admin, Tech, Abuse, \
             NOC, Routing or DNS of it. Your account has none of them here."
        );
        // What is above a network is not said to be here where it does not count.
        let managed = above(&[Function::Admin, Function::Tech]);
        for action in [Action::NetworkReassign, Action::NetworkChange] {
            let words = decide(action, &managed).unwrap_err().words();
            let has = "Your account has none of them here: it has Admin and Tech above, which is not enough.";
            assert!(words.ends_with(has), "{words}");
        }
        let noc = above(&[Function::Noc]);
        let words = decide(Action::NetworkRemove, &noc).unwrap_err().words();
        assert!(words.ends_with("Your account has NOC here."), "{words}");
        // Each action has words for its refusal.
        for action in Action::ALL {
            if let Err(denied) = decide(action, &Reach::default()) {
                assert!(denied.words().contains(action.words()), "{action:?}");
            }
        }
    }
}
