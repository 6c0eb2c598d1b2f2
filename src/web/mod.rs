//! The only place that knows HTTP, templates and JSON: the route table, and what surrounds it.

pub mod api;
pub mod assets;
pub mod chart;
pub mod client_words;
pub mod downloads;
pub mod error;
pub mod extract;
pub mod form;
pub mod forward_auth;
pub mod layout;
pub mod mail;
pub mod markup;
pub mod metrics;
pub mod middleware;
pub mod pages;
pub mod proxy;
pub mod qr;
pub mod rest;
pub mod session_store;
pub mod state;
pub mod times;
pub mod token_view;

use actix_session::SessionMiddleware;
use actix_session::config::{PersistentSession, TtlExtensionPolicy};
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Key, SameSite};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Resource, Route, guard};

use self::error::{ApiError, Code, PageError};
use self::middleware::moved_cookies::cookie_name;
use self::session_store::DieselSessionStore;
use self::state::AppState;
use crate::crypto::instance_secret::InstanceSecrets;
use crate::domain::security::sessions::LONGEST_LIFE;

/// Bytes that a form or a JSON body may have.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// The route table.
pub fn routes(config: &mut ServiceConfig) {
    use pages::api_keys::{access, confirm, create, detail, integrations as limits, list, rotate};
    use pages::operator::{
        account, account_act, account_key, accounts, configuration, health, log, mail, mail_act,
        mails,
    };
    use pages::security::{passkeys, recovery_codes, shown_codes, two_step};
    use pages::{
        audit, contacts, docs, email_verify, integrations, notifications, overview,
        passkey_challenges, password_forgot, password_reset, profile, profile_close, security,
        security_password, security_sessions, sign_in, sign_in_confirm, sign_in_two_step, sign_up,
        theme, tickets, unsubscribe, usage, well_known,
    };

    config
        .app_data(web::PayloadConfig::new(MAX_BODY_BYTES))
        .app_data(web::QueryConfig::default().error_handler(|_, req| {
            if ["/api/", "/public/"]
                .iter()
                .any(|root| req.path().starts_with(root))
            {
                ApiError::new(Code::InvalidRequest, "The query cannot be read.").into()
            } else {
                PageError::Malformed.into()
            }
        }))
        // Pages.
        .service(page("/", "GET, HEAD").route(read().to(overview::get)))
        .service(
            page("/sign-up", "GET, HEAD, POST")
                .route(read().to(sign_up::get))
                .route(web::post().to(sign_up::post)),
        )
        .service(
            page("/sign-in", "GET, HEAD, POST")
                .route(read().to(sign_in::get))
                .route(web::post().to(sign_in::post)),
        )
        .service(
            page("/sign-in/confirm", "GET, HEAD, POST")
                .route(read().to(sign_in_confirm::get))
                .route(web::post().to(sign_in_confirm::post)),
        )
        .service(
            page("/sign-in/two-step", "GET, HEAD, POST")
                .route(read().to(sign_in_two_step::get))
                .route(web::post().to(sign_in_two_step::post)),
        )
        .service(
            page("/sign-in/passkey", "POST")
                .route(web::post().to(passkey_challenges::post_sign_in)),
        )
        .service(
            page("/sign-in/two-step/passkey", "POST")
                .route(web::post().to(passkey_challenges::post_two_step)),
        )
        .service(
            page("/sign-in/confirm/passkey", "POST")
                .route(web::post().to(passkey_challenges::post_confirm)),
        )
        .service(page("/sign-out", "POST").route(web::post().to(sign_in::post_sign_out)))
        .service(
            page("/password/forgot", "GET, HEAD, POST")
                .route(read().to(password_forgot::get))
                .route(web::post().to(password_forgot::post)),
        )
        .service(
            page("/email/verify", "GET, HEAD, POST")
                .route(read().to(email_verify::get))
                .route(web::post().to(email_verify::post)),
        )
        .service(
            page("/password/reset", "GET, HEAD, POST")
                .route(read().to(password_reset::get))
                .route(web::post().to(password_reset::post)),
        )
        .service(page("/settings", "GET, HEAD").route(read().to(to_security)))
        .service(
            page("/settings/profile", "GET, HEAD, POST")
                .route(read().to(profile::get))
                .route(web::post().to(profile::post)),
        )
        .service(
            page("/settings/profile/cancel-email", "POST")
                .route(web::post().to(profile::post_cancel_email)),
        )
        .service(
            page("/settings/profile/close", "GET, HEAD, POST")
                .route(read().to(profile_close::get))
                .route(web::post().to(profile_close::post)),
        )
        .service(page("/settings/security", "GET, HEAD").route(read().to(security::get)))
        .service(
            page("/settings/notifications", "GET, HEAD, POST")
                .route(read().to(notifications::get))
                .route(web::post().to(notifications::post)),
        )
        .service(
            page("/unsubscribe", "GET, HEAD, POST")
                .route(read().to(unsubscribe::get))
                .route(web::post().to(unsubscribe::post)),
        )
        .service(
            page("/settings/security/password", "GET, HEAD, POST")
                .route(read().to(security_password::get))
                .route(web::post().to(security_password::post)),
        )
        .service(
            page("/settings/security/sessions", "GET, HEAD, POST")
                .route(read().to(security_sessions::get))
                .route(web::post().to(security_sessions::post)),
        )
        .service(
            page("/settings/security/two-step", "GET, HEAD, POST")
                .route(read().to(two_step::get))
                .route(web::post().to(two_step::post)),
        )
        .service(
            page("/settings/security/two-step/off", "GET, HEAD, POST")
                .route(read().to(two_step::get_off))
                .route(web::post().to(two_step::post_off)),
        )
        .service(
            page("/settings/security/recovery-codes", "GET, HEAD, POST")
                .route(read().to(recovery_codes::get))
                .route(web::post().to(recovery_codes::post)),
        )
        .service(
            page("/settings/security/recovery-codes/text", "POST")
                .route(web::post().to(shown_codes::post_text)),
        )
        .service(
            page("/settings/security/passkeys", "GET, HEAD, POST")
                .route(read().to(passkeys::get))
                .route(web::post().to(passkeys::post)),
        )
        .service(
            page("/settings/security/passkeys/challenge", "POST")
                .route(web::post().to(passkey_challenges::post_add)),
        )
        .service(
            page("/settings/security/passkeys/{id}", "GET, HEAD, POST")
                .route(read().to(passkeys::get_rename))
                .route(web::post().to(passkeys::post_rename)),
        )
        .service(
            page("/settings/security/passkeys/{id}/remove", "GET, HEAD, POST")
                .route(read().to(passkeys::get_remove))
                .route(web::post().to(passkeys::post_remove)),
        )
        .service(page("/settings/theme", "POST").route(web::post().to(theme::post)))
        .service(page("/settings/api", "GET, HEAD").route(read().to(list::get)))
        .service(
            page("/settings/api/new", "GET, HEAD, POST")
                .route(read().to(create::get))
                .route(web::post().to(create::post)),
        )
        .service(
            page("/settings/api/{id}", "GET, HEAD, POST")
                .route(read().to(detail::get))
                .route(web::post().to(detail::post)),
        )
        .service(
            page("/settings/api/{id}/deactivate", "GET, HEAD, POST")
                .route(read().to(confirm::get_deactivate))
                .route(web::post().to(confirm::post_deactivate)),
        )
        .service(
            page("/settings/api/{id}/delete", "GET, HEAD, POST")
                .route(read().to(confirm::get_delete))
                .route(web::post().to(confirm::post_delete)),
        )
        .service(
            page("/settings/api/{id}/integrations", "GET, HEAD, POST")
                .route(read().to(limits::get))
                .route(web::post().to(limits::post)),
        )
        .service(page("/settings/api/{id}/access", "GET, HEAD").route(read().to(access::get)))
        .service(
            page("/settings/api/{id}/rotate", "GET, HEAD, POST")
                .route(read().to(rotate::get))
                .route(web::post().to(rotate::post)),
        )
        .service(
            page("/settings/api/{id}/end-old-secret", "GET, HEAD, POST")
                .route(read().to(confirm::get_end_old_secret))
                .route(web::post().to(confirm::post_end_old_secret)),
        )
        .service(page("/settings/usage", "GET, HEAD").route(read().to(usage::get)))
        .service(page("/settings/usage.csv", "GET, HEAD").route(read().to(usage::get_csv)))
        // Keys for the APIs of other providers.
        .service(
            page("/settings/integrations", "GET, HEAD").route(read().to(integrations::list::get)),
        )
        .service(
            page("/settings/integrations/new", "GET, HEAD, POST")
                .route(read().to(integrations::create::get))
                .route(web::post().to(integrations::create::post)),
        )
        .service(
            page("/settings/integrations/{provider}", "GET, HEAD, POST")
                .route(read().to(integrations::connect::get))
                .route(web::post().to(integrations::connect::post)),
        )
        .service(
            page("/settings/integrations/{provider}/check", "POST")
                .route(web::post().to(integrations::check::post)),
        )
        .service(
            page(
                "/settings/integrations/{provider}/remove",
                "GET, HEAD, POST",
            )
            .route(read().to(integrations::remove::get))
            .route(web::post().to(integrations::remove::post)),
        )
        // Contacts of the registry.
        .service(page("/settings/contacts", "GET, HEAD").route(read().to(contacts::list::get)))
        .service(
            page("/settings/contacts/new", "GET, HEAD, POST")
                .route(read().to(contacts::create::get))
                .route(web::post().to(contacts::create::post)),
        )
        .service(
            page("/settings/contacts/link", "GET, HEAD, POST")
                .route(read().to(contacts::link::get))
                .route(web::post().to(contacts::link::post)),
        )
        .service(
            page("/settings/contacts/link/confirm", "GET, HEAD, POST")
                .route(read().to(contacts::link::get_confirm))
                .route(web::post().to(contacts::link::post_confirm)),
        )
        .service(
            page("/settings/contacts/{handle}", "GET, HEAD, POST")
                .route(read().to(contacts::detail::get))
                .route(web::post().to(contacts::detail::post)),
        )
        .service(
            page("/settings/contacts/{handle}/unlink", "GET, HEAD, POST")
                .route(read().to(contacts::confirm::get_unlink))
                .route(web::post().to(contacts::confirm::post_unlink)),
        )
        .service(
            page("/settings/contacts/{handle}/delete", "GET, HEAD, POST")
                .route(read().to(contacts::confirm::get_delete))
                .route(web::post().to(contacts::confirm::post_delete)),
        )
        .service(page("/settings/audit", "GET, HEAD").route(read().to(audit::get)))
        .service(page("/settings/audit.csv", "GET, HEAD").route(read().to(audit::get_csv)))
        // Tickets.
        .service(page("/tickets", "GET, HEAD").route(read().to(tickets::list::get)))
        .service(
            page("/tickets/{number}", "GET, HEAD, POST")
                .route(read().to(tickets::detail::get))
                .route(web::post().to(tickets::detail::post)),
        )
        .service(
            page("/tickets/{number}/decision", "POST")
                .route(web::post().to(tickets::acts::post_decision)),
        )
        .service(
            page("/tickets/{number}/withdraw", "POST")
                .route(web::post().to(tickets::acts::post_withdraw)),
        )
        .service(
            page("/tickets/{number}/close", "POST")
                .route(web::post().to(tickets::acts::post_close)),
        )
        .service(
            page("/tickets/{number}/keep", "POST").route(web::post().to(tickets::acts::post_keep)),
        )
        .service(
            page(
                "/tickets/{number}/files/{message}/{attachment}",
                "GET, HEAD",
            )
            .route(read().to(tickets::files::get)),
        )
        // For operators.
        .service(operator_page("/operator", "GET, HEAD").route(read().to(pages::operator::get)))
        .service(operator_page("/operator/health", "GET, HEAD").route(read().to(health::get)))
        .service(
            operator_page("/operator/configuration", "GET, HEAD")
                .route(read().to(configuration::get)),
        )
        .service(operator_page("/operator/accounts", "GET, HEAD").route(read().to(accounts::get)))
        .service(
            operator_page("/operator/accounts/{id}", "GET, HEAD").route(read().to(account::get)),
        )
        .service(
            operator_page("/operator/accounts/{id}/{act}", "GET, HEAD, POST")
                .route(read().to(account_act::get))
                .route(web::post().to(account_act::post)),
        )
        .service(
            operator_page(
                "/operator/accounts/{id}/keys/{key}/deactivate",
                "GET, HEAD, POST",
            )
            .route(read().to(account_key::get))
            .route(web::post().to(account_key::post)),
        )
        .service(
            operator_page("/operator/invitations", "GET, HEAD, POST")
                .route(read().to(pages::operator::invitations::get))
                .route(web::post().to(pages::operator::invitations::post)),
        )
        .service(
            operator_page("/operator/integrations", "GET, HEAD")
                .route(read().to(pages::operator::integrations::get)),
        )
        .service(
            operator_page("/operator/integrations/{provider}", "GET, HEAD, POST")
                .route(read().to(pages::operator::integration::get))
                .route(web::post().to(pages::operator::integration::post)),
        )
        .service(
            operator_page("/operator/integrations/{provider}/check", "POST")
                .route(web::post().to(pages::operator::integration::post_check)),
        )
        .service(
            operator_page("/operator/integrations/{provider}/access", "POST")
                .route(web::post().to(pages::operator::integration::post_access)),
        )
        .service(
            operator_page(
                "/operator/integrations/{provider}/remove",
                "GET, HEAD, POST",
            )
            .route(read().to(pages::operator::integration::get_remove))
            .route(web::post().to(pages::operator::integration::post_remove)),
        )
        .service(operator_page("/operator/mail", "GET, HEAD").route(read().to(mails::get)))
        .service(operator_page("/operator/mail/{id}", "GET, HEAD").route(read().to(mail::get)))
        .service(
            operator_page("/operator/mail/{id}/read", "GET, HEAD, POST")
                .route(read().to(mail_act::get_read))
                .route(web::post().to(mail_act::post_read)),
        )
        .service(
            operator_page("/operator/mail/{id}/send-again", "GET, HEAD, POST")
                .route(read().to(mail_act::get_send_again))
                .route(web::post().to(mail_act::post_send_again)),
        )
        .service(
            operator_page("/operator/tickets", "GET, HEAD")
                .route(read().to(pages::operator::tickets::get)),
        )
        .service(
            operator_page("/operator/tickets/{number}", "GET, HEAD, POST")
                .route(read().to(pages::operator::tickets::get_one))
                .route(web::post().to(pages::operator::tickets::post)),
        )
        .service(
            operator_page(
                "/operator/tickets/{number}/files/{message}/{attachment}",
                "GET, HEAD",
            )
            .route(read().to(pages::operator::tickets::get_file)),
        )
        .service(
            operator_page("/operator/reports", "GET, HEAD")
                .route(read().to(pages::operator::reports::get)),
        )
        .service(
            operator_page("/operator/reports/new", "GET, HEAD, POST")
                .route(read().to(pages::operator::reports::get_new))
                .route(web::post().to(pages::operator::reports::post_new)),
        )
        .service(
            operator_page("/operator/reports/{slug}", "GET, HEAD, POST")
                .route(read().to(pages::operator::report::get))
                .route(web::post().to(pages::operator::report::post)),
        )
        .service(
            operator_page("/operator/reports/{slug}/details", "POST")
                .route(web::post().to(pages::operator::report::post_details)),
        )
        .service(
            operator_page("/operator/reports/{slug}/edition", "POST")
                .route(web::post().to(pages::operator::report::post_edition)),
        )
        .service(
            operator_page("/operator/reports/{slug}/remove", "GET, HEAD, POST")
                .route(read().to(pages::operator::report_act::get_remove))
                .route(web::post().to(pages::operator::report_act::post_remove)),
        )
        .service(
            operator_page("/operator/reports/{slug}/ungrant/{id}", "GET, HEAD, POST")
                .route(read().to(pages::operator::report_act::get_ungrant))
                .route(web::post().to(pages::operator::report_act::post_ungrant)),
        )
        .service(operator_page("/operator/audit", "GET, HEAD").route(read().to(log::get)))
        .service(operator_page("/operator/audit.csv", "GET, HEAD").route(read().to(log::get_csv)))
        // Downloads.
        .service(page("/downloads", "GET, HEAD").route(read().to(pages::downloads::get)))
        .service(
            page("/downloads/{slug}", "GET, HEAD, POST")
                .route(read().to(pages::downloads::get_file))
                .route(web::post().to(pages::downloads::post_file)),
        )
        .service(page("/docs/api", "GET, HEAD").route(read().to(docs::get)))
        // For programs on every site.
        .service(page("/assets/{name}", "GET, HEAD").route(read().to(assets::get)))
        .service(page("/robots.txt", "GET, HEAD").route(read().to(well_known::robots)))
        .service(page("/healthz", "GET, HEAD").route(read().to(well_known::health)))
        .service(page("/readyz", "GET, HEAD").route(read().to(well_known::ready)))
        .service(
            page("/.well-known/change-password", "GET, HEAD")
                .route(read().to(well_known::change_password)),
        )
        .service(
            page("/.well-known/security.txt", "GET, HEAD")
                .route(read().to(well_known::security_txt)),
        )
        // The API.
        .service(call("/api/openapi.json", "GET, HEAD").route(read().to(api::openapi::read)))
        .service(call("/api/v1/account", "GET, HEAD").route(read().to(api::account::read)))
        .service(call("/api/v1/key", "DELETE").route(web::delete().to(api::keys::deactivate_self)))
        .service(
            call("/api/v1/keys", "GET, HEAD, POST")
                .route(read().to(api::keys::list))
                .route(web::post().to(api::key_creation::create)),
        )
        .service(
            call("/api/v1/keys/{id}", "GET, HEAD, PATCH, DELETE")
                .route(read().to(api::keys::read))
                .route(web::patch().to(api::keys::rename))
                .route(web::delete().to(api::keys::deactivate)),
        )
        .service(
            call("/api/v1/keys/{id}/rotate", "POST").route(web::post().to(api::rotation::rotate)),
        )
        .service(call("/api/v1/keys/{id}/usage", "GET, HEAD").route(read().to(api::usage::read)))
        .service(call("/api/v1/verify", "POST").route(web::post().to(api::verify::verify)))
        .service(call("/api/v1/leaks", "POST").route(web::post().to(api::leaks::report)))
        .service(
            call("/api/v1/leaks/github", "POST")
                .route(web::post().to(api::leaks::report_by_github)),
        )
        // The registry as JSON.
        .service(call("/api/v1/contacts", "GET, HEAD").route(read().to(api::contacts::list)))
        .service(
            call("/api/v1/contacts/{handle}", "GET, HEAD").route(read().to(api::contacts::read)),
        )
        .service(
            call("/api/v1/organizations", "GET, HEAD").route(read().to(api::organizations::list)),
        )
        .service(
            call("/api/v1/organizations/{handle}", "GET, HEAD")
                .route(read().to(api::organizations::read)),
        )
        // Reports and downloads, by key.
        .service(call("/api/v1/reports", "GET, HEAD").route(read().to(downloads::calls::list)))
        .service(
            call("/api/v1/reports/{slug}", "GET, HEAD").route(read().to(downloads::calls::read)),
        )
        .service(
            call("/public/rest/downloads/bulkwhois", "GET, HEAD")
                .route(read().to(downloads::calls::read_bulk)),
        )
        .service(
            call("/public/secure/downloads/bulkwhois", "GET, HEAD")
                .route(read().to(downloads::calls::read_bulk)),
        )
        .service(
            call("/public/rest/downloads/bulkwhois/{file}", "GET, HEAD")
                .route(read().to(downloads::calls::read_bulk_file)),
        )
        .service(
            call("/public/rest/downloads/{slug}", "GET, HEAD")
                .route(read().to(downloads::calls::read_public)),
        )
        .service(web::scope("/public").default_service(web::to(no_such_call)))
        .service(web::scope("/api").default_service(web::to(no_such_call)))
        // The registry's wire format.
        .service(rest::route())
        .default_service(web::to(no_such_page));
}

/// The layer that loads and stores sessions.
pub fn sessions(
    state: &AppState,
    secrets: &InstanceSecrets,
) -> SessionMiddleware<DieselSessionStore> {
    let is_https = state.site.is_https();
    // The cookie lives as long as a session can; that a session ends earlier without use is the store's to say.
    let life = PersistentSession::default()
        .session_ttl(Duration::seconds(LONGEST_LIFE.num_seconds()))
        .session_ttl_extension_policy(TtlExtensionPolicy::OnStateChanges);
    SessionMiddleware::builder(
        DieselSessionStore::new(
            state.pool.clone(),
            state.clock.clone(),
            state.outbox.clone(),
        ),
        Key::from(secrets.session_cookie_key().as_slice()),
    )
    .cookie_name(cookie_name(state).to_owned())
    .cookie_path("/".to_owned())
    .cookie_secure(is_https)
    .cookie_http_only(true)
    .cookie_same_site(SameSite::Lax)
    .session_lifecycle(life)
    .build()
}

/// A path of the portal that answers other methods with 405.
fn page(path: &'static str, allow: &'static str) -> Resource {
    web::resource(path).default_service(web::to(move || async move {
        Err::<HttpResponse, _>(PageError::MethodNotAllowed(allow))
    }))
}

/// A page of the operator area: as good as not there for everyone else, by other methods too.
fn operator_page(path: &'static str, allow: &'static str) -> Resource {
    web::resource(path).default_service(web::to(move |_: extract::operator::Operator| async move {
        Err::<HttpResponse, _>(PageError::MethodNotAllowed(allow))
    }))
}

/// A path of the API that answers other methods with 405.
fn call(path: &'static str, allow: &'static str) -> Resource {
    web::resource(path).default_service(web::to(move || async move {
        Err::<HttpResponse, _>(ApiError {
            allow: Some(allow),
            ..ApiError::new(
                Code::MethodNotAllowed,
                format!("This address takes {allow}."),
            )
        })
    }))
}

/// GET, and HEAD with the same headers.
fn read() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

async fn to_security() -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header(("location", "/settings/security"))
        .insert_header(("cache-control", "no-store"))
        .finish()
}

async fn no_such_page(
    // Extracted so that the error page greets who is signed in.
    _visitor: extract::visitor::Visitor,
) -> Result<HttpResponse, PageError> {
    Err(PageError::NotFound)
}

async fn no_such_call() -> Result<HttpResponse, ApiError> {
    Err(ApiError::not_found())
}
