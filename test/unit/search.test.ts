import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { NewMessage, SearchArgs } from "../../src/operations.js";
import { seal } from "../../worker/envelopes/envelope.js";
import { META_GET } from "../../worker/sql/file.js";
import { openMemoryStorage } from "../../worker/storage/memory-storage.js";
import { append, clear } from "../../worker/operations/messages.js";
import { foldAll } from "../../worker/operations/parts.js";
import { checkpoint, finish } from "../../worker/operations/streams.js";
import { prepareSchema } from "../../worker/operations/schema.js";
import { find } from "../../worker/search/find.js";
import { SearchIndex } from "../../worker/search/search-index.js";
import { Searcher } from "../../worker/search/searcher.js";
import { parseQuery } from "../../worker/search/query.js";
import { snippetsOf } from "../../worker/search/snippet.js";
import { Snippets } from "../../worker/search/snippets.js";
import type { Storage } from "../../worker/storage/storage.js";
import { isFound } from "../fixtures/search-rule.js";
import { randomQueries, randomTexts } from "../fixtures/search-texts.js";

let storage: Storage;
let searcher: Searcher;

beforeEach(async () => {
  storage = await openMemoryStorage();
  prepareSchema(storage);
  searcher = new Searcher(storage, false);
});

afterEach(() => {
  searcher.stop();
  storage.release();
});

const session = { dbName: "axio_context", project: "p", sessionId: "s" };
let made = 0;

function add(...texts: readonly string[]): void {
  const messages = texts.map((text): NewMessage<string> => {
    return { uid: `uid-${made++}`, role: "user", content: seal(JSON.stringify([{ type: "text", text }])) };
  });
  storage.database.transaction(() => append(storage.database, session, messages));
}

async function search(query: string, options: Partial<SearchArgs> = {}) {
  const found = await searcher.search({ dbName: "axio_context", query, limit: 1_000_000, ...options });
  return new Snippets().hits(query, found);
}

async function positions(query: string): Promise<number[]> {
  return (await search(query)).map(({ position }) => position).sort((a, b) => a - b);
}

test("an index most of which is of messages that are gone is rid of them", async () => {
  add(...Array.from({ length: 1200 }, (_, number) => `word${number}`));
  await search("word7");
  storage.database.transaction(() => clear(storage.database, session));
  add(...Array.from({ length: 11 }, (_, number) => `other${number}`));
  const count = () => Number(storage.openIndex().value("SELECT count(*) FROM axio_context_words_docsize"));
  expect(count()).toBe(1200);
  searcher.stop();
  const background = new Searcher(storage, true);
  background.wake(0);
  await expect.poll(count).toBe(11);
  background.stop();
});

test("an index whose messages are replaced all the time does not grow for ever", async () => {
  const background = new Searcher(storage, true);
  for (let round = 0; round < 5; round++) {
    storage.database.transaction(() => clear(storage.database, session));
    add(...Array.from({ length: 1200 }, (_, number) => `word${number}`));
    background.wake(0);
    await expect.poll(() => background.status().indexed, { timeout: 60_000 }).toBe(1200);
  }
  // Of 6,000.
  expect(storage.openIndex().value("SELECT count(*) FROM axio_context_words_docsize")).toBeLessThan(4000);
  background.stop();
});

test("a message that stays partial is indexed again only when more of it was written", async () => {
  const { database } = storage;
  const begun = { uid: "streamed", role: "assistant", content: seal("[]"), status: "partial" } as const;
  const { id } = append(database, session, [begun])[0]!;
  const json = (text: string) => JSON.stringify([{ type: "text", text }]);
  const written = () => storage.openIndex().version;

  checkpoint(database, session, id, { keep: 0, text: json("first"), tail: 0 });
  expect(await positions("first")).toEqual([0]);
  const before = written();
  expect(await positions("second")).toEqual([]);
  expect(written()).toBe(before);

  checkpoint(database, session, id, { keep: json("first").length - 3, text: " second", tail: 3 });
  expect(await positions("first second")).toEqual([0]);
  // Nothing is remembered of what was written here.
  checkpoint(database, session, id, { keep: 0, text: json("third"), tail: 0 });
  expect(await positions("second")).toEqual([]);
  expect(await positions("third")).toEqual([0]);

  foldAll(database);
  expect(await positions("third")).toEqual([0]);
  finish(database, session, id, seal(json("fourth")));
  expect(await positions("third")).toEqual([]);
  expect(await positions("fourth")).toEqual([0]);
});

test("what came into the row of a partial message before the index had it as a part is found", async () => {
  const { database } = storage;
  const begun = { uid: "streamed", role: "assistant", content: seal("[]"), status: "partial" } as const;
  const { id } = append(database, session, [begun])[0]!;
  expect(await positions("first")).toEqual([]);
  for (const word of ["first", "second"]) {
    checkpoint(database, session, id, { keep: 0, text: JSON.stringify([{ type: "text", text: word }]), tail: 0 });
    foldAll(database);
    expect(await positions(word)).toEqual([0]);
  }
  expect(await positions("first")).toEqual([]);
});

test("others have their turn while a search looks for what few of many messages are", async () => {
  add(...Array.from({ length: 300 }, (_, number) => `needle ${number}`));
  await search("needle");
  const args = { dbName: "axio_context", query: "needle", limit: 50, since: "9999-12-31 00:00:00" };
  const index = new SearchIndex(storage.openIndex(), String(storage.database.value(META_GET, "database_id")));
  const steps = find(storage.database, index, args);
  let turns = 0;
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) turns++;
  expect(step.value).toEqual([]);
  expect(turns).toBeGreaterThan(4);
});

test.each([
  ["a long number beside signs", `# é\n${"0a1b2c3d".repeat(1_000_000)}`],
  ["Arabic without a space", "ا".repeat(8_000_000)],
  ["signs", `c${"+".repeat(3_000_000)} é`],
])("a text that is too much for a pattern keeps no other from being found: %s", async (_, text) => {
  add(text, "a findable needle, C++ and C#");
  expect(await positions("needle")).toEqual([1]);
  expect(await positions("c#")).toEqual([1]);
});

test.each([
  ["are gone", "DELETE FROM axio_context_words_data WHERE id > 100"],
  ["make no sense", "UPDATE axio_context_words_data SET block = zeroblob(length(block)) WHERE id > 100"],
  ["belong to other messages", "UPDATE axio_context_words_docsize SET id = id + 1000"],
])("a check finds words that %s, looking at them once", async (_, damage) => {
  add(...Array.from({ length: 300 }, (_each, number) => `needle ${number}`));
  await search("needle");
  expect(await searcher.check()).toEqual([]);
  expect(storage.openIndex().statements.filter((sql) => /integrity.check/i.test(sql))).toHaveLength(1);
  storage.openIndex().run(damage);
  expect(await searcher.check()).toContainEqual(expect.objectContaining({ kind: "index", repairable: true }));
});

test("an index that was made by other rules is no damage, and is made anew", async () => {
  add("a needle");
  await search("needle");
  storage.openIndex().run("UPDATE meta SET value = '0:' || value WHERE key = 'made'");
  searcher.stop();
  searcher = new Searcher(storage, false);
  expect(await searcher.check()).toEqual([]);
  expect(await positions("needle")).toEqual([0]);
});

/** Query, text that it finds, what is marked in it. */
const FOUND: readonly (readonly [query: string, text: string, hit: string])[] = [
  ["天气怎么样？", "今天天气怎么样", "天气怎么样"],
  ["你好！", "你好 世界", "你好"],
  ["「猫」", "これは猫です", "猫"],
  ["《红楼梦》", "我读过红楼梦", "红楼梦"],
  ["كتاب؟", "قرأت كتاب", "كتاب"],
  ["مرحبا،", "مرحبا بك", "مرحبا"],
  ["नमस्ते।", "नमस्ते दुनिया", "नमस्ते"],
  ["‹cat›", "a cat", "cat"],
  ["…cat…", "a cat", "cat"],
  ["useEffect()", "the useEffect hook", "useEffect"],
  ["foo[]", "an array foo of", "foo"],
  ["database", "The Database is open", "Database"],
  ["data", "The Database is open", "Data"],
  ["über", "Das ist ÜBER allem", "ÜBER"],
  ["uber", "Das ist über allem", "über"],
  ["ueber", "Das ist über allem", "über"],
  ["größe", "Die Groesse zählt", "Groesse"],
  ["strasse", "Die Straße ist lang", "Straße"],
  ["Straße", "Die STRASSE ist lang", "STRASSE"],
  ["cafe", "Un cafe\u0301, merci", "cafe\u0301"],
  ["datenbank", "Die Daten\u00adbank ist offen", "Daten\u00adbank"],
  ["cooperate", "They co\u2060operate", "co\u2060operate"],
  ["привет", "Ну, Привет, мир", "Привет"],
  ["елка", "Новогодняя ёлка", "ёлка"],
  ["كتاب", "قرأت الكتاب أمس", "كتاب"],
  ["مكتبة", "مَكْتَبَة", "مَكْتَبَة"],
  ["שלום", "שָׁלוֹם עולם", "שָׁלוֹם"],
  ["ספר", "קראתי את הספר", "ספר"],
  ["数据", "打开数据库文件", "数据"],
  ["库", "打开数据库文件", "库"],
  ["データ", "新しいデータベース", "データ"],
  ["猫", "これは猫です", "猫"],
  ["ﾃﾞｰﾀ", "新しいデータベース", "データ"],
  ["국어", "한국어를 배운다", "국어"],
  ["👍", "Well done 👍🏽!", "👍🏽"],
  ["🇩🇪", "From 🇩🇪 with love", "🇩🇪"],
  ["getUserById", "call getUserById(7)", "getUserById"],
  ["getuserbyid", "call getUserById(7)", "getUserById"],
  ["userBy", "call getUserById(7)", "UserBy"],
  ["parser", "an HTMLParser object", "Parser"],
  ["tenth", "aOneTwoThreeFourFiveSixSevenEightNineTenth", "Tenth"],
  ["sum", "a base64Sha256Sum", "Sum"],
  ["user_id", "where user_id = 7", "user_id"],
  ["--no-sandbox", "run it with --no-sandbox", "--no-sandbox"],
  ["c++", "written in C++ and C#", "C++"],
  ["C#", "written in C++ and C#", "C#"],
  ["3.14", "pi is 3.1415", "3.14"],
  ["don't", "You don’t say", "don’t"],
  ['"hello world"', "She said hello, world again", "hello, world"],
  ["(sahpool)?", "the sahpool of files", "sahpool"],
  ["ﬁle", "the file is open", "file"],
  ["résumé", "a resume", "resume"],
  ["ไทย", "ภาษาไทยง่าย", "ไทย"],
];

const NOT_FOUND: readonly (readonly [query: string, text: string])[] = [
  ["cat", "concatenate"],
  ['"cat"', "the category"],
  ["user_id", "the user id"],
  ["--no-sandbox", "there is no sandbox"],
  ["c++", "the letter c"],
  ["tenth", "aOneTwoThreeFourFiveSixSevenEightNineTenthEleventh"],
  ["sum", "a base64Sha256Sum4"],
  ["数库", "打开数据库文件"],
  ["东京", "东、京"],
  ["мой", "мои"],
  ['"hello world"', "world, hello"],
  ["hello moon", "hello world"],
  ["", "anything"],
  ["=> -- ...", "a => b -- c ..."],
];

describe("a search", () => {
  test.each(FOUND)("%s finds %s", async (query, text, hit) => {
    add("another text", text);
    expect(await positions(query)).toEqual([1]);
    expect(isFound(text, query)).toBe(true);
    const [{ snippet } = { snippet: "" }] = await search(query);
    expect(snippet).toContain(`⟦${hit}⟧`);
    expect(snippet.replace(/[⟦⟧]/g, "")).toBe(text);
  });

  test.each(NOT_FOUND)("%s does not find %s", async (query, text) => {
    add(text);
    expect(await positions(query)).toEqual([]);
    expect(isFound(text, query)).toBe(false);
  });

  test("does not try all ways to find quoted punctuation in a line of it", async () => {
    add(`end ${"| - ".repeat(60)}x`);
    expect(await positions(`"${"| ".repeat(8)}end"`)).toEqual([]);
    expect(await positions('"end | - | -"')).toEqual([0]);
  });

  test("looks for the next word of a quoted term with signs no further than 200 characters", async () => {
    for (const signs of [199, 200, 201]) add(`x- ${"=".repeat(signs - 1)}end`);
    expect((await positions('"x- end"')).toSorted((a, b) => a - b)).toEqual([0, 1]);
  });

  test("takes any text for a query", async () => {
    add('NEAR AND OR NOT "quoted" body:x {body} ^start col* (a) -b');
    const queries = [
      '"',
      '""',
      '"""',
      "NEAR(",
      "a AND",
      "OR",
      "NOT x",
      "body:x",
      "{body",
      "^start",
      "*",
      "col*",
      "(",
      "\\",
    ];
    const strange = ["\u0000", "\ud800", "a\u0000b", "%", "_", "'; DROP TABLE x", "x".repeat(5000), "w ".repeat(5000)];
    for (const query of [...queries, ...strange]) await expect(search(query)).resolves.toBeInstanceOf(Array);
    expect(await positions("OR")).toEqual([0]);
    expect(await positions("body:x")).toEqual([0]);
  });

  test.each([
    ["in quotes", '"', "word"],
    ["of emoji", "", "👍"],
  ])("finds a text by its first 1,000 characters, wherever these end: %s", async (_, begin, piece) => {
    const text = `${piece}${piece}, `.repeat(300);
    add(text, "word 👍");
    for (let more = 0; more < 12; more++)
      expect([more, await positions(begin + " ".repeat(more) + text)]).toEqual([more, [0]]);
  });

  test("finds what a scan of all messages finds, in many languages", async () => {
    const texts = randomTexts(Number(process.env["SEARCH_MESSAGES"] ?? 600), 7);
    add(...texts);
    for (const query of randomQueries(texts, 300, 8)) {
      const expected = texts.flatMap((text, position) => (isFound(text, query) ? [position] : []));
      expect([query, await positions(query)]).toEqual([query, expected]);
    }
  }, 120_000);

  test("lists what says it in whole words and often before what does not", async () => {
    add("categories of things", "a cat sleeps", "cat and cat");
    expect((await search("cat")).map(({ position }) => position)).toEqual([2, 1, 0]);
  });

  test("finds what is wanted of one project, session or role among better hits of others", async () => {
    const elsewhere = { ...session, project: "q", sessionId: "t" };
    const better = Array.from({ length: 200 }, (_, n): NewMessage<string> => {
      return { uid: `better-${n}`, role: "assistant", content: seal('[{"type":"text","text":"cat"}]') };
    });
    add("a cat among many other words");
    storage.database.transaction(() => append(storage.database, elsewhere, better));
    const scopes: Partial<SearchArgs>[] = [{ project: "p" }, { sessionId: "s" }, { role: "user" }];
    for (const scope of [...scopes, { project: "p", sessionId: "s", role: "user" } as const]) {
      expect(await search("cat", { ...scope, limit: 1 })).toMatchObject([{ sessionId: "s", position: 0 }]);
      expect(await search("cat", { ...scope, limit: 100 })).toHaveLength(1);
    }
    expect(await search("cat", { project: "q", limit: 100 })).toHaveLength(100);
    expect(await search("cat", { project: "q", role: "user" })).toEqual([]);
  });

  test("lists the newest first of more than 4,096, and the best first of fewer in a session, a project or a role", async () => {
    const elsewhere = { ...session, project: "q", sessionId: "t" };
    const addElsewhere = (count: number) => {
      const messages = Array.from({ length: count }, (): NewMessage<string> => {
        return { uid: `uid-${made++}`, role: "assistant", content: seal('[{"type":"text","text":"category"}]') };
      });
      storage.database.transaction(() => append(storage.database, elsewhere, messages));
    };
    const first = async (options: Partial<SearchArgs> = {}) => (await search("cat", { ...options, limit: 3 }))[0];
    const best = { sessionId: "s", position: 0 };
    const newest = { sessionId: "t", position: 4095 };
    add("a cat and a cat");
    addElsewhere(4095);
    expect(await first()).toMatchObject(best);

    addElsewhere(1);
    for (const scope of [{}, { since: "2000-01-01 00:00:00" }]) expect(await first(scope)).toMatchObject(newest);
    for (const scope of [{ project: "p" }, { sessionId: "s" }, { role: "user" }] as const)
      expect(await first(scope)).toMatchObject(best);
    expect(await search("cat")).toHaveLength(4097);
  });

  test("lists equally good messages from the newest to the oldest, and as many as are wanted", async () => {
    add("one cat", "two cat", "six cat");
    expect((await search("cat", { limit: 2 })).map(({ position }) => position)).toEqual([2, 1]);
  });
});

describe("the index in the background", () => {
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  test("waits while others have something to do, but not for ever", async () => {
    let clock = 0;
    // A step of the work takes a millisecond.
    vi.spyOn(performance, "now").mockImplementation(() => clock++);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    add(...Array.from({ length: 1000 }, (_, n) => `needle ${n}`));
    const follower = new Searcher(storage, true);
    const indexed = () => follower.status().indexed;
    const pass = async (ms: number) => {
      clock += ms;
      await vi.advanceTimersByTimeAsync(15);
      return indexed();
    };
    follower.wake(0);
    const first = await pass(0);
    const second = await pass(15);
    expect([first > 0, second > first]).toEqual([true, true]);

    follower.giveWay();
    expect(await pass(0)).toBe(second);
    const third = await pass(15);
    expect(third).toBeGreaterThan(second);

    for (let time = 0; time < 240; time += 12) {
      follower.giveWay();
      expect(await pass(8)).toBe(third);
    }
    follower.giveWay();
    expect(await pass(20)).toBeGreaterThan(third);
    follower.stop();
  });
});

describe("a snippet", () => {
  test("shows the text around the first hit, in one line, cut at words", async () => {
    add(`${"before ".repeat(100)}\n\nneedle ${"after ".repeat(100)}`);
    const [hit] = await search("needle");
    expect(hit!.snippet).toMatch(/^…before [a-z ]*⟦needle⟧[a-z ]*after…$/);
    expect(hit!.snippet.length).toBeLessThan(200);
  });

  test("shows all of what was searched for, however long it is", async () => {
    const sentence = "one after the other ".repeat(20).trim();
    add(`${"before ".repeat(20)} ${sentence} ${"after ".repeat(20)}`);
    expect((await search(`"${sentence}"`))[0]!.snippet).toContain(`⟦${sentence}⟧`);
  });

  test("keeps the marks for hits alone", async () => {
    add("a ⟦needle⟧ in hay");
    expect((await search("needle"))[0]!.snippet).toBe("a [⟦needle⟧] in hay");
  });

  test("marks in a text of ASCII what it marks in the same text with another letter behind it", () => {
    const texts = randomTexts(3000, 5).filter((text) => /^[ -~\n]{1,100}$/.test(text));
    const queries = randomQueries(texts, 200, 6);
    const marked = queries.flatMap((query) => {
      const snippetOf = snippetsOf(parseQuery(query));
      return texts.slice(0, 100).map((text) => [snippetOf(`${text} .`), snippetOf(`${text} я.`)] as const);
    });
    expect(marked.filter(([one]) => one.includes("⟦")).length).toBeGreaterThan(500);
    for (const [one, other] of marked) expect(other.replace(" я.", " .")).toBe(one);
  });

  test.each([
    ['"hello world"', "hello", "hello world"],
    ['"cat"', "category", "cat"],
    ["user_id", "user", "user_id"],
    ["--no-sandbox", "no", "--no-sandbox"],
    ["3.14", "3", "3.14"],
    ["数据", "数", "数据"],
    ["नम", "किनम", "नमस्ते"],
  ])("shows where %s is, not where the first of it is", async (query, before, text) => {
    add(`${before} ${"and so on ".repeat(50)} ${text}`);
    expect((await search(query))[0]!.snippet).toMatch(/ on ⟦[^⟦]+⟧[^⟦]*$/);
  });

  test.each([
    ["true", "trust is true", "trust is ⟦true⟧"],
    ["true", "trust is true in trüb", "trust is ⟦true⟧ in ⟦trü⟧b"],
    ["cat", "concatenate the cat", "concatenate the ⟦cat⟧"],
    ['"cat"', "a category, a cat", "a category, a ⟦cat⟧"],
    ['"hello world"', "helloworld, hello, world", "helloworld, ⟦hello, world⟧"],
    ["user", "superuser: getUserById, user", "superuser: get⟦User⟧ById, ⟦user⟧"],
    ["كتاب", "كتكتاب والكتاب", "كتكتاب وال⟦كتاب⟧"],
    ["東京", "東\n京, 東京", "東 京, ⟦東京⟧"],
  ])("marks %s in %j where it is found alone", async (query, text, snippet) => {
    add(text);
    expect((await search(query))[0]!.snippet).toBe(snippet);
  });

  test.each([
    ["한글", "파일 한글 문서".normalize("NFD"), "한글".normalize("NFD")],
    ["ガス", "ﾄﾞｸ ｶﾞｽ", "ｶﾞｽ"],
    ["f", "the ﬁle", "ﬁ"],
  ])("marks %s in %s, letters of which are more or fewer when they are compared", async (query, text, hit) => {
    add(text);
    expect((await search(query))[0]!.snippet).toContain(`⟦${hit}⟧`);
  });

  test("marks the hits of all terms", async () => {
    add("The quick brown fox jumps over the lazy dog");
    expect((await search("lazy qu"))[0]!.snippet).toBe("The ⟦qu⟧ick brown fox jumps over the ⟦lazy⟧ dog");
  });
});
