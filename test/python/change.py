"""Runs SQL on a database file. Standard input: {"statements": [[sql, value, ...], ...]}."""

import contextlib
import json
import sqlite3
import sys

with contextlib.closing(sqlite3.connect(sys.argv[1])) as connection:
    for sql, *values in json.load(sys.stdin)["statements"]:
        connection.execute(sql, values)
    connection.commit()
print("null")
