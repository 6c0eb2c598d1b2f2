//! The registry: records and authority, over the wire format, JSON and pages.

mod acceptance;
mod commands;
mod contacts;
mod customers;
mod downloads;
mod large_reports;
mod links;
mod networks;
mod operator;
mod organizations;
mod pyregrws;
mod reports;
mod tickets;
mod wire;
