import { onceEach } from "../once.js";
import { checksSql } from "./checks.js";
import { createSql } from "./create.js";
import { deletedSql } from "./deleted.js";
import { editsSql } from "./edits.js";
import { importsSql } from "./imports.js";
import { messagesSql } from "./messages.js";
import { namesOf } from "./names.js";
import { partsSql } from "./parts.js";
import { searchSql } from "./search.js";
import { sessionsSql } from "./sessions.js";
import { tokensSql } from "./tokens.js";

/** The statements of one table prefix. `dbName` has been checked: nothing but letters, digits and "_" is in it. */
export const tables = onceEach((dbName) => {
  const names = namesOf(dbName);
  return {
    ...createSql(names),
    ...messagesSql(names),
    ...editsSql(names),
    ...partsSql(names),
    ...tokensSql(names),
    ...sessionsSql(names),
    ...deletedSql(names),
    ...searchSql(names),
    ...importsSql(names),
    ...checksSql(names),
  };
});
