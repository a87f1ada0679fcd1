import { describe, expect, test } from "vitest";
import { ContextStore, MemoryContextStore, type Message, SQLiteContextStore } from "../../src/index.js";
import { type Backend, baseContract, storeContract } from "../contract/index.js";
import { sharedDatabase } from "../fixtures/databases.js";
import { rejection } from "../fixtures/errors.js";
import { user, words } from "../fixtures/messages.js";

storeContract("MemoryContextStore", { open: async () => new MemoryContextStore() });
storeContract("SQLiteContextStore in memory", sqlite("memory"));
storeContract("SQLiteContextStore on OPFS", sqlite("opfs"));

/** All tests of a suite share a database, and none a project. */
function sqlite(storage: "opfs" | "memory"): Backend {
  const database = sharedDatabase({ storage });
  return {
    open: async () => new SQLiteContextStore(await database(), crypto.randomUUID(), { project: crypto.randomUUID() }),
  };
}

/** What a user writes: the two methods without which there is no store. */
class OwnStore extends ContextStore {
  readonly #messages: Message[] = [];

  override async append(message: Message): Promise<void> {
    this.#messages.push(message);
  }

  override async getHistory(): Promise<Message[]> {
    return [...this.#messages];
  }
}

baseContract("a user's own subclass with append and getHistory alone", { open: async () => new OwnStore() });

describe("a user's own subclass", () => {
  test("has a session id of 32 hex digits, or its own", async () => {
    class Named extends OwnStore {
      override get sessionId(): string {
        return "mine";
      }
    }
    expect(new OwnStore().sessionId).toMatch(/^[0-9a-f]{32}$/);
    const named = new Named();
    await named.append(user("hello"));
    expect(await named.listSessions()).toMatchObject([{ sessionId: "mine", messageCount: 1 }]);
  });

  test("says that it cannot be cleared", async () => {
    const { message } = await rejection(new OwnStore().clear(), "unsupported");
    expect(message).toContain("OwnStore");
  });

  test("closes without more ado", async () => {
    await expect(new OwnStore().close()).resolves.toBeUndefined();
  });
});

describe("MemoryContextStore", () => {
  test("begins with the history it is given, and shares nothing with it", async () => {
    const history = [user("given")];
    const store = new MemoryContextStore(history);
    history.push(user("later"));
    expect(words(await store.getHistory())).toEqual(["given"]);
  });

  test("throws for a history that no store could keep", () => {
    expect(() => new MemoryContextStore([{ role: "bot" } as unknown as Message])).toThrow(
      expect.objectContaining({ code: "invalid-message" }),
    );
  });

  test("takes a history of 200,000 messages", async () => {
    const message = user("short");
    const store = new MemoryContextStore();
    await store.appendAll(Array.from({ length: 200_000 }, () => message));
    expect(await store.listSessions()).toMatchObject([{ messageCount: 200_000 }]);
  });
});
