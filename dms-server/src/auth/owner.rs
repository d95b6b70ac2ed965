//! The first start: the owner's token, and the tie between the database and the keys.

use crate::audit::{self, Entry, Note, act};
use crate::auth::{Role, Secret, db, secret::TOKEN_PREFIX};
use crate::db::Db;
use crate::device::ca::Ca;
use crate::keys::{self, Keys};
use crate::{clock::Clock, config::Config};

/// Why the start is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OwnerError {
    /// The database failed.
    #[error(transparent)]
    Db(#[from] sqlx::Error),
    /// The keys folder is not the one this database was made with.
    #[error(
        "the keys folder {0} does not belong to this database: restore the right keys, or start \
         with an empty database"
    )]
    ForeignKeys(String),
    /// The tenant's name changed.
    #[error("keys.tenant was `{was}` when this database was made and cannot change to `{now}`")]
    Tenant {
        /// The name in the database.
        was: String,
        /// The name in the configuration.
        now: String,
    },
    /// A KEK that the database needs.
    #[error(transparent)]
    Kek(#[from] keys::KekError),
    /// The token's file cannot be written.
    #[error(transparent)]
    File(#[from] keys::KeyError),
}

/// Checks that the keys, the device authority and the tenant belong to the database, and makes
/// the owner's token when no lasting administrator's token exists. True when it was made.
///
/// # Errors
/// [`OwnerError`].
pub async fn ensure_owner(
    config: &Config,
    db: &Db,
    keys: &Keys,
    ca: &Ca,
    clock: &Clock,
) -> Result<bool, OwnerError> {
    let now = clock.now_ms();
    let fingerprint = keys.fingerprint(ca.public_key());
    let (tenant, stored) = db::installation(db, &config.keys.tenant, &fingerprint, now).await?;
    if stored != fingerprint {
        let former = keys.former_fingerprints(ca.public_key());
        if !former.iter().any(|print| stored == print) {
            return Err(OwnerError::ForeignKeys(keys.folder().display().to_string()));
        }
        db::set_fingerprint(db, &fingerprint).await?;
    }
    if tenant != config.keys.tenant {
        return Err(OwnerError::Tenant {
            was: tenant,
            now: config.keys.tenant.clone(),
        });
    }
    let first = keys.keks().first().id().to_string();
    for kek in keys::db::begin(db, &first, now).await? {
        keys.keks().named(&kek).await?;
    }
    if db::lasting_owners(db).await? > 0 {
        return Ok(false);
    }
    let secret = Secret::draw(TOKEN_PREFIX);
    let line = zeroize::Zeroizing::new(format!("{}\n", secret.reveal()));
    // The file first: a token in the database that nobody can read would lock everybody out.
    keys::write_secret(&config.owner_token_file(), line.as_bytes())?;
    let row = db::TokenRow {
        id: uuid::Uuid::now_v7(),
        name: "owner".into(),
        roles: Role::Owner.name().into(),
        person_id: None,
        created_ms: now,
        expires_ms: None,
    };
    let object = audit::object("token", row.id);
    let actor = audit::Actor::system();
    let entry = Entry::new(now, actor, act::TOKEN_MADE, object)
        .with("name", "owner")
        .with("roles", row.roles.as_str());
    let note = Note::new(keys.audit(), entry);
    db::add_token(db, &row, secret.hash(), &note).await?;
    Ok(true)
}
