"""Reads a database file as the Python package does, and checks the rules of the file.

Standard input: {"schema": [[name, type, sql], ...], "db_name": ...}: the tables that the package makes.
"""

import contextlib
import json
import sqlite3
import sys

import package


def decoded(stored):
    try:
        return package.decode(stored)
    except Exception:
        return None


def rows(connection, db):
    sql = f"""SELECT session_id, project, position, role, content, created_at FROM {db}_messages
        ORDER BY session_id, position"""
    names = ("session_id", "project", "position", "role", "content", "created_at")
    return [dict(zip(names, row), json=decoded(row[4])) for row in connection.execute(sql)]


def sessions(connection, db):
    projects = [project for (project,) in connection.execute(f"SELECT DISTINCT project FROM {db}_messages")]
    found = {}
    for project in projects:
        try:
            found[project] = package.list_sessions(connection, db, project)
        except Exception:
            pass  # One bad row hides the whole list of the package.
    return found


def columns(connection, table):
    return [row[1:] for row in connection.execute(f'PRAGMA table_info("{table}")')]


def indexes(connection, table):
    """Name (where it was given one), uniqueness, origin and columns of each index."""
    found = set()
    for _, name, unique, origin, partial in connection.execute(f'PRAGMA index_list("{table}")').fetchall():
        of = tuple(row[2] for row in connection.execute(f'PRAGMA index_info("{name}")'))
        found.add((name if origin == "c" else "", unique, origin, partial, of))
    return found


def differences(connection, schema, db):
    """Where our two tables are not what the package makes; further nullable columns and indexes are allowed."""
    reference = sqlite3.connect(":memory:")
    for name, _, sql in schema:
        if sql is not None and not name.startswith("sqlite_"):
            reference.execute(sql)
    found = []
    for table in (f"{db}_messages", f"{db}_tokens"):
        expected, actual = columns(reference, table), columns(connection, table)
        own, further = actual[: len(expected)], actual[len(expected) :]
        if own != expected:
            found.append(f"columns of {table}: {own} instead of {expected}")
        # name, type, notnull, default, pk
        found += [f"column {column} of {table}" for column in further if column[2] or column[4]]
        missing = indexes(reference, table) - indexes(connection, table)
        found += [f"{table} lacks {index}" for index in sorted(missing)]
        # A further UNIQUE constraint or index would refuse rows that the package writes.
        more = indexes(connection, table) - indexes(reference, table)
        found += [f"{table} has {index}" for index in sorted(more) if index[1] and not index[3]]
    autoincrement = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (f"{db}_messages",)).fetchone()
    if "AUTOINCREMENT" not in autoincrement[0].upper():
        found.append("ids without AUTOINCREMENT")
    return found


def settings(connection):
    names = ("encoding", "auto_vacuum", "user_version", "application_id")
    return {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names}


order = json.load(sys.stdin)
db = order["db_name"]
with open(sys.argv[1], "rb") as file:
    header = list(file.read(20)[18:])
with contextlib.closing(sqlite3.connect(sys.argv[1])) as connection:
    view = {
        "header": header,
        "settings": settings(connection),
        "integrity": [row[0] for row in connection.execute("PRAGMA integrity_check")],
        "schema_differences": differences(connection, order["schema"], db) if order["schema"] else [],
        "rows": rows(connection, db),
        "sessions": sessions(connection, db),
        "tokens": connection.execute(f"SELECT * FROM {db}_tokens ORDER BY session_id, project").fetchall(),
    }
print(json.dumps(view))
