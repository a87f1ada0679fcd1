import { expect, test } from "vitest";
import { SQLiteContextStore } from "../../src/index.js";
import { openDatabase } from "../fixtures/databases.js";
import { assistant, user, words } from "../fixtures/messages.js";
import { readByPython } from "../fixtures/python.js";

const SESSIONS = 5;
const APPENDS = 2000;

/** The same choices at every run. */
function chooser(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % below;
  };
}

/** A session as it must be once all calls that were made have been carried out in their order. */
interface Session {
  readonly store: SQLiteContextStore;
  history: string[];
  tokens: number;
}

/** What a call resolved to, and what it should have. */
interface Outcome {
  readonly actual: unknown;
  readonly expected: unknown;
}

class Load {
  readonly calls: Promise<Outcome>[] = [];
  readonly forks: Promise<Session>[] = [];
  appends = 0;

  append({ store, history }: Session): void {
    const text = `${this.appends++}`;
    const position = history.push(text) - 1;
    // Every tenth is compressed.
    const padding = this.appends % 10 === 0 ? "x".repeat(1000) : "";
    this.calls.push(store.append(user(text + padding)).then((ref) => ({ actual: ref.position, expected: position })));
  }

  appendAll(session: Session): void {
    const texts = [this.appends++, this.appends++, this.appends++].map(String);
    session.history.push(...texts);
    this.calls.push(session.store.appendAll(texts.map(assistant)).then(nothing));
  }

  clear(session: Session): void {
    session.history = [];
    session.tokens = 0;
    this.calls.push(session.store.clear().then(nothing));
  }

  fork({ store, history, tokens }: Session): void {
    const expected = { history: [...history], tokens };
    this.forks.push(store.fork().then((fork) => ({ store: fork, ...expected })));
  }

  read({ store, history }: Session): void {
    const expected = [...history];
    this.calls.push(store.getHistory().then((read) => ({ actual: words(read).map(unpadded), expected })));
  }

  addTokens(session: Session): void {
    session.tokens++;
    this.calls.push(session.store.addContextTokens(1, 0).then(nothing));
  }
}

function nothing(): Outcome {
  return { actual: undefined, expected: undefined };
}

function unpadded(text: string): string {
  return text.replace(/x+$/, "");
}

async function expectSession({ store, history, tokens }: Session): Promise<void> {
  const messages = await store.getMessages();
  expect(words(messages).map(unpadded)).toEqual(history);
  expect(messages.map(({ position }) => position)).toEqual(history.map((_, place) => place));
  expect((await store.getContextTokens()).inputTokens).toBe(tokens);
}

test.each([1, 2])(
  "keeps the order of 2,000 appends over 5 sessions, mixed with forks and clears (%i)",
  async (seed) => {
    const connection = await openDatabase();
    const sessions = Array.from({ length: SESSIONS }, (_, i): Session => {
      // Two of them share a session id.
      const store = new SQLiteContextStore(connection, i < 2 ? "shared" : `s${i}`, { project: `p${i}` });
      return { store, history: [], tokens: 0 };
    });
    const choose = chooser(seed);
    const load = new Load();
    while (load.appends < APPENDS) {
      const session = sessions[choose(SESSIONS)]!;
      const kind = choose(200);
      if (kind < 6) load.fork(session);
      else if (kind < 8) load.clear(session);
      else if (kind < 10) load.read(session);
      else if (kind < 25) load.addTokens(session);
      else if (kind < 40) load.appendAll(session);
      else load.append(session);
    }
    for (const { actual, expected } of await Promise.all(load.calls)) expect(actual).toEqual(expected);
    const forks = await Promise.all(load.forks);
    expect(forks.length).toBeGreaterThan(10);
    for (const session of [...sessions, ...forks]) await expectSession(session);

    const { rows, integrity } = await readByPython(await connection.export());
    expect(integrity).toEqual(["ok"]);
    const next = new Map<string, number>();
    for (const { session_id, position } of rows) {
      expect(position).toBe(next.get(session_id) ?? 0);
      next.set(session_id, position + 1);
    }
    expect(await connection.checkIntegrity()).toEqual({ ok: true, problems: [] });
  },
);
