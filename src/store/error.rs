//! What can go wrong in the database, told apart only where a caller acts on the difference.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// A named rule of the schema that an insert or update may run into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Constraint {
    /// Two accounts with one email address.
    AccountEmail,
    /// One one-time form used twice.
    ShownForm,
    /// One `Idempotency-Key` used twice by one account.
    IdempotencyKey,
    /// One one-time form for recovery codes used twice.
    ShownCodeForm,
    /// One passkey added twice.
    PasskeyCredential,
    /// Two accounts linked to one person.
    ExclusiveLink,
    /// Two networks with the same addresses.
    NetworkRange,
    /// Two networks of one customer.
    NetworkCustomer,
    /// Two open tickets for the same.
    TicketOnce,
}

impl Constraint {
    /// PostgreSQL gives the constraint's name, SQLite the columns; both are listed here.
    const NAMES: [(Self, &'static str, &'static str); 9] = [
        (Self::AccountEmail, "accounts_email_key", "accounts.email"),
        (
            Self::ShownForm,
            "shown_forms_pkey",
            "shown_forms.form_digest",
        ),
        (
            Self::IdempotencyKey,
            "idempotency_keys_pkey",
            "idempotency_keys.account_id, idempotency_keys.key_digest",
        ),
        (
            Self::ShownCodeForm,
            "shown_code_forms_pkey",
            "shown_code_forms.form_digest",
        ),
        (
            Self::PasskeyCredential,
            "passkeys_credential_id_key",
            "passkeys.credential_id",
        ),
        // SQLite names an index with a condition by its columns as well.
        (
            Self::ExclusiveLink,
            "contact_links_exclusive",
            "contact_links.contact",
        ),
        (
            Self::NetworkRange,
            "networks_range",
            "networks.version, networks.start_ip, networks.end_ip",
        ),
        (
            Self::NetworkCustomer,
            "networks_customer_key",
            "networks.customer",
        ),
        (Self::TicketOnce, "tickets_once_key", "tickets.once_key"),
    ];

    fn find(info: &(dyn diesel::result::DatabaseErrorInformation + Send + Sync)) -> Option<Self> {
        Self::NAMES
            .into_iter()
            .find(|(_, name, columns)| {
                info.constraint_name() == Some(name) || info.message().ends_with(columns)
            })
            .map(|(constraint, ..)| constraint)
    }
}

/// A failed query or connection.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique rule was broken; nothing was written.
    #[error("a unique constraint was broken: {0:?}")]
    Broken(Constraint),
    /// Another writer held the database for longer than the busy timeout. Trying again may help.
    #[error("the database is locked by another writer")]
    Busy(#[source] DieselError),
    /// The database cannot be written: its file, folder or server is read-only, or its disk is full.
    #[error("the database is read-only, or full")]
    ReadOnly(#[source] DieselError),
    /// The database cannot be reached, or no connection came free in time.
    #[error("the database cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Anything else: a defect, a damaged file.
    #[error("the database refused a query")]
    Other(#[source] DieselError),
}

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        let DieselError::DatabaseError(kind, info) = &error else {
            return match error {
                DieselError::BrokenTransactionManager => Self::Unavailable(Box::new(error)),
                other => Self::Other(other),
            };
        };
        let message = info.message();
        match kind {
            DatabaseErrorKind::UniqueViolation => match Constraint::find(info.as_ref()) {
                Some(constraint) => Self::Broken(constraint),
                None => Self::Other(error),
            },
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
                Self::Unavailable(Box::new(error))
            }
            DatabaseErrorKind::ReadOnlyTransaction => Self::ReadOnly(error),
            _ if is_unwritable(message) => Self::ReadOnly(error),
            _ if message.contains("is locked") || message.contains("lock timeout") => {
                Self::Busy(error)
            }
            _ if is_connection_loss(message) => Self::Unavailable(Box::new(error)),
            _ => Self::Other(error),
        }
    }
}

/// SQLite says so in these words (sqlite3_errstr), and PostgreSQL hands on what the system says of a full disk.
fn is_unwritable(message: &str) -> bool {
    const WORDS: [&str; 3] = [
        "readonly database",
        "database or disk is full",
        "No space left on device",
    ];
    WORDS.iter().any(|words| message.contains(words))
}

/// libpq reports a lost connection only in words (libpq-exec.c, pqsecure_raw_read and PQgetResult), and SQLite
/// reports a file it can no longer open or read in words as well (sqlite3_errstr).
fn is_connection_loss(message: &str) -> bool {
    const WORDS: [&str; 7] = [
        "server closed the connection",
        "terminating connection",
        "no connection to the server",
        "could not receive data from server",
        "could not send data to server",
        "unable to open database file",
        "disk I/O error",
    ];
    WORDS.iter().any(|words| message.contains(words))
}

impl From<r2d2::Error> for StoreError {
    fn from(error: r2d2::Error) -> Self {
        Self::Unavailable(Box::new(error))
    }
}
