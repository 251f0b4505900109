-- What is installed here. One row: 'schema', the number of the schema that tenure_install() made.

CREATE TABLE tenure_meta (
  key   TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
