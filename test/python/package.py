"""What the Python package axio-context-sqlite does with its file, written down anew on the standard library alone."""

import base64
import gzip
import json

DDL = """
CREATE TABLE IF NOT EXISTS {db}_messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  session_id TEXT NOT NULL,
  project TEXT NOT NULL,
  position INTEGER NOT NULL,
  role TEXT NOT NULL,
  content TEXT NOT NULL,
  created_at TEXT NOT NULL DEFAULT (datetime('now')),
  UNIQUE(session_id, position));
CREATE INDEX IF NOT EXISTS idx_{db}_messages_session ON {db}_messages(session_id);
CREATE INDEX IF NOT EXISTS idx_{db}_messages_project ON {db}_messages(project);
CREATE TABLE IF NOT EXISTS {db}_tokens (
  session_id TEXT NOT NULL,
  project TEXT NOT NULL,
  input_tokens INTEGER NOT NULL DEFAULT 0,
  output_tokens INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(session_id, project));
"""


def encode(content):
    text = json.dumps(content)
    raw = text.encode("utf-8")
    if len(raw) < 512:
        return "plain:" + text
    return "gzip:" + base64.b64encode(gzip.compress(raw, 6)).decode("ascii")


def decode(stored):
    if stored.startswith("gzip:"):
        return gzip.decompress(base64.b64decode(stored[5:])).decode("utf-8")
    if stored.startswith("plain:"):
        return stored[6:]
    return stored


def preview(content):
    try:
        text = next(block["text"] for block in json.loads(content) if block.get("type") == "text")
    except (ValueError, KeyError, StopIteration):
        return "(no preview)"
    return text[:80] + "..." if len(text) > 80 else text


def history(connection, db, session_id):
    """Rows of every project: the package reads by session id alone."""
    sql = f"SELECT role, content FROM {db}_messages WHERE session_id = ? ORDER BY position"
    return [(role, json.loads(decode(content))) for role, content in connection.execute(sql, (session_id,))]


def list_sessions(connection, db, project):
    sessions = connection.execute(
        f"""SELECT m.session_id, COUNT(*), MIN(m.created_at), COALESCE(t.input_tokens, 0), COALESCE(t.output_tokens, 0)
        FROM {db}_messages m LEFT JOIN {db}_tokens t ON t.session_id = m.session_id AND t.project = m.project
        WHERE m.project = ? GROUP BY m.session_id ORDER BY MIN(m.created_at) DESC, m.session_id DESC""",
        (project,),
    ).fetchall()
    return [
        {
            "session_id": session_id,
            "message_count": count,
            "preview": first_preview(connection, db, session_id),
            "created_at": created_at,
            "input_tokens": int(input_tokens),
            "output_tokens": int(output_tokens),
        }
        for session_id, count, created_at, input_tokens, output_tokens in sessions
    ]


def first_preview(connection, db, session_id):
    sql = f"SELECT content FROM {db}_messages WHERE session_id = ? AND role = 'user' ORDER BY position LIMIT 1"
    row = connection.execute(sql, (session_id,)).fetchone()
    return preview(decode(row[0])) if row else "(no preview)"


def append(connection, db, session_id, project, role, content):
    connection.execute(
        f"""INSERT INTO {db}_messages (session_id, project, position, role, content)
        VALUES (?, ?, (SELECT COUNT(*) FROM {db}_messages WHERE session_id = ?), ?, ?)""",
        (session_id, project, session_id, role, encode(content)),
    )
    connection.commit()


def prepare(connection, db):
    """What the package does at every connect."""
    assert connection.execute("PRAGMA journal_mode=WAL").fetchone() == ("wal",)
    connection.execute("PRAGMA busy_timeout=5000")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.executescript(DDL.replace("{db}", db))
    connection.commit()
