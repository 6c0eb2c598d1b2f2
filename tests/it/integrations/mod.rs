//! Keys for the APIs of other providers, and the calls that are made with them.

mod addresses;
mod authorities;
mod connections;
mod keys;
mod limits;
mod operator;
mod pages;
mod proxy;
mod refusals;
mod replacing;
mod scene;
mod sdks;
mod sealing;
mod streams;
mod tokens;
mod upkeep;
