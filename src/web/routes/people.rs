//! Addresses for account holders, in a browser.

use actix_web::HttpResponse;
use actix_web::web::ServiceConfig;

use super::methods::{get, page, post};
use crate::web::assets;
use crate::web::pages::api_keys::{
    access, confirm, create, detail, integrations as limits, list, rotate,
};
use crate::web::pages::security::{passkeys, recovery_codes, shown_codes, two_step};
use crate::web::pages::{
    audit, contacts, docs, downloads, email_verify, integrations, notifications, overview,
    passkey_challenges, password_forgot, password_reset, profile, profile_close, security,
    security_password, security_sessions, sign_in, sign_in_confirm, sign_in_two_step, sign_up,
    theme, tickets, unsubscribe, usage, well_known,
};

pub(super) fn routes(config: &mut ServiceConfig) {
    signing_in(config);
    settings(config);
    integrations(config);
    registry(config);
    config
        .service(page("/docs/api", get(docs::get)))
        .service(page("/assets/{name}", get(assets::get)))
        .service(page("/robots.txt", get(well_known::robots)))
        .service(page("/healthz", get(well_known::health)))
        .service(page("/readyz", get(well_known::ready)))
        .service(page(
            "/.well-known/change-password",
            get(well_known::change_password),
        ))
        .service(page(
            "/.well-known/security.txt",
            get(well_known::security_txt),
        ));
}

fn signing_in(config: &mut ServiceConfig) {
    config
        .service(page("/sign-up", get(sign_up::get).post(sign_up::post)))
        .service(page("/sign-in", get(sign_in::get).post(sign_in::post)))
        .service(page(
            "/sign-in/confirm",
            get(sign_in_confirm::get).post(sign_in_confirm::post),
        ))
        .service(page(
            "/sign-in/two-step",
            get(sign_in_two_step::get).post(sign_in_two_step::post),
        ))
        .service(page(
            "/sign-in/passkey",
            post(passkey_challenges::post_sign_in),
        ))
        .service(page(
            "/sign-in/two-step/passkey",
            post(passkey_challenges::post_two_step),
        ))
        .service(page(
            "/sign-in/confirm/passkey",
            post(passkey_challenges::post_confirm),
        ))
        .service(page("/sign-out", post(sign_in::post_sign_out)))
        .service(page(
            "/password/forgot",
            get(password_forgot::get).post(password_forgot::post),
        ))
        .service(page(
            "/email/verify",
            get(email_verify::get).post(email_verify::post),
        ))
        .service(page(
            "/password/reset",
            get(password_reset::get).post(password_reset::post),
        ))
        .service(page(
            "/unsubscribe",
            get(unsubscribe::get).post(unsubscribe::post),
        ));
}

fn settings(config: &mut ServiceConfig) {
    config
        .service(page("/", get(overview::get)))
        .service(page("/settings", get(to_security)))
        .service(page(
            "/settings/profile",
            get(profile::get).post(profile::post),
        ))
        .service(page(
            "/settings/profile/cancel-email",
            post(profile::post_cancel_email),
        ))
        .service(page(
            "/settings/profile/close",
            get(profile_close::get).post(profile_close::post),
        ))
        .service(page("/settings/security", get(security::get)))
        .service(page(
            "/settings/notifications",
            get(notifications::get).post(notifications::post),
        ))
        .service(page(
            "/settings/security/password",
            get(security_password::get).post(security_password::post),
        ))
        .service(page(
            "/settings/security/sessions",
            get(security_sessions::get).post(security_sessions::post),
        ))
        .service(page(
            "/settings/security/two-step",
            get(two_step::get).post(two_step::post),
        ))
        .service(page(
            "/settings/security/two-step/off",
            get(two_step::get_off).post(two_step::post_off),
        ))
        .service(page(
            "/settings/security/recovery-codes",
            get(recovery_codes::get).post(recovery_codes::post),
        ))
        .service(page(
            "/settings/security/recovery-codes/text",
            post(shown_codes::post_text),
        ))
        .service(page(
            "/settings/security/passkeys",
            get(passkeys::get).post(passkeys::post),
        ))
        .service(page(
            "/settings/security/passkeys/challenge",
            post(passkey_challenges::post_add),
        ))
        .service(page(
            "/settings/security/passkeys/{id}",
            get(passkeys::get_rename).post(passkeys::post_rename),
        ))
        .service(page(
            "/settings/security/passkeys/{id}/remove",
            get(passkeys::get_remove).post(passkeys::post_remove),
        ))
        .service(page("/settings/theme", post(theme::post)))
        .service(page("/settings/api", get(list::get)))
        .service(page(
            "/settings/api/new",
            get(create::get).post(create::post),
        ))
        .service(page(
            "/settings/api/{id}",
            get(detail::get).post(detail::post),
        ))
        .service(page(
            "/settings/api/{id}/deactivate",
            get(confirm::get_deactivate).post(confirm::post_deactivate),
        ))
        .service(page(
            "/settings/api/{id}/delete",
            get(confirm::get_delete).post(confirm::post_delete),
        ))
        .service(page("/settings/api/{id}/access", get(access::get)))
        .service(page(
            "/settings/api/{id}/rotate",
            get(rotate::get).post(rotate::post),
        ))
        .service(page(
            "/settings/api/{id}/end-old-secret",
            get(confirm::get_end_old_secret).post(confirm::post_end_old_secret),
        ))
        .service(page("/settings/usage", get(usage::get)))
        .service(page("/settings/usage.csv", get(usage::get_csv)))
        .service(page("/settings/audit", get(audit::get)))
        .service(page("/settings/audit.csv", get(audit::get_csv)));
}

/// Keys for the APIs of other providers.
fn integrations(config: &mut ServiceConfig) {
    config
        .service(page(
            "/settings/api/{id}/integrations",
            get(limits::get).post(limits::post),
        ))
        .service(page("/settings/integrations", get(integrations::list::get)))
        .service(page(
            "/settings/integrations/new",
            get(integrations::create::get).post(integrations::create::post),
        ))
        .service(page(
            "/settings/integrations/{provider}",
            get(integrations::connect::get).post(integrations::connect::post),
        ))
        .service(page(
            "/settings/integrations/{provider}/check",
            post(integrations::check::post),
        ))
        .service(page(
            "/settings/integrations/{provider}/remove",
            get(integrations::remove::get).post(integrations::remove::post),
        ));
}

fn registry(config: &mut ServiceConfig) {
    config
        .service(page("/settings/contacts", get(contacts::list::get)))
        .service(page(
            "/settings/contacts/new",
            get(contacts::create::get).post(contacts::create::post),
        ))
        .service(page(
            "/settings/contacts/link",
            get(contacts::link::get).post(contacts::link::post),
        ))
        .service(page(
            "/settings/contacts/link/confirm",
            get(contacts::link::get_confirm).post(contacts::link::post_confirm),
        ))
        .service(page(
            "/settings/contacts/{handle}",
            get(contacts::detail::get).post(contacts::detail::post),
        ))
        .service(page(
            "/settings/contacts/{handle}/unlink",
            get(contacts::confirm::get_unlink).post(contacts::confirm::post_unlink),
        ))
        .service(page(
            "/settings/contacts/{handle}/delete",
            get(contacts::confirm::get_delete).post(contacts::confirm::post_delete),
        ))
        .service(page("/tickets", get(tickets::list::get)))
        .service(page(
            "/tickets/{number}",
            get(tickets::detail::get).post(tickets::detail::post),
        ))
        .service(page(
            "/tickets/{number}/decision",
            post(tickets::acts::post_decision),
        ))
        .service(page(
            "/tickets/{number}/withdraw",
            post(tickets::acts::post_withdraw),
        ))
        .service(page(
            "/tickets/{number}/close",
            post(tickets::acts::post_close),
        ))
        .service(page(
            "/tickets/{number}/keep",
            post(tickets::acts::post_keep),
        ))
        .service(page(
            "/tickets/{number}/files/{message}/{attachment}",
            get(tickets::files::get),
        ))
        .service(page("/downloads", get(downloads::get)))
        .service(page(
            "/downloads/{slug}",
            get(downloads::get_file).post(downloads::post_file),
        ));
}

async fn to_security() -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header(("location", "/settings/security"))
        .insert_header(("cache-control", "no-store"))
        .finish()
}
