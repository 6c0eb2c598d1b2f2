//! Keys for the APIs of other providers, and the calls that are made with them.

mod limits;
mod proxy;
mod refusals;
mod scene;
mod sdks;
mod streams;
mod tokens;
mod upkeep;
