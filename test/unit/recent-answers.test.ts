import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ListText, Operations, SessionEntry, SessionKey } from "../../src/operations.js";
import type { Reply, Request } from "../../src/protocol.js";
import type { Batch } from "../../worker/tab/batches.js";
import { Unsealer } from "../../worker/tab/unsealer.js";
import { Executor } from "../../worker/owner/executor.js";
import type { OwnerOperation, OwnerRequest } from "../../worker/requests.js";
import { openMemoryStorage } from "../../worker/storage/memory-storage.js";
import { RecentAnswers } from "../../worker/tab/recent-answers.js";
import { prepareSchema } from "../../worker/operations/schema.js";
import type { Storage } from "../../worker/storage/storage.js";

const MILLION = 1024 * 1024;

const dbName = "axio_context";
const terms = { full: false, busyTimeout: 5000 };

function list(limit: number, project = "p"): Request<"sessions"> {
  return { seq: 1, name: "sessions", args: { dbName, project, range: { orderBy: "updated", limit } }, terms };
}

function text(characters: number): ListText<SessionEntry> {
  return "x".repeat(characters);
}

function history(...batches: readonly Batch["messages"][]): Batch[] {
  return batches.map((messages, place) => ({ messages, isLast: place === batches.length - 1 }));
}

describe("RecentAnswers", () => {
  test("gives an answer for the same question and the same version, and for no other", () => {
    const answers = new RecentAnswers();
    answers.keep(list(50), "v1", "[1]");
    expect(answers.versionOf({ ...list(50), args: { ...list(50).args, seen: "v0" } })).toBe("v1");
    expect(answers.get({ ...list(50), seq: 9, args: { ...list(50).args, seen: "v1" } }, "v1")).toBe("[1]");
    for (const other of [list(49), list(50, "q")]) {
      expect(answers.versionOf(other)).toBeUndefined();
      expect(answers.get(other, "v1")).toBeUndefined();
    }
    expect(answers.get(list(50), "v2")).toBeUndefined();
    expect(answers.get(list(50), undefined)).toBeUndefined();
    answers.keep(list(50), "v2", "[2]");
    expect(answers.get(list(50), "v1")).toBeUndefined();
    expect(answers.get(list(50), "v2")).toBe("[2]");
  });

  test("keeps eight million characters, and lets those go that were not asked for the longest time", () => {
    const answers = new RecentAnswers();
    // What was asked takes room, too.
    const quarter = 2 * MILLION - 200;
    for (const limit of [1, 2, 3, 4]) answers.keep(list(limit), "v", text(quarter));
    // Another answer to the same question takes the place of the one before.
    answers.keep(list(4), "v", text(quarter));
    answers.get(list(1), "v");
    answers.keep(list(5), "v", text(500));
    const isKept = (limit: number) => answers.versionOf(list(limit)) === "v";
    expect([1, 2, 3, 4, 5].map(isKept)).toEqual([true, false, true, true, true]);
  });

  test("does not grow without end by answers that say nothing", () => {
    const answers = new RecentAnswers();
    const asked = (query: string): Request<"search"> => {
      return { seq: 1, name: "search", args: { dbName, query, limit: 50 }, terms };
    };
    const long = "q".repeat(MILLION);
    for (let number = 0; number < 9; number++) answers.keep(asked(`${number}${long}`), "v", "[]");
    expect(answers.versionOf(asked(`0${long}`))).toBeUndefined();
    expect(answers.versionOf(asked(`8${long}`))).toBe("v");
  });

  test.each([
    ["a list of more than four million", text(4 * MILLION + 1)],
    ["a history of more than four million", history("x".repeat(2 * MILLION), "x".repeat(2 * MILLION + 1))],
    ["what is not text: images", history("[]", [{ role: "user", content: [] }])],
  ])("does not keep %s", (_, answer) => {
    const answers = new RecentAnswers();
    answers.keep(list(1), "v", "[]");
    answers.keep(list(1), "v", answer);
    expect(answers.versionOf(list(1))).toBeUndefined();
  });
});

/** What the owner says of a list or messages that have not changed. */
const UNCHANGED = null;

describe("an owner and the workers that ask it", () => {
  let storage: Storage;
  let executor: Executor;
  let seq = 0;

  beforeEach(async () => {
    storage = await openMemoryStorage();
    prepareSchema(storage);
    executor = new Executor(storage);
  });

  afterEach(() => storage.release());

  function ask(request: OwnerRequest): Reply {
    return executor.execute({ client: "page", unanswered: [request.seq], requests: [request] })[0]!;
  }

  function run<Name extends OwnerOperation>(name: Name, args: Parameters<Operations<string>[Name]>[0]): Reply {
    return ask({ seq: ++seq, name, args, terms });
  }

  function session(sessionId: string, project = "p"): SessionKey {
    return { dbName, project, sessionId };
  }

  function append(sessionId: string, project?: string): Reply {
    const message = {
      uid: `uid-${seq}`,
      role: "user",
      content: `plain:[{"type":"text","text":"${seq}"}]`,
      preview: `preview ${seq}`,
    };
    return run("append", { session: session(sessionId, project), messages: [message] });
  }

  test("an answer that has not changed is not given again; after any write it is", () => {
    append("a");
    const first = ask(list(50)) as Reply & { version: string };
    const again = { ...list(50), args: { ...list(50).args, seen: first.version } };
    expect(ask(again)).toEqual({ ok: true, value: UNCHANGED, version: first.version });
    append("b", "q");
    expect(ask(again)).toMatchObject({ value: (first as { value?: unknown }).value });
    executor = new Executor(storage);
    expect((ask(again) as { value?: unknown }).value).not.toBe(UNCHANGED);
  });

  test("the version of another connection is never the same", async () => {
    const other = await openMemoryStorage();
    prepareSchema(other);
    expect(other.database.version).not.toBe(storage.database.version);
    other.release();
  });

  test("whoever reads over and over gets what one gets that reads for the first time", () => {
    const ids = fc.constantFrom("a", "b", "c");
    const projects = fc.constantFrom("p", "q");
    const write = fc.oneof(
      fc.tuple(ids, projects).map((where) => () => append(...where)),
      fc.tuple(ids, projects).map((where) => () => run("clear", { session: session(...where) })),
      fc.tuple(ids, projects).map((where) => () => run("setTitle", { session: session(...where), title: `t${seq}` })),
      fc.tuple(ids, projects, fc.nat(99)).map(
        ([id, project, inputTokens]) =>
          () =>
            run("addTokens", { session: session(id, project), tokens: { inputTokens, outputTokens: 0 } }),
      ),
      fc.tuple(ids, ids).map(
        ([from, target]) =>
          () =>
            run("fork", { session: session(from), target }),
      ),
      ids.map((id) => () => run("deleteSession", { session: session(id), deletionId: `deletion-${seq}` })),
    );
    const question = fc.oneof(
      fc.tuple(fc.constantFrom(1, 50), projects).map(([limit, project]) => list(limit, project)),
      fc
        .tuple(ids, projects, fc.constantFrom({}, { last: 2 }, { limit: 1 }), fc.boolean())
        .map(([id, project, range, brief]): Request<"messages"> => ({
          seq: 1,
          name: "messages",
          args: { session: session(id, project), range, brief },
          terms,
        })),
    );
    const read = fc.tuple(fc.constantFrom(0, 1), question);
    let unchanged = 0;
    const answer = (unsealer: Unsealer, request: Request): unknown => {
      const sealed = unsealer.withKnown(request as OwnerRequest);
      const reply = ask(sealed);
      if (reply.ok && reply.value === UNCHANGED) unchanged++;
      return unsealer.unseal(sealed, reply);
    };
    fc.assert(
      fc.property(fc.array(fc.oneof(write, read), { minLength: 20, maxLength: 60 }), (steps) => {
        const readers = [new Unsealer(), new Unsealer()];
        const again: unknown[] = [];
        const anew: unknown[] = [];
        for (const step of steps) {
          if (typeof step === "function") {
            step();
            continue;
          }
          const [reader, request] = step;
          for (let time = 0; time < 2; time++) again.push(answer(readers[reader]!, request));
          const first = answer(new Unsealer(), request);
          anew.push(first, first);
        }
        expect(again).toEqual(anew);
      }),
    );
    expect(unchanged).toBeGreaterThan(0);
  });
});
