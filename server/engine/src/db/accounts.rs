//! Queries on the tables `sessions` and `api_tokens`.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
};
use types::accounts::ApiToken;

use super::entities::{api_token, session};

/// Adds a session and drops the expired ones.
pub(crate) async fn add_session(
    db: &impl ConnectionTrait,
    hash: &str,
    now: i64,
    expires_at: i64,
) -> Result<(), DbErr> {
    session::Entity::delete_many()
        .filter(session::COLUMN.expires_at.lte(now))
        .exec(db)
        .await?;
    let row = session::ActiveModel {
        hash: Set(hash.to_owned()),
        created_at: Set(now),
        expires_at: Set(expires_at),
        last_seen_at: Set(now),
    };
    session::Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

/// When a session ends; none when there is no such session.
pub(crate) async fn session_expiry(db: &impl ConnectionTrait, hash: &str) -> Result<Option<i64>, DbErr> {
    let row = session::Entity::find_by_id(hash.to_owned()).one(db).await?;
    Ok(row.map(|row| row.expires_at))
}

/// Writes down that a session was used, and its new end.
pub(crate) async fn touch_session(
    db: &impl ConnectionTrait,
    hash: &str,
    now: i64,
    expires_at: i64,
) -> Result<(), DbErr> {
    session::Entity::update_many()
        .col_expr(session::Column::LastSeenAt, Expr::value(now))
        .col_expr(session::Column::ExpiresAt, Expr::value(expires_at))
        .filter(session::COLUMN.hash.eq(hash))
        .exec(db)
        .await?;
    Ok(())
}

/// Ends a session.
pub(crate) async fn remove_session(db: &impl ConnectionTrait, hash: &str) -> Result<(), DbErr> {
    session::Entity::delete_by_id(hash.to_owned()).exec(db).await?;
    Ok(())
}

/// Ends every session.
pub(crate) async fn remove_sessions(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    session::Entity::delete_many().exec(db).await?;
    Ok(())
}

/// Every token, newest first.
pub(crate) async fn tokens(db: &impl ConnectionTrait) -> Result<Vec<ApiToken>, DbErr> {
    let rows = api_token::Entity::find()
        .order_by_desc(api_token::COLUMN.id)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(ApiToken::from).collect())
}

/// The number of the token with this hash.
pub(crate) async fn token_by_hash(db: &impl ConnectionTrait, hash: &str) -> Result<Option<i64>, DbErr> {
    let row = api_token::Entity::find()
        .filter(api_token::COLUMN.hash.eq(hash))
        .one(db)
        .await?;
    Ok(row.map(|row| row.id))
}

/// Adds a token.
pub(crate) async fn add_token(
    db: &impl ConnectionTrait,
    name: &str,
    hash: &str,
    now: i64,
) -> Result<ApiToken, DbErr> {
    let row = api_token::ActiveModel {
        name: Set(name.to_owned()),
        hash: Set(hash.to_owned()),
        created_at: Set(now),
        ..Default::default()
    };
    row.insert(db).await.map(ApiToken::from)
}

/// Writes down that a token was used.
pub(crate) async fn touch_token(db: &impl ConnectionTrait, id: i64, now: i64) -> Result<(), DbErr> {
    api_token::Entity::update_many()
        .col_expr(api_token::Column::LastUsedAt, Expr::value(now))
        .filter(api_token::COLUMN.id.eq(id))
        .exec(db)
        .await?;
    Ok(())
}

/// Ends a token; false when there was none.
pub(crate) async fn remove_token(db: &impl ConnectionTrait, id: i64) -> Result<bool, DbErr> {
    Ok(api_token::Entity::delete_by_id(id).exec(db).await?.rows_affected == 1)
}

impl From<api_token::Model> for ApiToken {
    fn from(row: api_token::Model) -> Self {
        Self {
            id: row.id,
            name: row.name,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
        }
    }
}
