//! Which tables are read in one query. Only those that are, not all with all as Diesel would have it: each pair is a proof, and for
//! all of them the compiler needed seconds.

use diesel::allow_tables_to_appear_in_same_query;

use super::schema::{
    accounts, api_key_last_uses, api_keys, contact_emails, contact_links, contacts,
    dead_key_attempts, network_contacts, networks, organization_contacts, provider_grants,
    report_grants, stored_files, ticket_attachments, token_days,
};

allow_tables_to_appear_in_same_query!(accounts, api_keys);
allow_tables_to_appear_in_same_query!(accounts, contact_links);
allow_tables_to_appear_in_same_query!(accounts, provider_grants);
allow_tables_to_appear_in_same_query!(accounts, report_grants);
allow_tables_to_appear_in_same_query!(api_key_last_uses, api_keys);
allow_tables_to_appear_in_same_query!(api_keys, dead_key_attempts);
allow_tables_to_appear_in_same_query!(api_keys, token_days);
allow_tables_to_appear_in_same_query!(contact_emails, contacts);
allow_tables_to_appear_in_same_query!(contact_links, contacts);
allow_tables_to_appear_in_same_query!(contact_links, network_contacts);
allow_tables_to_appear_in_same_query!(contact_links, networks);
allow_tables_to_appear_in_same_query!(contact_links, organization_contacts);
allow_tables_to_appear_in_same_query!(network_contacts, networks);
allow_tables_to_appear_in_same_query!(networks, organization_contacts);
allow_tables_to_appear_in_same_query!(stored_files, ticket_attachments);
