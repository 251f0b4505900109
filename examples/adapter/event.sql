-- What one line of the stream says. The line is put into line(text); its fields are taken out here, by
-- SQLite's JSON functions. A line that has a fault is no event.

CREATE TEMP TABLE line (number INTEGER, text TEXT);

CREATE TEMP VIEW member AS
SELECT m.key, m.type, m.atom FROM line, json_each(iif(json_valid(text), text, 'null')) AS m
 WHERE m.key IN ('type', 'state', 'turn_id', 'outcome', 'message', 'event_id', 'expected_turn_id',
                 'incarnation');

CREATE TEMP VIEW fault AS
SELECT CASE WHEN NOT json_valid(text) THEN 'not JSON'
            WHEN json_type(text) <> 'object' THEN 'not an object'
            WHEN instr(replace(text, '\\', ''), '\u0000') THEN 'a text has a NUL in it'
            WHEN NOT EXISTS (SELECT 1 FROM member WHERE key = 'type' AND type = 'text') THEN 'no type'
            WHEN (SELECT count(*) <> count(DISTINCT key) FROM member) THEN 'a field is there twice'
            WHEN EXISTS (SELECT 1 FROM member
                          WHERE type <> 'null'
                            AND type <> iif(key = 'incarnation', 'integer', 'text'))
            THEN 'a field has the wrong type' END AS what
  FROM line;

CREATE TEMP VIEW event AS
SELECT json_extract(text, '$.type') AS type, json_extract(text, '$.state') AS state,
       json_extract(text, '$.turn_id') AS turn_id, json_extract(text, '$.outcome') AS outcome,
       json_extract(text, '$.message') AS message, json_extract(text, '$.event_id') AS event_id,
       json_extract(text, '$.expected_turn_id') AS expected_turn_id,
       json_extract(text, '$.incarnation') AS incarnation
  FROM line WHERE (SELECT what FROM fault) IS NULL;

-- The answer for a line: what became of the event, or what is wrong with the line.
CREATE TEMP VIEW answer AS
SELECT iif((SELECT what FROM fault) IS NOT NULL,
           json_object('line', number, 'ok', json('false'), 'code', 'adapter.malformed',
                       'message', (SELECT what FROM fault)),
           json_object('line', number, 'ok', json('true'), 'type', (SELECT type FROM event),
                       'applied', session_report() -> 'applied',
                       'reason', session_report() ->> 'reason',
                       'status', session_report() ->> 'status',
                       'active_turn_id', session_report() ->> 'active_turn_id')) AS text
  FROM line;
