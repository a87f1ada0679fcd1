"""Makes a database as the Python package does: rows from stdin, one JSON array a line, into the file that is named."""

import json
import sqlite3
import sys

SCHEMA = """
CREATE TABLE axio_context_messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL, project TEXT NOT NULL, position INTEGER NOT NULL,
    role TEXT NOT NULL, content TEXT NOT NULL, created_at TEXT NOT NULL DEFAULT (datetime('now')),
    UNIQUE(session_id, position));
CREATE INDEX idx_axio_context_messages_session ON axio_context_messages(session_id);
CREATE INDEX idx_axio_context_messages_project ON axio_context_messages(project);
CREATE TABLE axio_context_tokens (
    session_id TEXT NOT NULL, project TEXT NOT NULL, input_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(session_id, project));
"""
INSERT = """
INSERT INTO axio_context_messages(session_id, project, position, role, content, created_at) VALUES (?, ?, ?, ?, ?, ?)
"""

connection = sqlite3.connect(sys.argv[1])
connection.execute("PRAGMA journal_mode=WAL")
connection.execute("PRAGMA synchronous=OFF")
connection.executescript(SCHEMA)
connection.executemany(INSERT, (json.loads(line) for line in sys.stdin))
connection.commit()
# With the last connection the -wal is written back.
connection.close()
