//! Queries on the tables `alert_rules`, `alerts` and `webhooks`: JSON, with the number in a column of its own.
//!
//! What was written by another version and cannot be read any more is left out.

use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use types::alerts::{Alert, AlertRule, Webhook};

use super::entities::{alert, alert_rule, webhook};

/// Every rule, oldest first.
pub(crate) async fn rules(db: &impl ConnectionTrait) -> Result<Vec<AlertRule>, DbErr> {
    let rows = alert_rule::Entity::find()
        .order_by_asc(alert_rule::COLUMN.id)
        .all(db)
        .await?;
    let read = |row: alert_rule::Model| {
        Some(AlertRule {
            id: row.id,
            ..parsed(&row.rule)?
        })
    };
    Ok(rows.into_iter().filter_map(read).collect())
}

/// Adds a rule (number 0) or writes it over the old one; returns it with its number.
pub(crate) async fn put_rule(db: &impl ConnectionTrait, mut rule: AlertRule) -> Result<AlertRule, DbErr> {
    let text = Set(text(&rule)?);
    if rule.id == 0 {
        let row = alert_rule::ActiveModel {
            rule: text,
            ..Default::default()
        };
        rule.id = row.insert(db).await?.id;
    } else {
        let row = alert_rule::ActiveModel {
            id: Set(rule.id),
            rule: text,
        };
        row.update(db).await?;
    }
    Ok(rule)
}

/// Forgets a rule.
pub(crate) async fn delete_rule(db: &impl ConnectionTrait, id: i64) -> Result<(), DbErr> {
    alert_rule::Entity::delete_by_id(id).exec(db).await?;
    Ok(())
}

/// Everybody who is told, oldest first.
pub(crate) async fn webhooks(db: &impl ConnectionTrait) -> Result<Vec<Webhook>, DbErr> {
    let rows = webhook::Entity::find()
        .order_by_asc(webhook::COLUMN.id)
        .all(db)
        .await?;
    let read = |row: webhook::Model| {
        Some(Webhook {
            id: row.id,
            ..parsed(&row.webhook)?
        })
    };
    Ok(rows.into_iter().filter_map(read).collect())
}

/// Adds somebody (number 0) or writes over what was known; returns it with its number.
pub(crate) async fn put_webhook(db: &impl ConnectionTrait, mut hook: Webhook) -> Result<Webhook, DbErr> {
    let text = Set(text(&hook)?);
    if hook.id == 0 {
        let row = webhook::ActiveModel {
            webhook: text,
            ..Default::default()
        };
        hook.id = row.insert(db).await?.id;
    } else {
        let row = webhook::ActiveModel {
            id: Set(hook.id),
            webhook: text,
        };
        row.update(db).await?;
    }
    Ok(hook)
}

/// Tells somebody nothing any more.
pub(crate) async fn delete_webhook(db: &impl ConnectionTrait, id: i64) -> Result<(), DbErr> {
    webhook::Entity::delete_by_id(id).exec(db).await?;
    Ok(())
}

/// Alerts, newest first.
pub(crate) async fn alerts(db: &impl ConnectionTrait, most: u64) -> Result<Vec<Alert>, DbErr> {
    let rows = alert::Entity::find()
        .order_by_desc(alert::COLUMN.id)
        .limit(most)
        .all(db)
        .await?;
    Ok(rows.into_iter().filter_map(read_alert).collect())
}

/// Alerts that have not ended.
pub(crate) async fn firing(db: &impl ConnectionTrait) -> Result<Vec<Alert>, DbErr> {
    let rows = alert::Entity::find()
        .filter(alert::COLUMN.ended_at.is_null())
        .all(db)
        .await?;
    Ok(rows.into_iter().filter_map(read_alert).collect())
}

/// Adds an alert (number 0) or writes it over the old one; returns it with its number. Only the last ones stay.
pub(crate) async fn put_alert(db: &impl ConnectionTrait, mut one: Alert) -> Result<Alert, DbErr> {
    const KEPT: i64 = 1000;
    let (text, ended_at) = (Set(text(&one)?), Set(one.ended_at));
    if one.id == 0 {
        let row = alert::ActiveModel {
            alert: text,
            ended_at,
            ..Default::default()
        };
        one.id = row.insert(db).await?.id;
        // What is so still is never forgotten, however long ago it began.
        alert::Entity::delete_many()
            .filter(alert::COLUMN.id.lte(one.id - KEPT))
            .filter(alert::COLUMN.ended_at.is_not_null())
            .exec(db)
            .await?;
    } else {
        let row = alert::ActiveModel {
            id: Set(one.id),
            ended_at,
            alert: text,
        };
        row.update(db).await?;
    }
    Ok(one)
}

fn read_alert(row: alert::Model) -> Option<Alert> {
    Some(Alert {
        id: row.id,
        ..parsed(&row.alert)?
    })
}

fn parsed<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok()
}

fn text(value: &impl Serialize) -> Result<String, DbErr> {
    serde_json::to_string(value).map_err(|error| DbErr::Type(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn old_alerts_are_forgotten_but_for_those_that_are_so_still() {
        let temp = tempfile::tempdir().unwrap();
        let db = crate::db::open(&temp.path().join("aikore.db")).await.unwrap();
        let one = |ended_at| Alert {
            id: 0,
            rule_id: 1,
            rule: "rule".to_owned(),
            subject: "machine".to_owned(),
            message: String::new(),
            phase: types::alerts::AlertPhase::Firing,
            began_at: 1,
            ended_at,
            silenced: false,
        };
        let long = put_alert(db.write(), one(None)).await.unwrap();
        let short = put_alert(db.write(), one(Some(2))).await.unwrap();
        let row = alert::ActiveModel {
            id: Set(short.id + 2000),
            ended_at: Set(Some(3)),
            alert: Set(text(&one(Some(3))).unwrap()),
        };
        row.insert(db.write()).await.unwrap();
        put_alert(db.write(), one(Some(4))).await.unwrap();
        let kept: Vec<i64> = alerts(db.read(), 100)
            .await
            .unwrap()
            .iter()
            .map(|one| one.id)
            .collect();
        assert!(kept.contains(&long.id) && !kept.contains(&short.id), "{kept:?}");
        assert_eq!(firing(db.read()).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_new_panel_has_rules_that_can_be_read() {
        let temp = tempfile::tempdir().unwrap();
        let db = crate::db::open(&temp.path().join("aikore.db")).await.unwrap();
        let mut rules = rules(db.read()).await.unwrap();
        assert_eq!(rules.len(), 4);
        let mut rule = rules.remove(3);
        rule.name = "Hot".to_owned();
        put_rule(db.write(), rule.clone()).await.unwrap();
        assert_eq!(super::rules(db.read()).await.unwrap()[3], rule);
        delete_rule(db.write(), rule.id).await.unwrap();
        let added = put_rule(
            db.write(),
            AlertRule {
                id: 0,
                ..rule.clone()
            },
        )
        .await
        .unwrap();
        assert!(added.id > rule.id, "a number is not used again");
    }
}
