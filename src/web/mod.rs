//! The only place that knows HTTP, templates and JSON.

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
pub mod routes;
pub mod session_store;
pub mod state;
pub mod times;
pub mod token_view;
