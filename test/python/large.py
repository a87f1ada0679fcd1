"""Makes a large file as the Python package would: argv = file, sessions, messages per session, characters per message."""

import base64
import os
import sqlite3
import sys

from package import DDL

file, sessions, messages, characters = sys.argv[1], *map(int, sys.argv[2:5])


def rows(session):
    for position in range(messages):
        text = base64.b64encode(os.urandom(characters * 3 // 4)).decode()
        content = 'plain:[{"type": "text", "text": "%d %s"}]' % (position, text)
        yield "from-file-%d" % session, "file", position, ("user", "assistant")[position % 2], content


connection = sqlite3.connect(file)
connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;" + DDL.format(db="axio_context"))
for session in range(sessions):
    connection.executemany(
        "INSERT INTO axio_context_messages(session_id, project, position, role, content) VALUES (?, ?, ?, ?, ?)",
        rows(session),
    )
    connection.execute("INSERT INTO axio_context_tokens VALUES (?, 'file', 3, 4)", ("from-file-%d" % session,))
connection.commit()
connection.close()
# What the disk is still to write would slow down what is measured next.
with open(file, "rb") as written:
    os.fsync(written.fileno())
