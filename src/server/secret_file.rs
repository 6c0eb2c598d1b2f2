//! The instance secret of the settings: where it is kept, and how it is made.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::StartError;
use super::database::create_folder;
use crate::config::Config;
use crate::crypto::instance_secret::InstanceSecrets;
use crate::crypto::random::system_rng;
use crate::domain::instance::check_unused;
use crate::secret::Secret;
use crate::store::Pool;

/// The secrets from the setting, else from the file in the data folder, which is made if it is not there and the database
/// has not been used with another one.
pub(super) fn instance_secrets(
    config: &Config,
    pool: &Pool,
) -> Result<InstanceSecrets, StartError> {
    match existing_instance_secrets(config)? {
        Some(secrets) => Ok(secrets),
        None => {
            if let Err(error) = pool.read_now(check_unused) {
                // Another instance may have made it in this moment.
                return existing_instance_secrets(config)?.ok_or(error.into());
            }
            make_secret(&secret_file(config))?;
            // Read back: another instance may have been faster, and its secret is the one that counts.
            existing_instance_secrets(config)?.ok_or_else(|| StartError::Secret {
                place: secret_file(config).display().to_string(),
                problem: "the file is gone again".to_owned(),
            })
        }
    }
}

/// The secrets from the setting, else from the file in the data folder; `None` if there is no file yet.
///
/// # Errors
/// If the file cannot be read, or there is no secret in it.
pub fn existing_instance_secrets(config: &Config) -> Result<Option<InstanceSecrets>, StartError> {
    let path = secret_file(config);
    let (text, place) = match &config.secret {
        Some(text) => (text.clone(), "KEYPORT_SECRET".to_owned()),
        None => match std::fs::read_to_string(&path) {
            Ok(text) => (Secret::new(text), path.display().to_string()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(secret_failure("cannot read the instance secret", &path)(
                    source,
                ));
            }
        },
    };
    match InstanceSecrets::parse(&text) {
        Ok(secrets) => Ok(Some(secrets)),
        Err(problem) => Err(StartError::Secret {
            place,
            problem: problem.to_string(),
        }),
    }
}

/// Where the instance secret is kept, unless it comes from the environment.
pub fn secret_file(config: &Config) -> PathBuf {
    config.data_dir.join("instance-secret")
}

fn secret_failure(what: &'static str, path: &Path) -> impl Fn(std::io::Error) -> StartError {
    let path = path.display().to_string();
    move |source| StartError::Folder {
        what,
        path: path.clone(),
        source,
    }
}

/// Makes the file, unless another instance makes it in this moment.
fn make_secret(path: &Path) -> Result<(), StartError> {
    let failed = secret_failure("cannot write the instance secret", path);
    if let Some(folder) = path.parent() {
        create_folder(folder)?;
    }
    let text = InstanceSecrets::generate(&mut system_rng());
    // Written whole under another name and then linked: who finds the file finds all of it.
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&draft).and_then(|mut file| {
        file.write_all(text.expose().as_bytes())?;
        file.sync_all()
    });
    written.map_err(&failed)?;
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft).map_err(&failed)?;
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(failed(error)),
        _ => Ok(()),
    }
}
