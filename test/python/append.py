"""Appends messages to a database file as the Python package does. Standard input: {"messages": [...], "db_name": ...}."""

import contextlib
import json
import sqlite3
import sys

import package

order = json.load(sys.stdin)
with contextlib.closing(sqlite3.connect(sys.argv[1])) as connection:
    package.prepare(connection, order["db_name"])
    for message in order["messages"]:
        package.append(connection, order["db_name"], **message)
print("null")
