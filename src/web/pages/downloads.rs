//! Downloads & Services: the reports that the account may fetch, and the files themselves.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::{PageResult, html, see_other, throttled};
use crate::domain::registry::error::RegistryError;
use crate::domain::registry::tickets::Ticket;
use crate::domain::registry::tickets::opening::{ReportRequest, open_report_request};
use crate::domain::reports::offers::{self, Offer};
use crate::domain::reports::own::{OwnKind, OwnReport};
use crate::domain::reports::published::Access;
use crate::domain::reports::{BULK_SLUG, ReportError, Slug, own};
use crate::store::StoreError;
use crate::web::downloads::calls::ReportQuery;
use crate::web::downloads::fetch;
use crate::web::downloads::send::Recipient;
use crate::web::error::PageError;
use crate::web::extract::form::Form;
use crate::web::extract::registrant::Registrant;
use crate::web::extract::visitor::CurrentAccount;
use crate::web::form::{Field, Summary};
use crate::web::layout::{Flash, Layout, Nav, times};
use crate::web::markup::TimeView;

/// The page's address.
const PAGE: &str = "/downloads";

#[derive(Template)]
#[template(path = "pages/downloads.html")]
struct DownloadsPage {
    layout: Layout,
    summary: Option<Summary>,
    query: String,
    own: Vec<OwnRow>,
    rows: Vec<Row>,
    /// What there is without the filter.
    count: usize,
    net: Field,
    /// Networks that can be reported on.
    networks: Vec<String>,
    from: Field,
    to: Field,
    step: String,
    has_mail: bool,
    zone: String,
    edition_days: i64,
    base: String,
    example: String,
}

struct OwnRow {
    slug: &'static str,
    title: &'static str,
    description: &'static str,
    /// True if it can also be prepared in the background.
    has_ticket: bool,
    has_network: bool,
    has_time: bool,
}

struct Row {
    slug: String,
    title: String,
    description: String,
    is_restricted: bool,
    is_bulk: bool,
    format: String,
    size: Option<String>,
    edition: Option<String>,
    updated: Option<TimeView>,
}

/// The filter.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Filter {
    q: String,
}

/// What is asked for, and how: now, or as a ticket.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ReportForm {
    how: String,
    net: String,
    from: String,
    to: String,
    step: String,
}

/// The page.
pub async fn get(Registrant(me): Registrant, filter: web::Query<Filter>) -> PageResult {
    let form = ReportForm::default();
    html(StatusCode::OK, &page(&me, &filter.q, form, None).await?)
}

/// A file.
pub async fn get_file(
    req: HttpRequest,
    Registrant(me): Registrant,
    slug: web::Path<String>,
    query: web::Query<ReportQuery>,
) -> PageResult {
    let recipient = Recipient {
        me: me.account.id,
        act: me.visitor.act.clone(),
    };
    let query = query.into_inner();
    if let Some(kind) = OwnKind::from_slug(&slug) {
        let made = match OwnReport::parse(kind, query.asked(), me.visitor.now) {
            Ok(report) => fetch::own(&req, recipient, report).await,
            Err(error) => Err(error),
        };
        let asked = query.asked();
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let form = ReportForm {
            how: String::new(),
            net: text(asked.net),
            from: text(asked.from),
            to: text(asked.to),
            step: text(asked.step),
        };
        return match made {
            Ok(response) => Ok(response),
            Err(error) => refused(&me, kind, form, error).await,
        };
    }
    let fetched = if slug.as_str() == BULK_SLUG {
        match query.wanted() {
            Ok(wanted) => fetch::whole_registry(&req, recipient, wanted).await,
            Err(error) => Err(error),
        }
    } else {
        let slug: Slug = slug.parse().or(Err(PageError::NotFound))?;
        fetch::published(&req, recipient, slug, query.edition()).await
    };
    fetched.map_err(|error| match error {
        // To those who may not have it, it is as good as not there.
        ReportError::NotFound(_) | ReportError::Denied(_) => PageError::NotFound,
        ReportError::BadRequest(_) => PageError::Malformed,
        ReportError::Throttled(throttled) => PageError::Throttled(throttled),
        ReportError::Store(error) => error.into(),
    })
}

/// Leads to the file, or asks for it to be prepared.
pub async fn post_file(
    Registrant(me): Registrant,
    slug: web::Path<String>,
    form: Form<ReportForm>,
) -> PageResult {
    let kind = OwnKind::from_slug(&slug).ok_or(PageError::NotFound)?;
    let form = match form.check() {
        Ok(form) => form,
        Err(stale) => {
            let page = page(&me, "", stale.into_kept(), Some(Summary::stale())).await?;
            return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    if form.how != "ticket" {
        return Ok(to_file(kind, &form));
    }
    let wanted = match kind {
        OwnKind::Associations => ReportRequest::Associations,
        OwnKind::Reassignments => match form.net.trim().parse() {
            Ok(network) => ReportRequest::Reassignments(network),
            Err(_malformed) => {
                let error = ReportError::NotFound(String::new());
                return refused(&me, kind, form, error).await;
            }
        },
        OwnKind::KeyInventory | OwnKind::KeyUsage => return Err(PageError::NotFound),
    };
    let (act, id, wants_mail) = (
        me.visitor.act.clone(),
        me.account.id,
        me.visitor.state.site.has_mail,
    );
    let opened: Result<Ticket, RegistryError> = (me.visitor.state.pool)
        .write(move |db| open_report_request(db, &act, id, &wanted, wants_mail))
        .await;
    match opened {
        Ok(ticket) => {
            if let Some(preparer) = &me.visitor.state.preparer {
                preparer.wake();
            }
            me.visitor.leave_flash(Flash {
                lead: format!("Ticket {} prepares your report.", ticket.number),
                text: match wants_mail {
                    true => "You get a mail when it is ready.".to_owned(),
                    false => "It is ready in a moment.".to_owned(),
                },
            })?;
            Ok(see_other(&format!("/tickets/{}", ticket.number)))
        }
        Err(error) => refused(&me, kind, form, error.into()).await,
    }
}

/// The address of the file with what it was asked with.
fn to_file(kind: OwnKind, form: &ReportForm) -> HttpResponse {
    let fields = [
        ("net", &form.net),
        ("from", &form.from),
        ("to", &form.to),
        ("step", &form.step),
    ];
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields {
        if kind.parameters().contains(&name) && !value.trim().is_empty() {
            query.append_pair(name, value.trim());
        }
    }
    let query = query.finish();
    let mark = if query.is_empty() { "" } else { "?" };
    see_other(&format!("{PAGE}/{}{mark}{query}", kind.slug()))
}

/// The page again, with what is wrong beside the field.
async fn refused(
    me: &CurrentAccount,
    kind: OwnKind,
    form: ReportForm,
    error: ReportError,
) -> PageResult {
    let (status, words, throttle) = match error {
        // Whether there is such a network is not told to those who may not report on it.
        ReportError::NotFound(_) | ReportError::Denied(_) => (
            StatusCode::NOT_FOUND,
            "There is no network with this handle that your account can report on.".to_owned(),
            None,
        ),
        ReportError::BadRequest(words) => (StatusCode::UNPROCESSABLE_ENTITY, words, None),
        ReportError::Throttled(throttle) => (
            StatusCode::TOO_MANY_REQUESTS,
            "Too many requests. Wait a minute.".to_owned(),
            Some(throttle),
        ),
        ReportError::Store(error) => return Err(error.into()),
    };
    let mut page = page(me, "", form, None).await?;
    let field = match kind {
        OwnKind::KeyUsage => &mut page.from,
        OwnKind::Associations | OwnKind::Reassignments | OwnKind::KeyInventory => &mut page.net,
    };
    if throttle.is_none() {
        field.refuse(&words);
    }
    page.summary = Some(Summary::of("Nothing was downloaded.", words));
    page.layout.title = "Error: Downloads & Services".to_owned();
    match throttle {
        Some(throttle) => throttled(throttle, &page),
        None => html(status, &page),
    }
}

async fn page(
    me: &CurrentAccount,
    query: &str,
    form: ReportForm,
    summary: Option<Summary>,
) -> Result<DownloadsPage, PageError> {
    let (state, id, now) = (&me.visitor.state, me.account.id, me.visitor.now);
    let read: Result<(Vec<Offer>, Vec<String>), StoreError> = (state.pool)
        .read(move |db| {
            Ok((
                offers::list(db, id, now)?,
                own::reportable_networks(db, id)?,
            ))
        })
        .await;
    let (offered, networks) = read?;
    let (times, wanted) = (times(&me.visitor, &me.account), query.trim().to_lowercase());
    let matches = |texts: &[&str]| (texts.iter()).any(|text| text.to_lowercase().contains(&wanted));
    let own = OwnKind::ALL.into_iter().map(own_row);
    let files = offered.iter().filter(|offer| offer.own.is_none());
    Ok(DownloadsPage {
        layout: Layout::new(&me.visitor, "Downloads & Services", Nav::Downloads),
        summary,
        query: query.trim().to_owned(),
        own: own
            .filter(|row| matches(&[row.slug, row.title, row.description]))
            .collect(),
        count: files.clone().count(),
        example: (files.clone().next())
            .map_or("associations", |offer| &offer.slug)
            .to_owned(),
        rows: files
            .filter(|offer| matches(&[&offer.slug, &offer.title, &offer.description]))
            .map(|offer| Row {
                slug: offer.slug.clone(),
                title: offer.title.clone(),
                description: offer.description.clone(),
                is_restricted: offer.access == Some(Access::Restricted),
                is_bulk: offer.slug == BULK_SLUG,
                format: format_words(&offer.media_type),
                size: offer.file.map(|file| size_words(file.size)),
                edition: offer.edition.clone(),
                updated: (offer.updated_at)
                    .filter(|at| at.as_millis() > 0)
                    .map(|at| times.date_time(at)),
            })
            .collect(),
        net: Field::with(form.net),
        networks,
        from: Field::with(form.from),
        to: Field::with(form.to),
        step: form.step,
        has_mail: state.site.has_mail,
        zone: times.zone_name(),
        edition_days: state.config.registry.edition.num_days(),
        base: state.site.base().to_owned(),
    })
}

fn own_row(kind: OwnKind) -> OwnRow {
    OwnRow {
        slug: kind.slug(),
        title: kind.title(),
        description: kind.description(),
        has_ticket: matches!(kind, OwnKind::Associations | OwnKind::Reassignments),
        has_network: kind == OwnKind::Reassignments,
        has_time: kind == OwnKind::KeyUsage,
    }
}

/// "84 kB", in units of a thousand.
pub(super) fn size_words(bytes: u64) -> String {
    const UNITS: [&str; 3] = ["kB", "MB", "GB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let (mut tenths, mut unit) = (bytes / 100, 0);
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1_000;
        unit += 1;
    }
    match tenths {
        0..100 => format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit]),
        _ => format!("{} {}", tenths / 10, UNITS[unit]),
    }
}

/// The kind of a file in a word.
pub(super) fn format_words(media_type: &str) -> String {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    match essence {
        "text/plain" => "Text".to_owned(),
        "application/octet-stream" => "File".to_owned(),
        "application/x-ndjson" => "NDJSON".to_owned(),
        "application/gzip" => "gzip".to_owned(),
        "application/x-xz" => "xz".to_owned(),
        "application/x-tar" => "tar".to_owned(),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => "XLSX".to_owned(),
        "application/vnd.oasis.opendocument.spreadsheet" => "ODS".to_owned(),
        other => other.rsplit('/').next().unwrap_or_default().to_uppercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        for (bytes, words) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (84_210, "84 kB"),
            (1_400_000, "1.4 MB"),
            (612_000_000, "612 MB"),
            (1_073_741_824, "1.0 GB"),
            (5_000_000_000_000, "5000 GB"),
        ] {
            assert_eq!(size_words(bytes), words);
        }
    }

    #[test]
    fn formats_are_words() {
        assert_eq!(format_words("text/csv; charset=utf-8"), "CSV");
        assert_eq!(format_words("application/zip"), "ZIP");
        assert_eq!(format_words("application/octet-stream"), "File");
    }
}
