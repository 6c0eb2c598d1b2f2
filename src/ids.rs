//! The ids of records: random numbers below 62^10, made in Rust, shown as 10 base62 characters.
//!
//! They fit a positive 64-bit integer, which is the primary key in both databases, and they tell nothing
//! about how many other records there are.

use std::fmt;
use std::str::FromStr;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::BigInt;
use rand::{CryptoRng, RngExt};

use crate::base62::{self, Encoded};

/// One more than the largest id: 62^10, so that every id has 10 base62 digits.
const ID_LIMIT: i64 = 62i64.pow(10);

/// A text that is no id: not 10 base62 characters.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id has 10 characters, 0-9, A-Z and a-z")]
pub struct MalformedId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow,
        )]
        #[diesel(sql_type = BigInt)]
        pub struct $name(i64);

        impl $name {
            /// A new random id.
            pub fn random(rng: &mut impl CryptoRng) -> Self {
                Self(rng.random_range(0..ID_LIMIT))
            }

            /// The number that is the primary key.
            pub fn as_number(self) -> i64 {
                self.0
            }

            /// As it is shown.
            pub fn encoded(self) -> Encoded<10> {
                Encoded::of(self.0.unsigned_abs())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.encoded().as_str())
            }
        }

        impl FromStr for $name {
            type Err = MalformedId;

            fn from_str(text: &str) -> Result<Self, MalformedId> {
                if text.len() != 10 {
                    return Err(MalformedId);
                }
                base62::decode(text)
                    .and_then(|number| i64::try_from(number).ok())
                    .map(Self)
                    .ok_or(MalformedId)
            }
        }

        impl<DB: Backend> ToSql<BigInt, DB> for $name
        where
            i64: ToSql<BigInt, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                self.0.to_sql(out)
            }
        }

        impl<DB: Backend> FromSql<BigInt, DB> for $name
        where
            i64: FromSql<BigInt, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
                i64::from_sql(bytes).map(Self)
            }
        }
    };
}

id! {
    /// The id of an account.
    AccountId
}
id! {
    /// The id of a passkey.
    PasskeyId
}
id! {
    /// The id of a mail.
    MailId
}
id! {
    /// The id of an invitation to sign up.
    InvitationId
}
id! {
    /// The public id of a session: names it in its account's list, and is of no other use.
    SessionId
}
id! {
    /// The id of an API key: the public middle part of the key itself.
    ApiKeyId
}
id! {
    /// The id of a request to be linked to a contact that its mail answers.
    LinkRequestId
}
id! {
    /// The id of a file that lies in the database.
    StoredFileId
}
id! {
    /// The id of a grant to download a report.
    GrantId
}
id! {
    /// The id of a provider key.
    ProviderKeyId
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test]
    fn an_id_reads_back_from_its_ten_characters() {
        let mut rng = StdRng::seed_from_u64(1);
        for _ in 0..1000 {
            let id = ApiKeyId::random(&mut rng);
            assert_eq!(id.to_string().len(), 10);
            assert_eq!(id.to_string().parse(), Ok(id));
        }
    }

    #[test]
    fn malformed_ids_are_refused() {
        for text in ["", "123456789", "12345678901", "12345-7890", "123456789é"] {
            assert_eq!(text.parse::<ApiKeyId>(), Err(MalformedId), "{text:?}");
        }
    }
}
