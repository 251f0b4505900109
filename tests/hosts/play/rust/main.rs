//! main.rs - plays the scenario of the hosts with rusqlite; see ../../player.py.
//!
//!     play EXTENSION DATABASE SCENARIO

use rusqlite::types::{Value, ValueRef};
use rusqlite::{params_from_iter, Connection, Error, LoadExtensionGuard, Result};

fn load(db: &Connection, extension: &str) -> Result<()> {
    unsafe {
        let _guard = LoadExtensionGuard::new(db)?;
        db.load_extension(extension, None)
    }
}

fn shown(value: ValueRef) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) | ValueRef::Blob(text) => String::from_utf8_lossy(text).into(),
    }
}

fn play(db: &Connection, sql: &str, bound: &[Value]) -> Result<()> {
    let mut statement = db.prepare(sql)?;
    let columns = statement.column_count();
    let mut rows = statement.query(params_from_iter(bound))?;
    while let Some(row) = rows.next()? {
        let values: Result<Vec<_>> = (0..columns).map(|i| row.get_ref(i).map(shown)).collect();
        println!("row: {}", values?.join("|"));
    }
    Ok(())
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let db = Connection::open(&arguments[2])?;
    load(&db, &arguments[1])?;
    println!("host: Rust, SQLite {}", rusqlite::version());

    let text = std::fs::read_to_string(&arguments[3]).expect("the scenario");
    for block in text.split("\n--\n") {
        let bound: Vec<Value> = block
            .lines()
            .filter_map(|line| line.strip_prefix("-- bind: "))
            .map(|value| value.parse().map_or_else(|_| Value::Text(value.into()), Value::Integer))
            .collect();
        let lines: Vec<&str> = block.lines().filter(|line| !line.starts_with("--")).collect();
        let sql = lines.join("\n");
        if sql.trim().is_empty() {
            continue;
        }
        match play(&db, &sql, &bound) {
            Ok(()) => {}
            Err(Error::SqliteFailure(error, message)) => {
                println!("refused: {} {}", error.extended_code, message.unwrap_or_default())
            }
            Err(error) => return Err(error),
        }
        println!("--");
    }
    db.close().map_err(|(_, error)| error)?;
    println!("closed");
    Ok(())
}
