//! What handlers take as arguments: each is a check that cannot be forgotten.

pub mod api_client;
pub mod body;
pub mod chosen_password;
pub mod client;
pub mod device;
pub mod form;
pub mod forwarded;
pub mod json;
pub mod key_check;
pub mod operator;
pub mod pagination;
pub mod recent_sign_in;
pub mod registrant;
pub mod upload;
pub mod visitor;
