-- What came, and what it means.
--
-- In:  given(tool, payload, scope, lease), one row; the payload is a text, the scope NULL for none.
-- Out: hook, one row with those few fields that are used. The rest of a payload is kept nowhere.
-- Nothing of the database is read here, so it runs without one too.

-- The events of both tools that mean something; every other one means nothing.
--   holds    it is a sign of life: the session is begun if there is none, and its lease is renewed
--   revives  it also brings back a session that has ended, because work begins. The end of a tool call
--            does not: it may come after the end of the session that it was part of
--   says     it says what is being done; the end of a tool call only repeats it
--   status   of a session that begins with it
--   turn     begin, or the outcome of the turn that it ends
--   clears   it ends the session
--   refused  where another holds the scope: block the tool call, tell the agent and the person, or fail
CREATE TEMP TABLE hook_meaning(event, holds, revives, says, status, turn, clears, refused);
INSERT INTO hook_meaning VALUES
  ('SessionStart',        1, 1, 0, 'idle',    NULL,          0, 'tell'),
  ('UserPromptSubmit',    1, 1, 0, 'running', 'begin',       0, 'tell'),
  ('PreToolUse',          1, 1, 1, 'running', NULL,          0, 'block'),
  ('PostToolUse',         1, 0, 0, 'running', NULL,          0, 'block'),
  ('PostToolUseFailure',  1, 0, 0, 'running', NULL,          0, 'block'),
  ('agent-turn-complete', 1, 0, 0, 'idle',    'completed',   0, 'fail'),
  ('Stop',                0, 0, 0, NULL,      'completed',   0, 'fail'),
  ('StopFailure',         0, 0, 0, NULL,      'failed',      0, 'fail'),
  ('Interrupt',           0, 0, 0, NULL,      'interrupted', 0, 'fail'),
  ('SessionEnd',          0, 0, 0, NULL,      NULL,          1, 'fail');

CREATE TEMP TABLE hook AS
WITH checked(payload, fault) AS MATERIALIZED (
  SELECT payload, CASE WHEN trim(payload, char(9, 10, 13, 32)) = '' THEN 'nothing came'
                       WHEN NOT json_valid(payload) THEN 'it is not JSON'
                       WHEN json_type(payload) <> 'object' THEN 'it is not a JSON object' END
    FROM given),
object(json, fault) AS MATERIALIZED (
  SELECT iif(fault IS NULL, payload, '{}'), fault FROM checked),
field AS MATERIALIZED (
  SELECT fault,
         coalesce(json ->> '$.hook_event_name', json ->> '$.type') AS event,
         nullif(coalesce(json ->> '$.session_id', json ->> '$."thread-id"'), '') AS agent,
         json ->> '$.agent_id' IS NOT NULL AS is_subagent,
         nullif(coalesce(json ->> '$.turn_id', json ->> '$."turn-id"'), '') AS turn_id,
         coalesce(json ->> '$.last_assistant_message', json ->> '$."last-assistant-message"',
                  json ->> '$.error') AS message,
         json ->> '$.cwd' AS cwd,
         json ->> '$.reason' AS reason,
         nullif(json ->> '$.tool_name', '') AS tool,
         coalesce(json ->> '$.tool_input.file_path', json ->> '$.tool_input.notebook_path',
                  json ->> '$.tool_input.path') AS path,
         json ->> '$.tool_input.command' AS command
    FROM object),

-- What a tool call is, without secrets: the tool and its file, seen from the working folder; or else the
-- program, and a plain word after it, as in 'Bash git push'. Other arguments may be passwords, and addresses
-- may have tokens in them, so they stay out.
line(text) AS (
  SELECT ltrim(replace(replace(substr(command, 1, 200), char(10), ' '), char(9), ' ')) || '  ' FROM field),
split(first, rest) AS (
  SELECT substr(text, 1, instr(text, ' ') - 1), ltrim(substr(text, instr(text, ' '))) || ' ' FROM line),
word(first, second) AS (
  SELECT first, substr(rest, 1, instr(rest, ' ') - 1) FROM split),
program(text) AS (
  SELECT first || iif(length(second) BETWEEN 1 AND 20 AND second GLOB '[a-z]*'
                      AND second NOT GLOB '*[^a-z-]*', ' ' || second, '')
    FROM word
   WHERE length(first) BETWEEN 1 AND 40 AND first NOT GLOB '*[^A-Za-z0-9_./+-]*'),
file(text) AS (
  SELECT iif(length(name) > 200, '…' || display_safe(substr(name, -199)), display_safe(name))
    FROM (SELECT iif(substr(path, 1, length(cwd) + 1) = cwd || '/', substr(path, length(cwd) + 2), path)
                 AS name
            FROM field
           WHERE path NOT LIKE '%://%')),

-- The beginning of what the agent said last, as it is, but without control characters other than line ends.
said(text) AS (
  SELECT iif(safe = replace(replace(replace(replace(text, '\', '\\'), char(10), '\n'), char(13), '\r'), char(9), '\t'),
             text, safe)
    FROM (SELECT substr(message, 1, 1000) AS text, display_safe(substr(message, 1, 1000)) AS safe FROM field))
SELECT CASE WHEN fault IS NOT NULL THEN fault
            WHEN f.event IS NULL THEN 'it does not say which event it is'
            WHEN m.event IS NOT NULL AND agent IS NULL THEN 'it does not say which session it is' END AS fault,
       m.event, m.holds, m.revives, m.says, m.status, m.refused,
       -- Inside a subagent there is life, but the turn and the session are those of the whole.
       iif(is_subagent, NULL, m.turn) AS turn,
       iif(is_subagent, 0, m.clears) AS clears,
       given.tool || ':' || agent AS actor, given.scope, given.lease,
       turn_id,
       substr(display_safe(substr(f.tool, 1, 60)) ||
              coalesce(' ' || (SELECT text FROM file), ' ' || (SELECT text FROM program), ''), 1, 280)
         AS activity,
       display_safe(substr(cwd, 1, 4096)) AS cwd,
       (SELECT text FROM said) AS message,
       display_safe(substr(reason, 1, 200)) AS reason
  FROM field AS f CROSS JOIN given LEFT JOIN hook_meaning AS m ON m.event = f.event;
