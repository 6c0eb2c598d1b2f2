//! Passkeys: add one, give one another name, remove one.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::super::{PageResult, html, see_other};
use super::{PasskeyView, SECURITY, passkey_view};
use crate::domain::security::passkeys::{self, AddError, Answered, Passkey};
use crate::domain::text::Name;
use crate::ids::PasskeyId;
use crate::store::StoreError;
use crate::web::error::PageError;
use crate::web::extract::form::Form;
use crate::web::extract::recent_sign_in::RecentSignIn;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::{Field, Summary};
use crate::web::layout::{Flash, Layout, Nav};

#[derive(Template)]
#[template(path = "pages/security/passkey_add.html")]
struct AddPage {
    layout: Layout,
    summary: Option<Summary>,
    name: Field,
    /// True if the public address has a name, which passkeys need.
    is_possible: bool,
    host: String,
}

/// The name, and what the passkey answered.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct AddForm {
    name: String,
    ceremony: String,
    credential: String,
}

/// The page for adding one.
pub async fn get(RecentSignIn(me): RecentSignIn) -> PageResult {
    html(StatusCode::OK, &add_page(&me, ""))
}

/// Adds it.
pub async fn post(RecentSignIn(me): RecentSignIn, form: Form<AddForm>) -> PageResult {
    let (form, is_stale) = match form.check() {
        Ok(form) => (form, false),
        Err(stale) => (stale.into_kept(), true),
    };
    let mut page = add_page(&me, &form.name);
    if is_stale {
        page.summary = Some(Summary::stale());
        return refused_add(page);
    }
    let name = match Name::parse(&form.name) {
        Ok(name) => name,
        Err(bad) => {
            page.name.refuse(bad.to_string());
            return refused_add(page);
        }
    };
    let Some(party) = me.visitor.state.passkeys.clone() else {
        return refused_add(page);
    };
    if form.credential.is_empty() {
        page.summary = Some(Summary::of(
            "The passkey was not added.",
            "Passkeys need JavaScript.",
        ));
        return refused_add(page);
    }
    let answered = Answered {
        ceremony: form.ceremony,
        credential: form.credential,
        browser: me.visitor.form_token.clone(),
    };
    let (act, account) = (me.visitor.act.clone(), me.account.clone());
    let outbox = me.visitor.state.outbox.clone();
    let added = (me.visitor.state.pool)
        .write(move |db| passkeys::add(db, &act, &party, &outbox, &account, &name, &answered))
        .await;
    match added {
        Ok(passkey) => leave(
            &me,
            format!("{} was added.", passkey.name),
            "You can sign in with it from now on.",
        ),
        Err(AddError::Store(error)) => Err(error.into()),
        Err(refused @ (AddError::Answer(_) | AddError::TooMany)) => {
            let lead = "The passkey was not added.";
            page.summary = Some(Summary::of(lead, refused.to_string()));
            refused_add(page)
        }
    }
}

fn refused_add(mut page: AddPage) -> PageResult {
    if page.summary.is_none() {
        let fields = [("name", "Name", &page.name)];
        page.summary = Summary::listing("The passkey was not added.", &fields);
    }
    page.layout.title = format!("Error: {}", page.layout.title);
    html(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

fn add_page(me: &CurrentAccount, name: &str) -> AddPage {
    AddPage {
        layout: Layout::new(&me.visitor, "Add a passkey", Nav::Security)
            .with_crumbs(&[("Security", SECURITY)], "Add a passkey"),
        summary: None,
        name: Field::with(name),
        is_possible: me.visitor.state.passkeys.is_some(),
        host: me.visitor.state.site.host(),
    }
}

#[derive(Template)]
#[template(path = "pages/security/passkey_rename.html")]
struct RenamePage {
    layout: Layout,
    summary: Option<Summary>,
    passkey: PasskeyView,
    name: Field,
}

/// The new name.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct RenameForm {
    name: String,
}

/// The page for another name.
pub async fn get_rename(me: CurrentAccount, id: web::Path<String>) -> PageResult {
    let passkey = passkey_of(&me, &id).await?;
    html(StatusCode::OK, &rename_page(&me, &passkey, &passkey.name))
}

/// Renames.
pub async fn post_rename(
    me: CurrentAccount,
    id: web::Path<String>,
    form: Form<RenameForm>,
) -> PageResult {
    let passkey = passkey_of(&me, &id).await?;
    let (form, is_stale) = match form.check() {
        Ok(form) => (form, false),
        Err(stale) => (stale.into_kept(), true),
    };
    let mut page = rename_page(&me, &passkey, &form.name);
    if is_stale {
        page.summary = Some(Summary::stale());
        return refused_rename(page);
    }
    let name = match Name::parse(&form.name) {
        Ok(name) => name,
        Err(bad) => {
            page.name.refuse(bad.to_string());
            return refused_rename(page);
        }
    };
    let (act, owner, new) = (me.visitor.act.clone(), me.account.id, name.clone());
    let renamed: Result<_, StoreError> = (me.visitor.state.pool)
        .write(move |db| passkeys::rename(db, &act, owner, passkey.id, &new))
        .await;
    if !renamed? {
        return Err(PageError::NotFound);
    }
    leave(&me, format!("The passkey is now called {name}."), "")
}

fn refused_rename(mut page: RenamePage) -> PageResult {
    if page.summary.is_none() {
        let fields = [("name", "Name", &page.name)];
        page.summary = Summary::listing("The name was not changed.", &fields);
    }
    page.layout.title = format!("Error: {}", page.layout.title);
    html(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

fn rename_page(me: &CurrentAccount, passkey: &Passkey, name: &str) -> RenamePage {
    RenamePage {
        layout: Layout::new(&me.visitor, "Rename this passkey", Nav::Security)
            .with_crumbs(&[("Security", SECURITY)], "Rename passkey"),
        summary: None,
        passkey: passkey_view(me, passkey),
        name: Field::with(name),
    }
}

#[derive(Template)]
#[template(path = "pages/security/passkey_remove.html")]
struct RemovePage {
    layout: Layout,
    summary: Option<Summary>,
    passkey: PasskeyView,
}

/// Nothing but the token.
#[derive(Deserialize)]
pub struct RemoveForm {}

/// Asks whether to remove it.
pub async fn get_remove(RecentSignIn(me): RecentSignIn, id: web::Path<String>) -> PageResult {
    let passkey = passkey_of(&me, &id).await?;
    html(StatusCode::OK, &remove_page(&me, &passkey, None))
}

/// Removes it.
pub async fn post_remove(
    RecentSignIn(me): RecentSignIn,
    id: web::Path<String>,
    form: Form<RemoveForm>,
) -> PageResult {
    let passkey = passkey_of(&me, &id).await?;
    if form.check().is_err() {
        let page = remove_page(&me, &passkey, Some(Summary::stale()));
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let (act, account, passkey_id) = (me.visitor.act.clone(), me.account.clone(), passkey.id);
    let outbox = me.visitor.state.outbox.clone();
    let removed: Result<_, StoreError> = (me.visitor.state.pool)
        .write(move |db| passkeys::remove(db, &act, &outbox, &account, passkey_id))
        .await;
    if !removed? {
        return Err(PageError::NotFound);
    }
    let lead = format!("{} was removed.", passkey.name);
    leave(
        &me,
        lead,
        "Delete it from your device or password manager as well.",
    )
}

fn remove_page(me: &CurrentAccount, passkey: &Passkey, summary: Option<Summary>) -> RemovePage {
    let title = "Remove this passkey?";
    let mut layout = Layout::new(&me.visitor, title, Nav::Security)
        .with_crumbs(&[("Security", SECURITY)], "Remove passkey");
    if summary.is_some() {
        layout.title = format!("Error: {title}");
    }
    RemovePage {
        layout,
        summary,
        passkey: passkey_view(me, passkey),
    }
}

/// The passkey that a path names, if it is the account's. Malformed ids are no one's.
async fn passkey_of(me: &CurrentAccount, id: &str) -> Result<Passkey, PageError> {
    let id: PasskeyId = id.parse().or(Err(PageError::NotFound))?;
    let owner = me.account.id;
    let found: Result<_, StoreError> = (me.visitor.state.pool)
        .read(move |db| passkeys::find(db, owner, id))
        .await;
    found?.ok_or(PageError::NotFound)
}

fn leave(me: &CurrentAccount, lead: String, text: &str) -> PageResult {
    let text = text.to_owned();
    me.visitor.leave_flash(Flash { lead, text })?;
    Ok(see_other(SECURITY))
}
