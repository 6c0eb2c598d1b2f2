//! Migrations: reversible, complete, and the same on both databases.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;
use keyport::store::connection::connect;
use keyport::store::{Db, migrations};

use crate::support::db::{Engine, TestDatabase, postgres_url};

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
}

type Tables = BTreeMap<String, Vec<String>>;

fn tables(db: &mut Db) -> Tables {
    let query = match db {
        Db::Postgres(_) => {
            "SELECT table_name::text, column_name::text FROM information_schema.columns
             WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position"
        }
        Db::Sqlite(_) => {
            "SELECT m.name AS table_name, c.name AS column_name FROM sqlite_master m, pragma_table_info(m.name) c
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.cid"
        }
    };
    let columns: Vec<Column> = sql_query(query).load(db).unwrap();
    let mut tables = Tables::new();
    for column in columns
        .into_iter()
        .filter(|column| column.table_name != "__diesel_schema_migrations")
    {
        tables
            .entry(column.table_name)
            .or_default()
            .push(column.column_name);
    }
    tables
}

fn engines() -> Vec<Engine> {
    match postgres_url() {
        Some(_) => vec![Engine::Sqlite, Engine::Postgres],
        None => vec![Engine::Sqlite],
    }
}

#[test]
fn up_down_and_up_again_leaves_the_same_schema() {
    for engine in engines() {
        let database = TestDatabase::new(engine);
        let mut db = connect(&database.url.parse().unwrap()).unwrap();
        assert!(!migrations::run(&mut db).unwrap().is_empty());
        let first = tables(&mut db);
        migrations::revert_all(&mut db).unwrap();
        assert_eq!(tables(&mut db), Tables::new(), "{engine:?}");
        migrations::run(&mut db).unwrap();
        assert_eq!(tables(&mut db), first, "{engine:?}");
        assert_eq!(migrations::run(&mut db).unwrap(), Vec::<String>::new());
    }
}

#[test]
fn both_databases_end_with_the_same_tables_and_columns() {
    let schemas: Vec<Tables> = engines()
        .into_iter()
        .map(|engine| {
            let database = TestDatabase::new(engine);
            let mut db = connect(&database.url.parse().unwrap()).unwrap();
            migrations::run(&mut db).unwrap();
            tables(&mut db)
        })
        .collect();
    assert!(
        schemas.windows(2).all(|pair| pair[0] == pair[1]),
        "{schemas:?}"
    );
    let described = std::fs::read_to_string("src/store/schema.rs").unwrap();
    for (table, columns) in &schemas[0] {
        assert!(
            described.contains(&format!("    {table} (")),
            "schema.rs lacks {table}"
        );
        for column in columns {
            assert!(
                described.contains(&format!(" {column} -> ")),
                "schema.rs lacks {table}.{column}"
            );
        }
    }
}

#[test]
fn instances_that_start_together_migrate_once() {
    for engine in engines() {
        let database = TestDatabase::new(engine);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut db = connect(&database.url.parse().unwrap()).unwrap();
                    migrations::run(&mut db).unwrap();
                });
            }
        });
        let mut db = connect(&database.url.parse().unwrap()).unwrap();
        let status = migrations::status(&mut db).unwrap();
        assert_eq!(status, migrations::MigrationStatus::default(), "{engine:?}");
    }
}

#[derive(QueryableByName)]
struct Unindexed {
    #[diesel(sql_type = Text)]
    place: String,
}

/// Of one over several columns, the first is looked at.
#[test]
fn every_foreign_key_has_an_index() {
    let database = TestDatabase::new(Engine::Sqlite);
    let mut db = connect(&database.url.parse().unwrap()).unwrap();
    migrations::run(&mut db).unwrap();
    let query = "SELECT m.name || '.' || f.\"from\" AS place
         FROM sqlite_master m, pragma_foreign_key_list(m.name) f
         WHERE m.type = 'table' AND f.seq = 0 AND NOT EXISTS (
             SELECT 1 FROM pragma_index_list(m.name) i, pragma_index_info(i.name) c
             WHERE c.seqno = 0 AND c.name = f.\"from\")
         AND NOT EXISTS (
             SELECT 1 FROM pragma_table_info(m.name) t WHERE t.pk = 1 AND t.name = f.\"from\")";
    let unindexed: Vec<Unindexed> = sql_query(query).load(&mut db).unwrap();
    let places: Vec<_> = unindexed.into_iter().map(|row| row.place).collect();
    assert_eq!(places, Vec::<String>::new());
}
