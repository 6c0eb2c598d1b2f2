//! Checks who acts for organizations and networks.

use std::collections::BTreeSet;

use super::Checked;
use super::problems::{Problems, quoted};
use super::texts::trimmed;
use crate::domain::registry::fields::ContactLinkFields;
use crate::domain::registry::functions::{Function, Functions};
use crate::domain::registry::handles::Handle;
use crate::domain::registry::organizations::ContactLink;

const LIST: &str = "pocLinks";
const ENTRY: &str = "pocLinkRef";
const MAX_OF_ORGANIZATION: usize = 100;
const MAX_OF_NETWORK: usize = 50;
/// What contacts can do for a network alone.
const OF_NETWORK: Functions = Functions::of(&[Function::Tech, Function::Abuse, Function::Noc]);

/// Contacts of an organization: exactly one Admin, at least one Tech and one Abuse, each once, 100 at most.
///
/// # Errors
/// If a rule is broken.
pub fn organization_contacts(links: &[ContactLinkFields]) -> Checked<Vec<ContactLink>> {
    let mut problems = Problems::default();
    let contacts = each(&mut problems, links, MAX_OF_ORGANIZATION);
    // Functions of entries that are bad otherwise count too, so that only what is missing is asked for.
    let count = |wanted| {
        links
            .iter()
            .filter(|link| link.function == Some(wanted))
            .count()
    };
    if count(Function::Admin) != 1 {
        problems.add(
            LIST,
            "An organization has exactly one Admin. Send one pocLinkRef with function AD.",
        );
    }
    for (function, words) in [
        (Function::Tech, "a Tech (T)"),
        (Function::Abuse, "an Abuse (AB)"),
    ] {
        if count(function) == 0 {
            problems.add(
                LIST,
                format!("An organization needs {words} contact. Add a pocLinkRef for it."),
            );
        }
    }
    problems.or(Some(contacts))
}

/// Contacts of a network itself.
pub(super) fn network_contacts(
    problems: &mut Problems,
    links: &[ContactLinkFields],
) -> Vec<ContactLink> {
    let contacts = each(problems, links, MAX_OF_NETWORK);
    let unfit: BTreeSet<Function> = (contacts.iter())
        .map(|link| link.function)
        .filter(|function| !OF_NETWORK.has(*function))
        .collect();
    for function in unfit {
        problems.add(
            LIST,
            format!(
                "{} (function {}) belongs to organizations. A network has T, AB and N.",
                function.name(),
                function.code()
            ),
        );
    }
    contacts
}

/// Notes contacts where there can be none.
pub(super) fn no_contacts(
    problems: &mut Problems,
    links: Option<&[ContactLinkFields]>,
    message: &str,
) {
    if links.is_some_and(|links| !links.is_empty()) {
        problems.add(LIST, message);
    }
}

/// Each entry by itself, and that none is there twice: by function and handle.
fn each(problems: &mut Problems, links: &[ContactLinkFields], max: usize) -> Vec<ContactLink> {
    if links.len() > max {
        problems.add(LIST, format!("Send at most {max} of them."));
        return Vec::new();
    }
    let mut contacts = BTreeSet::new();
    for link in links {
        let Some(link) = entry(problems, link) else {
            continue;
        };
        if contacts.contains(&link) {
            problems.add(
                LIST,
                format!(
                    "{} is there twice with function {}. Send it once.",
                    link.contact,
                    link.function.code()
                ),
            );
        }
        contacts.insert(link);
    }
    contacts.into_iter().collect()
}

fn entry(problems: &mut Problems, link: &ContactLinkFields) -> Option<ContactLink> {
    if link.function.is_none() {
        problems.add(ENTRY, "Send the function: AD, T, AB, N, R or D.");
    }
    let text = trimmed(link.handle.as_deref());
    let contact: Option<Handle> = text.and_then(|text| text.parse().ok());
    match (text, &contact) {
        (None, _) => problems.add(ENTRY, "Send the handle of a contact."),
        (Some(text), None) => {
            problems.add(LIST, format!("There is no contact {}.", quoted(text)));
        }
        (Some(_), Some(_)) => {}
    }
    Some(ContactLink {
        function: link.function?,
        contact: contact?,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An entry as it is sent.
    pub(in super::super) fn link(function: Function, handle: &str) -> ContactLinkFields {
        ContactLinkFields {
            handle: Some(handle.to_owned()),
            function: Some(function),
        }
    }

    /// Those of an organization that is accepted.
    pub(in super::super) fn complete() -> Vec<ContactLinkFields> {
        vec![
            link(Function::Abuse, "abuse1-kp"),
            link(Function::Tech, "MO1-KP"),
            link(Function::Admin, "MO1-KP"),
        ]
    }

    fn problems(links: &[ContactLinkFields]) -> Vec<&'static str> {
        let problems = organization_contacts(links).err().unwrap_or_default();
        problems.iter().map(|problem| problem.element).collect()
    }

    #[test]
    fn contacts_are_kept_by_function_and_handle() {
        let contacts = organization_contacts(&complete()).unwrap();
        let words: Vec<String> = (contacts.iter())
            .map(|link| format!("{} {}", link.function.code(), link.contact))
            .collect();
        assert_eq!(words, ["AD MO1-KP", "T MO1-KP", "AB ABUSE1-KP"]);
    }

    #[test]
    fn an_organization_has_one_admin_and_a_tech_and_an_abuse() {
        assert_eq!(problems(&[]), ["pocLinks"; 3]);
        assert_eq!(problems(&complete()[..2]), ["pocLinks"]);
        let mut two = complete();
        two.push(link(Function::Admin, "TR1-KP"));
        assert_eq!(problems(&two), ["pocLinks"]);
    }

    #[test]
    fn entries_are_whole_and_there_once() {
        for (handle, element) in [
            (None, "pocLinkRef"),
            (Some("a b"), "pocLinks"),
            (Some("mo1-kp"), "pocLinks"),
        ] {
            let mut links = complete();
            links.push(ContactLinkFields {
                handle: handle.map(str::to_owned),
                function: Some(Function::Tech),
            });
            assert_eq!(problems(&links), [element]);
        }
        let mut links = complete();
        links.push(ContactLinkFields {
            handle: Some("MO1-KP".to_owned()),
            function: None,
        });
        assert_eq!(problems(&links), ["pocLinkRef"]);
        let many = (0..98).map(|number| link(Function::Noc, &format!("A{number}")));
        let mut links = complete();
        links.extend(many);
        assert_eq!(problems(&links), ["pocLinks"]);
        links.pop();
        assert!(problems(&links).is_empty());
    }

    #[test]
    fn a_network_has_techs_abuses_and_nocs_only() {
        let mut problems = Problems::default();
        let contacts = network_contacts(
            &mut problems,
            &[
                link(Function::Noc, "NO1-KP"),
                link(Function::Tech, "TR1-KP"),
            ],
        );
        assert_eq!(contacts.len(), 2);
        assert!(problems.or(Some(())).is_ok());
        let mut problems = Problems::default();
        let unfit = [Function::Admin, Function::Routing, Function::Dns];
        let unfit = unfit.map(|function| link(function, "MO1-KP"));
        network_contacts(&mut problems, &unfit);
        assert_eq!(problems.or(Some(())).unwrap_err().len(), 3);
    }
}
