import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Edit, NewMessage, Operations } from "../../src/operations.js";
import type { Database } from "../../worker/sqlite/database.js";
import { Executor } from "../../worker/owner/executor.js";
import type { OwnerOperation, OwnerRequest } from "../../worker/requests.js";
import { openMemoryStorage } from "../../worker/storage/memory-storage.js";
import { checkIntegrity } from "../../worker/operations/integrity.js";
import { prepareSchema } from "../../worker/operations/schema.js";
import { finish } from "../../worker/slices.js";
import type { Storage } from "../../worker/storage/storage.js";
import { tables } from "../../worker/sql/tables.js";

const PROJECTS = ["a", "b", "c"] as const;
type Project = (typeof PROJECTS)[number];

let storage: Storage;
let executor: Executor;
let seq = 0;

beforeEach(async () => {
  storage = await openMemoryStorage();
  prepareSchema(storage);
  executor = new Executor(storage);
});

afterEach(() => storage.release());

const session = (project: Project) => ({ dbName: "axio_context", project, sessionId: "shared" });

function run<Name extends OwnerOperation>(name: Name, args: Parameters<Operations<string>[Name]>[0], number = ++seq) {
  const request: OwnerRequest = { seq: number, name, args, terms: { full: false, busyTimeout: 5000 } };
  return executor.execute({ client: "page", unanswered: [number], requests: [request] })[0]!;
}

let made = 0;
function message(role = "user"): NewMessage<string> {
  const text = String(made++);
  return { uid: `uid-${text}`, role, content: `plain:[{"type":"text","text":"${text}"}]`, preview: text };
}

function splice(project: Project, edit: Partial<Edit<string>>, number?: number) {
  return run("splice", { session: session(project), kind: "replace", start: 0, messages: [], ...edit }, number);
}

type Row = readonly [position: number, project: Project, uid: string, id: number];

function rows(): Row[] {
  const sql = "SELECT position, project, uid, id FROM axio_context_messages ORDER BY position";
  return storage.database.rows(sql) as unknown as Row[];
}

/** What a plain array becomes: the messages of all projects, in the order of the table. */
class Model {
  messages: { readonly project: Project; readonly uid: string }[] = [];

  splice(project: Project, start: number, deleteCount: number, added: readonly NewMessage<string>[]): void {
    const own = this.messages.filter((candidate) => candidate.project === project);
    const removed = own.slice(start, start + deleteCount);
    const next = own[start];
    const at = next ? this.messages.indexOf(next) : this.messages.length;
    const before = this.messages.slice(0, at);
    const after = this.messages.slice(at).filter((candidate) => !removed.includes(candidate));
    this.messages = [...before, ...added.map(({ uid }) => ({ project, uid })), ...after];
  }

  count(project: Project): number {
    return this.messages.filter((candidate) => candidate.project === project).length;
  }
}

const edits = fc.array(
  fc.record({
    project: fc.constantFrom(...PROJECTS),
    start: fc.double({ min: 0, max: 1, noNaN: true }),
    deleted: fc.double({ min: 0, max: 1, noNaN: true }),
    roles: fc.array(fc.constantFrom("user", "assistant"), { maxLength: 4 }),
  }),
  { maxLength: 25 },
);

test("splices of three projects that share a session id do what they do to a plain array", () => {
  fc.assert(
    fc.property(edits, (steps) => {
      for (const project of PROJECTS) run("clear", { session: session(project) });
      const model = new Model();
      const ids = new Map<string, number>();
      for (const { project, start, deleted, roles } of steps) {
        const count = model.count(project);
        const from = Math.round(start * count);
        const deleteCount = Math.round(deleted * (count - from));
        const messages = roles.map((role) => message(role));
        expect(splice(project, { start: from, deleteCount, messages })).toMatchObject({ ok: true });
        model.splice(project, from, deleteCount, messages);
        const found = rows();
        expect(found.map(([position]) => position)).toEqual(found.map((_, place) => place));
        expect(found.map(([, owner, uid]) => ({ project: owner, uid }))).toEqual(model.messages);
        for (const [, , uid, id] of found) expect(ids.get(uid) ?? id).toBe(id);
        for (const [, , uid, id] of found) ids.set(uid, id);
      }
      expect(new Set(ids.values()).size).toBe(ids.size);
      expect(finish(checkIntegrity(storage.database))).toEqual({ ok: true, problems: [] });
    }),
    { numRuns: 150 },
  );
});

test("the list shows when the oldest message was written, also after a clock was set back", () => {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date("2026-05-02T12:00:00Z") });
  try {
    splice("a", { messages: [message()] });
    vi.setSystemTime(new Date("2026-05-01T12:00:00Z"));
    splice("a", { start: 1, deleteCount: 0, messages: [message()] });
    expect(storage.database.rows("SELECT created_at, updated_at FROM axio_context_sessions")).toEqual([
      ["2026-05-01 12:00:00", "2026-05-02 12:00:00"],
    ]);
    expect(finish(checkIntegrity(storage.database))).toEqual({ ok: true, problems: [] });
  } finally {
    vi.useRealTimers();
  }
});

describe("a splice that is sent again", () => {
  test("after its answer was lost is answered, and not made twice", () => {
    splice("a", { messages: [message(), message(), message()] });
    const first = splice("a", { start: 1, deleteCount: 1, messages: [message(), message()] }, 1000);
    const after = rows();
    executor = new Executor(storage);
    expect(splice("a", { start: 1, deleteCount: 1, messages: [message(), message()] }, 1000)).toEqual(first);
    expect(rows()).toEqual(after);
  });

  test("late, after others have edited, takes nothing of theirs away", () => {
    splice("a", { messages: [message(), message()] });
    splice("a", { start: 1, kind: "truncate" }, 2000);
    splice("a", { start: 1, deleteCount: 0, messages: [message()] }, 2001);
    const after = rows();
    expect(splice("a", { start: 1, kind: "truncate" }, 2000)).toMatchObject({ error: { outcome: "unknown" } });
    expect(rows()).toEqual(after);
  });
});

describe("what an edit costs", () => {
  const LENGTH = 500;

  /** The ids of the rows that are written while `work` runs. */
  function written(database: Database, work: () => void): number[] {
    database.exec("CREATE TEMP TABLE written(id)");
    database.exec(
      "CREATE TEMP TRIGGER watch AFTER UPDATE ON main.axio_context_messages BEGIN INSERT INTO written VALUES (old.id); END",
    );
    work();
    const found = database.rows("SELECT DISTINCT id FROM written").map(([id]) => Number(id));
    database.exec("DROP TRIGGER temp.watch; DROP TABLE temp.written");
    return found;
  }

  test("is what it removes, adds and moves: no row before it is written", () => {
    splice("a", { messages: Array.from({ length: LENGTH }, () => message()) });
    const ids = rows().map(([, , , id]) => id);
    const { database } = storage;
    expect(
      written(database, () => splice("a", { start: 490, deleteCount: 1, messages: [message(), message()] })),
    ).toEqual(ids.slice(491));
    const same = () => splice("a", { start: 10, deleteCount: 2, messages: [message(), message()] });
    expect(written(database, same)).toEqual([]);
    expect(written(database, () => splice("a", { start: 400 }))).toEqual([]);
    expect(rows()).toHaveLength(400);
  });

  test("its statements use an index, and none of them sees the whole session", () => {
    const sql = tables("axio_context");
    const names = [
      "placesBetween",
      "deleteBetween",
      "renumberAside",
      "renumberBack",
      "firstTime",
      "hasUserBefore",
    ] as const;
    for (const name of names) {
      const plan = storage.database.rows(`EXPLAIN QUERY PLAN ${sql[name]}`).map((row) => String(row[3]));
      const steps = plan.filter((step) => /^(SCAN|SEARCH) axio/.test(step));
      expect(steps.length).toBeGreaterThan(0);
      for (const step of steps) expect(step).toMatch(/^SEARCH .*(session_id=\?|rowid=\?)/);
    }
  });
});
