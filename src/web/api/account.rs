//! Whose key this is.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::api_keys::scopes::Scope;
use crate::web::error::ApiError;
use crate::web::extract::api_client::{AnyKey, ApiClient};
use crate::web::state::AppState;

/// The account that a key acts as, and what the key may do.
#[derive(Serialize, ToSchema)]
pub struct AccountOfKey {
    /// Id of the account.
    #[schema(example = "7Qm2xR4tBd")]
    account_id: String,
    /// Name of the account.
    #[schema(example = "Maren Okafor")]
    account_name: String,
    /// Id of the key.
    #[schema(example = "Zx5bTn0vGf")]
    key_id: String,
    /// The part of the key that is shown.
    #[schema(example = "kp_Zx5bTn0vGf")]
    key_prefix: String,
    /// What the key may be used for now.
    #[schema(example = json!(["keys:read", "usage:read"]))]
    scopes: Vec<String>,
    /// When the key expires; null for never.
    #[schema(format = DateTime, example = "2027-02-20T18:31:00Z")]
    expires_at: Option<String>,
}

/// Whose key this is
///
/// Answers with the account that the key acts as. Any key may ask.
#[utoipa::path(
    get,
    path = "/api/v1/account",
    tag = "Account",
    operation_id = "read_account",
    responses((status = 200, description = "The account and the key.", body = AccountOfKey)),
    security(("api_key" = []))
)]
pub async fn read(
    client: ApiClient<AnyKey>,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    let key = &client.accepted.key;
    let scopes = key.usable_access().scopes(&state.policy.scopes);
    Ok(HttpResponse::Ok().json(AccountOfKey {
        account_id: key.owner.id.to_string(),
        account_name: key.owner.name.clone().into(),
        key_id: key.id.to_string(),
        key_prefix: key.prefix(),
        scopes: scopes.iter().map(Scope::to_string).collect(),
        expires_at: key.expires_at.map(|at| at.to_rfc3339()),
    }))
}
