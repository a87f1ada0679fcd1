import { describe, expect, test } from "vitest";
import { checkSessions } from "../torture/check.js";
import { Journal } from "../torture/journal.js";
import type { KeptStep } from "../torture/kept.js";
import type { Operation } from "../torture/operations.js";

describe("the torture's own check", () => {
  /** Calls, one after the other, by as many pages as they name: all acknowledged but those that say otherwise. */
  type Call = Omit<Operation, "id"> & { readonly page?: number; readonly ends?: "done" | "not-applied" | "never" };

  function journalOf(calls: readonly Call[]): Journal {
    const journal = new Journal();
    const pages = [journal.begin(), journal.begin()];
    for (const [number, { page = 0, ends = "done", ...call }] of calls.entries()) {
      const life = pages[page]!;
      const operation = { ...call, id: `${life}-${number}` } as Operation;
      journal.add({ life, issued: [operation] });
      if (ends !== "never") journal.add({ life, answers: [{ id: operation.id, outcome: ends, owner: 0, at: 0 }] });
    }
    return journal;
  }

  function kindsFor(calls: readonly Call[], keys: readonly string[], { title, partial = "" }: Found = {}): string[] {
    const rows = keys.map((key, position) => ({
      key,
      id: position + 1,
      position,
      isPartial: key === partial,
      isIntact: true,
    }));
    const state = { session: calls[0]!.session, rows, tokens: { inputTokens: 0, outputTokens: 0 }, title };
    const journal = journalOf(calls);
    const now = performance.now();
    return checkSessions(journal, [state], { start: now, end: now }).map(({ kind }) => kind);
  }

  interface Found {
    readonly title?: string;
    readonly partial?: string;
  }

  const session = "s";
  const append: Call = { session, kind: "append" };
  /** Appends, clears, and appends three more; the last is never answered. */
  const CLEARED = [
    append,
    { ...append, kind: "clear" },
    append,
    append,
    { ...append, ends: "never" },
  ] as readonly Call[];

  test.each([
    ["accepts that a call which was never answered was not carried out", ["0-2", "0-3"], []],
    ["accepts that a call which was never answered was carried out", ["0-2", "0-3", "0-4"], []],
    ["misses a message that was acknowledged", ["0-3"], ["lost"]],
    ["finds a message that is there twice", ["0-2", "0-3", "0-3"], ["doubled", "disordered"]],
    ["finds a message that was cleared and is back", ["0-0", "0-2", "0-3"], ["resurrected"]],
    ["finds messages in another order than that of the calls", ["0-3", "0-2"], ["disordered"]],
    ["finds a message that nobody wrote", ["0-2", "0-3", "1-0"], ["unexplained"]],
  ] as const)("%s", (_, keys, kinds) => {
    expect(kindsFor(CLEARED, keys)).toEqual(kinds);
  });

  const first = { key: "0-0", id: 1, position: 0 };

  test("finds a message that was overwritten and is back, and one whose overwriting is lost", () => {
    const calls = [append, append, { session, kind: "replace", row: first, page: 1 }] as readonly Call[];
    expect(kindsFor(calls, ["1-2.0", "0-1"])).toEqual([]);
    expect(kindsFor(calls, ["1-2.0", "0-1", "0-0"])).toEqual(["resurrected", "disordered"]);
    expect(kindsFor(calls, ["0-0", "0-1"])).toEqual(["resurrected", "lost"]);
  });

  test("finds a message that was truncated and is back, and misses what the truncation was to keep", () => {
    const calls = [append, append, { session, kind: "truncate", row: first, page: 1 }, append] as readonly Call[];
    expect(kindsFor(calls, ["0-0", "0-3"])).toEqual([]);
    expect(kindsFor(calls, ["0-0", "0-1", "0-3"])).toEqual(["resurrected"]);
    expect(kindsFor(calls, ["0-3"])).toEqual(["lost"]);
  });

  test("finds what was refused and is there", () => {
    expect(kindsFor([{ ...append, ends: "not-applied" }], ["0-0"])).toEqual(["resurrected"]);
  });

  test("finds a title that another tab had replaced, and one that is lost", () => {
    const title: Call = { session, kind: "title" };
    const calls = [append, title, { ...title, page: 1 }];
    expect(kindsFor(calls, ["0-0"], { title: "1-2" })).toEqual([]);
    expect(kindsFor(calls, ["0-0"], { title: "0-1" })).toEqual(["title"]);
    expect(kindsFor(calls, ["0-0"])).toEqual(["title"]);
  });

  test("finds a streamed message that was finished and is partial", () => {
    const calls = [
      { session, kind: "begin" },
      { session, kind: "finish", of: "0-0" },
    ] as readonly Call[];
    expect(kindsFor(calls, ["0-0"])).toEqual([]);
    expect(kindsFor(calls, ["0-0"], { partial: "0-0" })).toEqual(["torn"]);
  });

  test("knows exactly what a page has made of a session that it has for itself", () => {
    const keep = (step: KeptStep): Call => ({ session: "kept-0", kind: "keep", step }) as Call;
    const calls = [
      keep({ do: "append" }),
      keep({ do: "append" }),
      keep({ do: "delete" }),
      keep({ do: "restore" }),
      { ...keep({ do: "truncate", length: 1 }), ends: "never" as const },
    ];
    expect(kindsFor(calls, ["0-0", "0-1"])).toEqual([]);
    expect(kindsFor(calls, ["0-0"])).toEqual([]);
    expect(kindsFor(calls, [])).toEqual(["kept"]);
    expect(kindsFor(calls, ["0-0", "0-1", "0-1"])).toEqual(["kept"]);
  });
});
