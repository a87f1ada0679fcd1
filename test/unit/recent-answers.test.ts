import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { type Message, SQLiteContextStore } from "../../src/index.js";
import { DatabaseConnection } from "../../src/database-connection.js";
import type { OperationName, Operations, SessionKey } from "../../src/operations.js";
import type { Reply, Request } from "../../src/protocol.js";
import { type Answer, RecentAnswers } from "../../src/recent-answers.js";
import type { WorkerLink } from "../../src/worker-link.js";
import { prepareSchema } from "../../worker/operations/schema.js";
import { Executor } from "../../worker/owner/executor.js";
import type { OwnerOperation, OwnerRequest } from "../../worker/requests.js";
import { openMemoryStorage } from "../../worker/storage/memory-storage.js";
import type { Storage } from "../../worker/storage/storage.js";
import { is } from "../../worker/requests.js";
import { Unsealer } from "../../worker/answers/unsealer.js";

const MILLION = 1024 * 1024;

const dbName = "axio_context";
const terms = { full: false, busyTimeout: 5000 };

function list(limit: number, project = "p"): Request<"sessions"> {
  return { seq: 1, name: "sessions", args: { dbName, project, range: { orderBy: "updated", limit } }, terms };
}

describe("RecentAnswers", () => {
  const answer = (size: number, version: string | undefined = "v"): Answer<number> => {
    return { read: () => size, size, version };
  };

  test("gives the last answer to the same question", () => {
    const answers = new RecentAnswers();
    answers.keep("a", answer(1));
    answers.keep("a", answer(2, "w"));
    expect(answers.get("a")).toMatchObject({ size: 2, version: "w" });
    expect(answers.get("b")).toBeUndefined();
  });

  test("keeps eight, and lets the one go that was not asked for the longest time", () => {
    const answers = new RecentAnswers();
    for (const asked of "abcdefgh") answers.keep(asked, answer(1));
    answers.get("a");
    answers.keep("i", answer(1));
    expect("abcdefghi".split("").filter((asked) => !answers.get(asked))).toEqual(["b"]);
  });

  test.each([
    ["of more than two million characters", answer(2 * MILLION + 1)],
    ["that is no text", answer(Infinity)],
    ["that others wrote into meanwhile", { ...answer(1), version: undefined }],
  ])("does not keep one %s, nor what it takes the place of", (_, large) => {
    const answers = new RecentAnswers();
    answers.keep("a", answer(2 * MILLION));
    expect(answers.get("a")).toBeDefined();
    answers.keep("a", large);
    expect(answers.get("a")).toBeUndefined();
  });
});

/** What the owner says of a list or messages that have not changed. */
const UNCHANGED = null;

describe("an owner and the pages that ask it", () => {
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

  describe("a history that has not changed is not given again", () => {
    function asked(sessionId: string, seen?: string): Reply & { version?: string } {
      return run("messages", { session: session(sessionId), range: {}, seen }) as Reply & { version?: string };
    }

    test("though another session was written to", () => {
      for (const id of ["a", "b"]) append(id);
      const { version } = asked("a");
      append("b");
      run("fork", { session: session("b"), target: "c" });
      run("deleteSession", { session: session("c"), deletionId: "c" });
      expect(asked("a", version)).toEqual({ ok: true, value: UNCHANGED, version: storage.database.version });
      expect(asked("b", version)).toMatchObject({ value: [{}, {}] });
    });

    test.each<[string, () => unknown]>([
      ["it was written to", () => append("a")],
      ["it was cleared", () => run("clear", { session: session("a") })],
      ["its id was written to in another project", () => append("a", "q")],
      ["what was written is not known", () => storage.database.run(`UPDATE ${dbName}_messages SET role = 'tool'`)],
    ])("unless %s", (_what, write) => {
      for (const id of ["a", "b"]) append(id);
      const { version } = asked("a");
      write();
      append("b");
      expect((asked("a", version) as { value?: unknown }).value).not.toBe(UNCHANGED);
      // It is remembered from then on.
      const again = asked("a").version;
      append("b");
      expect(asked("a", again)).toMatchObject({ value: UNCHANGED });
    });

    test("and of sessions that were written to longest ago it is not known whether they have", () => {
      for (const id of ["a", "b"]) append(id);
      const { version } = asked("a");
      for (let other = 0; other < 1000; other++) append(`other ${other}`);
      expect(asked("a", version)).toMatchObject({ value: UNCHANGED });
      append("one more");
      expect((asked("a", version) as { value?: unknown }).value).not.toBe(UNCHANGED);
    });
  });

  test("the version of another connection is never the same", async () => {
    const other = await openMemoryStorage();
    prepareSchema(other);
    expect(other.database.version).not.toBe(storage.database.version);
    other.release();
  });

  /** A page, whose worker asks the owner. */
  class Page {
    readonly #unsealer = new Unsealer();
    readonly #connection = new DatabaseConnection("/", this as unknown as WorkerLink, terms, "opfs", async () => {});
    /** How many answers said that nothing had changed. */
    unchanged = 0;
    /** How often it let others have their turn. */
    waits = 0;

    store(sessionId: string, project: string): SQLiteContextStore {
      return new SQLiteContextStore(this.#connection, sessionId, { project, dbName });
    }

    /** As {@link WorkerLink.call}. */
    async call(name: OperationName, args: unknown): Promise<Reply> {
      if (name === "wait") {
        this.waits++;
        return { ok: true, value: null };
      }
      if (name === "rest") return this.#unsealer.rest(args as Parameters<Operations["rest"]>[0]);
      const made = { seq: ++seq, name, args, terms } as OwnerRequest;
      const request = is(made, "messages") ? this.#unsealer.withKnown(made) : made;
      const reply = ask(request);
      if (reply.ok && reply.value === UNCHANGED) this.unchanged++;
      return is(request, "messages") ? this.#unsealer.unseal(request, reply) : reply;
    }
  }

  test("whoever reads over and over gets what one gets that reads for the first time, and may do with it what he likes", async () => {
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
      ids.map((id) => () => run("deleteSession", { session: session(id), deletionId: id })),
      ids.map((id) => () => run("restoreSession", { session: session(id), deletionId: id })),
      fc.constant(() => run("purgeDeleted", { dbName })),
      fc.constant(() => run("repair", {})),
      fc.tuple(ids, projects, fc.nat(2), fc.constantFrom({}, { deleteCount: 1 })).map(
        ([id, project, start, count]) =>
          () =>
            run("splice", { session: session(id, project), kind: "update", start, ...count, messages: [] }),
      ),
      // What the executor does not know of, and another owner.
      ids.map(
        (id) => () => storage.database.run(`UPDATE ${dbName}_messages SET role = 'tool' WHERE session_id = ?`, id),
      ),
      fc.constant(() => (executor = new Executor(storage))),
    );
    const question = fc.oneof(
      fc.tuple(fc.constantFrom(1, 50), projects).map(
        ([limit, project]) =>
          (page: Page) =>
            page.store("any", project).listSessions({ limit }),
      ),
      fc.tuple(ids, projects, fc.constantFrom({}, { last: 2 }, { limit: 1 })).map(
        ([id, project, range]) =>
          (page: Page) =>
            page.store(id, project).getMessages(range),
      ),
      fc.tuple(ids, projects).map(
        ([id, project]) =>
          (page: Page): Promise<unknown> =>
            page.store(id, project).getHistory(),
      ),
    );
    const read = fc.tuple(fc.constantFrom(0, 1), question);
    let unchanged = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(write, read), { minLength: 20, maxLength: 60 }), async (steps) => {
        const pages = [new Page(), new Page()];
        for (const step of steps) {
          if (typeof step === "function") {
            step();
            continue;
          }
          const [reader, answerOf] = step;
          const first = await answerOf(new Page());
          for (let time = 0; time < 2; time++) {
            const again = await answerOf(pages[reader]!);
            expect(again).toEqual(first);
            spoil(again);
          }
        }
        for (const page of pages) unchanged += page.unchanged;
      }),
    );
    expect(unchanged).toBeGreaterThan(0);
  });

  test("a long list is read in several tasks of the page where that takes its time", async () => {
    for (let number = 0; number < 1500; number++) append(`session ${number}`);
    const read = (page: Page) => page.store("any", "p").listSessions();
    const now = vi.spyOn(performance, "now").mockReturnValue(0);
    onTestFinished(() => now.mockRestore());
    const [quick, slow] = [new Page(), new Page()];
    const list = await read(quick);
    expect([list.length, quick.waits]).toEqual([1500, 0]);
    let time = 0;
    now.mockImplementation(() => (time += 5));
    expect(await read(slow)).toEqual(list);
    expect(slow.waits).toBeGreaterThan(1);
  });

  test("a history of some batches is read again as it was", async () => {
    const page = new Page();
    const messages = Array.from({ length: 40 }, (_, number) => ({
      uid: `uid ${number}`,
      role: "user",
      content: `plain:${JSON.stringify([{ type: "text", text: String(number).repeat(10_000) }])}`,
    }));
    run("append", { session: session("a"), messages });
    const first = await page.store("a", "p").getHistory();
    const texts = first.map(({ content }: Message) => (content[0] as { text: string }).text.slice(0, 2));
    expect(texts).toEqual(messages.map((_, number) => String(number).repeat(2).slice(0, 2)));
    const now = vi.spyOn(performance, "now").mockReturnValue(0);
    onTestFinished(() => now.mockRestore());
    expect(await page.store("a", "p").getHistory()).toEqual(first);
    expect([page.unchanged, page.waits]).toEqual([1, 0]);
    // Where that takes its time, in several tasks of the page.
    let time = 0;
    now.mockImplementation(() => (time += 5));
    expect(await page.store("a", "p").getHistory()).toEqual(first);
    expect(page.unchanged).toBe(2);
    expect(page.waits).toBeGreaterThan(0);
  });
});

/** Takes everything out of it. */
function spoil(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  Object.values(value).forEach(spoil);
  if (Array.isArray(value)) value.length = 0;
  else for (const key of Object.keys(value)) delete (value as Record<string, unknown>)[key];
}
