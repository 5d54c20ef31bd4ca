//! Search of the audit log. A statement searches one range of positions, so its work is bounded and a search can stop
//! between two of them. The condition consists of the filters that are given, so the database can use an index.

use std::{fmt::Write as _, ops::Range};

use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{
    AuditRow, StoreError, Tx,
    sql::{fetch, rows},
    sqlx,
};

/// Conditions of a search. `None` matches every event.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Event name.
    pub event: Option<String>,
    /// `success` or `failure`.
    pub outcome: Option<String>,
    /// Actor's name.
    pub actor: Option<String>,
    /// Target id.
    pub target: Option<String>,
    /// At or after this time, in milliseconds since 1970.
    pub from: Option<i64>,
    /// Before this time, in milliseconds since 1970.
    pub until: Option<i64>,
    /// Events with this account as actor or subject.
    pub concerning: Option<Uuid>,
}

/// A value of a statement.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Bind<'a> {
    Text(&'a str),
    Integer(i64),
    Id(Uuid),
}

/// Binds the values to a query of either database.
macro_rules! bind_all {
    ($query:expr, $binds:expr) => {{
        let mut query = $query;
        for bind in $binds {
            query = match *bind {
                Bind::Text(text) => query.bind(text),
                Bind::Integer(number) => query.bind(number),
                Bind::Id(id) => query.bind(id),
            };
        }
        query
    }};
}

impl AuditFilter {
    /// The conditions and values of a search in a range of positions, newest first. The texts are constants of this
    /// function; what a caller gives is only bound.
    fn statement(&self, positions: &Range<i64>, limit: u32) -> (String, Vec<Bind<'_>>) {
        let mut binds = vec![Bind::Integer(positions.start), Bind::Integer(positions.end)];
        let mut sql = rows!(audit_events, "WHERE seq >= $1 AND seq < $2").to_owned();
        let conditions = [
            ("event = $#", self.event.as_deref().map(Bind::Text)),
            ("outcome = $#", self.outcome.as_deref().map(Bind::Text)),
            ("actor = $#", self.actor.as_deref().map(Bind::Text)),
            ("target = $#", self.target.as_deref().map(Bind::Text)),
            ("at >= $#", self.from.map(Bind::Integer)),
            ("at < $#", self.until.map(Bind::Integer)),
            ("(actor_id = $# OR subject_id = $#)", self.concerning.map(Bind::Id)),
        ];
        for (condition, value) in conditions {
            if let Some(value) = value {
                binds.push(value);
                sql.push_str(" AND ");
                sql.push_str(&condition.replace('#', &binds.len().to_string()));
            }
        }
        binds.push(Bind::Integer(i64::from(limit)));
        // Writing to a string cannot fail.
        let _ = write!(sql, " ORDER BY seq DESC LIMIT ${}", binds.len());
        (sql, binds)
    }
}

impl Tx {
    /// Matching events in a range of positions, newest first.
    pub async fn search_audit(
        &mut self,
        filter: &AuditFilter,
        positions: Range<i64>,
        limit: u32,
    ) -> Result<Vec<AuditRow>, StoreError> {
        let (sql, binds) = filter.statement(&positions, limit);
        let sql = AssertSqlSafe(sql);
        Ok(match self {
            Self::Sqlite(tx) => {
                bind_all!(sqlx::query_as::<sqlx::Sqlite, AuditRow>(sql), &binds).fetch_all(&mut **tx).await?
            }
            Self::Postgres(tx) => {
                bind_all!(sqlx::query_as::<sqlx::Postgres, AuditRow>(sql), &binds).fetch_all(&mut **tx).await?
            }
        })
    }

    /// The positions that events of a time have, from the index over times: the range of the lowest and the highest, or
    /// `None` when there are more than `max` such events. Times may be out of order in the chain.
    pub async fn audit_positions_of_time(
        &mut self,
        from: Option<i64>,
        until: Option<i64>,
        max: u32,
    ) -> Result<Option<Range<i64>>, StoreError> {
        let (first, last, count) = fetch!(
            fetch_one,
            self,
            (Option<i64>, Option<i64>, i64),
            "SELECT MIN(seq), MAX(seq), COUNT(*) FROM
                (SELECT seq FROM audit_events WHERE at >= $1 AND at < $2 LIMIT $3) AS of_time",
            from.unwrap_or(i64::MIN),
            until.unwrap_or(i64::MAX),
            i64::from(max) + 1
        );
        let range = first.zip(last).map_or(0..0, |(first, last)| first..last.saturating_add(1));
        Ok((count <= i64::from(max)).then_some(range))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;

    fn filters() -> Vec<(&'static str, AuditFilter)> {
        let (given, none) = (|| Some("x".to_owned()), AuditFilter::default);
        vec![
            ("audit_events_event", AuditFilter { event: given(), ..none() }),
            ("audit_events_actor_name", AuditFilter { actor: given(), outcome: given(), ..none() }),
            ("audit_events_target", AuditFilter { target: given(), ..none() }),
            ("audit_events_actor", AuditFilter { concerning: Some(Uuid::nil()), ..none() }),
            ("audit_events_subject", AuditFilter { concerning: Some(Uuid::nil()), ..none() }),
        ]
    }

    /// FINDINGS A8.
    #[tokio::test]
    async fn each_filter_is_served_by_an_index_within_the_range() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::sqlite(&folder.path().join("rexec.db")).await.unwrap();
        let Db::Sqlite { readers, .. } = &db else { panic!("not embedded") };
        let plan = async |sql: String, binds: Vec<Bind<'_>>| {
            let query = sqlx::query_as::<sqlx::Sqlite, (i64, i64, i64, String)>(AssertSqlSafe(sql));
            let steps = bind_all!(query, &binds).fetch_all(readers).await.unwrap();
            steps.into_iter().map(|(.., step)| step).collect::<Vec<_>>().join("; ")
        };
        for (index, filter) in filters() {
            let (sql, binds) = filter.statement(&(1..1000), 51);
            let steps = plan(format!("EXPLAIN QUERY PLAN {sql}"), binds).await;
            assert!(steps.contains(index), "{index}: {steps}");
        }
        let sql = "EXPLAIN QUERY PLAN SELECT seq FROM audit_events WHERE at >= $1 AND at < $2 LIMIT 9";
        let steps = plan(sql.into(), vec![Bind::Integer(1), Bind::Integer(2)]).await;
        assert!(steps.contains("COVERING INDEX audit_events_at"), "{steps}");
    }

    #[test]
    fn a_statement_names_only_the_filters_that_are_given() {
        let filter = AuditFilter { actor: Some("ada".into()), until: Some(7), ..AuditFilter::default() };
        let (sql, binds) = filter.statement(&(3..9), 51);
        assert!(
            sql.ends_with("WHERE seq >= $1 AND seq < $2 AND actor = $3 AND at < $4 ORDER BY seq DESC LIMIT $5"),
            "{sql}"
        );
        let (a, b, c) = (Bind::Integer(3), Bind::Integer(9), Bind::Integer(7));
        assert_eq!(binds, [a, b, Bind::Text("ada"), c, Bind::Integer(51)]);
    }
}
