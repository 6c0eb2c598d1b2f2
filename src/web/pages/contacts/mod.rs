//! Settings > Contacts: the contacts that the account is linked to, and what is done to them.

pub mod confirm;
pub mod create;
pub mod detail;
mod fields;
pub mod link;
pub mod list;
mod requests;

use super::{PageResult, html, see_other, throttled};
use crate::domain::registry::associations::{self, Association};
use crate::domain::registry::contacts::{self, Contact};
use crate::domain::registry::error::RegistryError;
use crate::domain::registry::links;
use crate::web::error::PageError;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::layout::times;
use crate::web::markup::TimeView;

/// The list's address.
const LIST: &str = "/settings/contacts";

/// A function that a contact has somewhere: "Admin of HEN-1".
struct FunctionTag {
    function: &'static str,
    object: String,
    name: String,
}

impl From<&Association> for FunctionTag {
    fn from(association: &Association) -> Self {
        Self {
            function: association.function.name(),
            object: association.object.to_string(),
            name: association.name.clone(),
        }
    }
}

/// Which contact is meant: shown first, so that nobody deletes the wrong one.
struct ContactLine {
    handle: String,
    name: String,
    functions: Vec<FunctionTag>,
    linked: TimeView,
}

/// A contact of the account, with what is known of it.
struct Known {
    contact: Contact,
    associations: Vec<Association>,
    linked_at: crate::clock::Timestamp,
    /// True if another account acts for it too.
    has_others: bool,
}

/// The contact that a path names, if the account is linked to it. All others are as good as not there.
async fn known(me: &CurrentAccount, handle: &str) -> Result<Known, PageError> {
    let (id, handle) = (me.account.id, handle.to_owned());
    let found: Result<_, RegistryError> = (me.visitor.state.pool)
        .read(move |db| {
            let contact = contacts::view(db, id, &handle)?;
            let link = links::find(db, id, &contact.handle)?;
            let mut associations = associations::list_for_account(db, id)?;
            associations.retain(|one| one.contact == contact.handle);
            Ok(Known {
                // A link that ended between both reads was the last moment's truth.
                linked_at: link.map_or(contact.registered_at, |link| link.linked_at),
                has_others: links::has_others(db, id, &contact.handle)?,
                associations,
                contact,
            })
        })
        .await;
    Ok(found?)
}

fn contact_line(me: &CurrentAccount, known: &Known) -> ContactLine {
    ContactLine {
        handle: known.contact.handle.to_string(),
        name: known.contact.name(),
        functions: known.associations.iter().map(FunctionTag::from).collect(),
        linked: times(&me.visitor, &me.account).date(known.linked_at),
    }
}
