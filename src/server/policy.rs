//! The rules for keys that the settings give.

use super::StartError;
use crate::config::{Config, bad};
use crate::crypto::instance_secret::InstanceSecrets;
use crate::domain::api_keys::policy::KeyPolicy;
use crate::domain::api_keys::scopes::{KnownScope, ScopeCatalog};
use crate::domain::text::Name;

/// Scopes that an operator may define.
const MOST_SCOPES: usize = 50;

/// The operator's rules for keys, as the settings have them; the instance secret completes them.
///
/// # Errors
/// If a setting is bad; it is named.
pub fn key_policy(
    config: &Config,
) -> Result<impl FnOnce(InstanceSecrets) -> KeyPolicy + use<>, StartError> {
    let keys = &config.keys;
    let brand = match keys.brand.parse() {
        Ok(brand) => brand,
        Err(problem) => {
            let problem: crate::domain::api_keys::key_string::BadBrand = problem;
            return bad("brand", problem.to_string()).map_err(StartError::from);
        }
    };
    let mut old_brands = Vec::new();
    for text in &keys.old_brands {
        match text.parse() {
            Ok(brand) => old_brands.push(brand),
            Err(_) => {
                return bad("old_brands", format!("“{text}” is not a brand"))
                    .map_err(StartError::from);
            }
        }
    }
    let mut scopes = Vec::new();
    for setting in &keys.scopes {
        match setting.name.parse() {
            Ok(scope) => scopes.push(KnownScope {
                scope,
                description: setting.description.clone(),
                preselected: setting.default,
            }),
            Err(_) => {
                let problem = format!(
                    "“{}” is not a scope: write one like billing:read, of at most 64 characters",
                    setting.name
                );
                return bad("scopes", problem).map_err(StartError::from);
            }
        }
        if Name::parse(&setting.description).is_err() {
            let problem = format!(
                "the description of {} needs 1 to 100 characters, none of them hidden",
                setting.name
            );
            return bad("scopes", problem).map_err(StartError::from);
        }
    }
    if scopes.len() > MOST_SCOPES {
        // All of them go into a header of each answer to a gateway.
        let problem = format!(
            "{} are too many: define at most {MOST_SCOPES}",
            scopes.len()
        );
        return bad("scopes", problem).map_err(StartError::from);
    }
    let scopes = match ScopeCatalog::new(scopes) {
        Ok(scopes) => scopes,
        Err(repeated) => {
            let problem = format!("{repeated} repeats the name of another or of a built-in one");
            return bad("scopes", problem).map_err(StartError::from);
        }
    };
    let (max_active, longest_life) = (keys.max_active, keys.longest_life);
    Ok(move |secrets| KeyPolicy {
        brand,
        old_brands,
        max_active,
        longest_life,
        scopes,
        secrets,
    })
}
