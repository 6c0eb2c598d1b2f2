//! Addresses of the operator area.

use actix_web::web::ServiceConfig;

use super::methods::{get, operator_page, post};
use crate::web::pages::operator::{
    self, account, account_act, account_key, accounts, configuration, contact, contacts, health,
    integration, integrations, invitations, log, mail, mail_act, mails, network, networks,
    new_network, new_organization, organization, organizations, registry, report, report_act,
    reports, tickets,
};

pub(super) fn routes(config: &mut ServiceConfig) {
    registry(config);
    integrations(config);
    config
        .service(operator_page("/operator", get(operator::get)))
        .service(operator_page("/operator/health", get(health::get)))
        .service(operator_page(
            "/operator/configuration",
            get(configuration::get),
        ))
        .service(operator_page("/operator/accounts", get(accounts::get)))
        .service(operator_page("/operator/accounts/{id}", get(account::get)))
        .service(operator_page(
            "/operator/accounts/{id}/{act}",
            get(account_act::get).post(account_act::post),
        ))
        .service(operator_page(
            "/operator/accounts/{id}/keys/{key}/deactivate",
            get(account_key::get).post(account_key::post),
        ))
        .service(operator_page(
            "/operator/invitations",
            get(invitations::get).post(invitations::post),
        ))
        .service(operator_page("/operator/mail", get(mails::get)))
        .service(operator_page("/operator/mail/{id}", get(mail::get)))
        .service(operator_page(
            "/operator/mail/{id}/read",
            get(mail_act::get_read).post(mail_act::post_read),
        ))
        .service(operator_page(
            "/operator/mail/{id}/send-again",
            get(mail_act::get_send_again).post(mail_act::post_send_again),
        ))
        .service(operator_page("/operator/audit", get(log::get)))
        .service(operator_page("/operator/audit.csv", get(log::get_csv)));
}

/// Keys for the APIs of other providers that accounts share.
fn integrations(config: &mut ServiceConfig) {
    config
        .service(operator_page(
            "/operator/integrations",
            get(integrations::get),
        ))
        .service(operator_page(
            "/operator/integrations/{provider}",
            get(integration::get).post(integration::post),
        ))
        .service(operator_page(
            "/operator/integrations/{provider}/check",
            post(integration::post_check),
        ))
        .service(operator_page(
            "/operator/integrations/{provider}/access",
            post(integration::post_access),
        ))
        .service(operator_page(
            "/operator/integrations/{provider}/remove",
            get(integration::get_remove).post(integration::post_remove),
        ));
}

fn registry(config: &mut ServiceConfig) {
    config
        .service(operator_page("/operator/tickets", get(tickets::get)))
        .service(operator_page(
            "/operator/tickets/{number}",
            get(tickets::get_one).post(tickets::post),
        ))
        .service(operator_page(
            "/operator/tickets/{number}/files/{message}/{attachment}",
            get(tickets::get_file),
        ))
        .service(operator_page("/operator/reports", get(reports::get)))
        .service(operator_page(
            "/operator/reports/new",
            get(reports::get_new).post(reports::post_new),
        ))
        .service(operator_page(
            "/operator/reports/{slug}",
            get(report::get).post(report::post),
        ))
        .service(operator_page(
            "/operator/reports/{slug}/details",
            post(report::post_details),
        ))
        .service(operator_page(
            "/operator/reports/{slug}/edition",
            post(report::post_edition),
        ))
        .service(operator_page(
            "/operator/reports/{slug}/remove",
            get(report_act::get_remove).post(report_act::post_remove),
        ))
        .service(operator_page(
            "/operator/reports/{slug}/ungrant/{id}",
            get(report_act::get_ungrant).post(report_act::post_ungrant),
        ))
        .service(operator_page(
            "/operator/organizations",
            get(organizations::get),
        ))
        .service(operator_page(
            "/operator/organizations/new",
            get(new_organization::get).post(new_organization::post),
        ))
        .service(operator_page(
            "/operator/organizations/{handle}",
            get(organization::get),
        ))
        .service(operator_page("/operator/networks", get(networks::get)))
        .service(operator_page(
            "/operator/networks/new",
            get(new_network::get).post(new_network::post),
        ))
        .service(operator_page(
            "/operator/networks/{handle}",
            get(network::get),
        ))
        .service(operator_page("/operator/contacts", get(contacts::get)))
        .service(operator_page(
            "/operator/contacts/{handle}",
            get(contact::get),
        ))
        .service(operator_page(
            "/operator/contacts/{handle}/link",
            get(contact::get_link).post(contact::post_link),
        ))
        .service(operator_page(
            "/operator/contacts/{handle}/unlink/{id}",
            get(contact::get_unlink).post(contact::post_unlink),
        ))
        .service(operator_page(
            "/operator/registry",
            get(registry::get).post(registry::post),
        ))
        .service(operator_page(
            "/operator/registry/export.xml",
            get(registry::get_export),
        ));
}
