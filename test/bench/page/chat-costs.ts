import { connect, type Message, SQLiteContextStore } from "../../../src/index.js";
import { makeMessages } from "../data/messages.js";
import { PROJECT } from "../drivers/project.js";
import { type Figures, LONG } from "../workloads/workload.js";
import { quantile, rest, timed } from "./timing.js";

/** What the rules of a chat history are measured by. */
export interface ChatScale {
  /** Messages that are appended in a turn, and how often each kind of connection has its turn. */
  readonly appends: number;
  readonly turns: number;
  /** Messages that are appended until the search index has them all. */
  readonly indexed: number;
  /** Characters of a streamed answer, and updates in which it comes. */
  readonly answer: number;
  readonly updates: number;
}

const MODES = ["on-demand", "background"] as const;
const REPEATS = 15;
const PAGE = 50;

/** An append with and without the search index, and how long it takes until the index has what was appended. */
export async function indexCosts({ appends, turns, indexed }: ChatScale): Promise<Figures> {
  const times: Record<string, number[]> = {};
  const messages = makeMessages("index", 0, appends);
  for (let turn = 0; turn < turns; turn++) {
    for (const mode of MODES) {
      const path = `~/index-${turn}-${mode}.db`;
      await using connection = await connect(path, { searchIndex: mode });
      const store = new SQLiteContextStore(connection, "s", { project: PROJECT });
      for (const message of messages) {
        const [time] = await timed(() => store.append(message));
        (times[mode] ??= []).push(time);
      }
    }
  }
  const whole: Record<string, number> = {};
  const many = makeMessages("index", 0, indexed);
  for (const mode of MODES) {
    await using connection = await connect(`~/index-whole-${mode}.db`, { searchIndex: mode });
    const store = new SQLiteContextStore(connection, "s", { project: PROJECT });
    [whole[mode]] = await timed(async () => {
      for (const message of many) await store.append(message);
      // A search waits until the index is complete.
      if (mode === "background") await connection.search("nothing");
    });
  }
  return {
    "append, index on demand": quantile(times["on-demand"]!, 0.5),
    "append, index in the background": quantile(times["background"]!, 0.5),
    "10,000 appends without index": whole["on-demand"]!,
    "10,000 appends until indexed": whole["background"]!,
  };
}

/** A streamed answer beside the same answer appended when it is complete. */
export async function streamCosts({ answer, updates }: ChatScale): Promise<Figures> {
  const words = makeMessages("stream", 0, 400).map(({ content }) => JSON.stringify(content));
  const text = words.join(" ").slice(0, answer);
  const step = Math.ceil(answer / updates);
  const message = (length: number): Message => ({
    role: "assistant",
    content: [{ type: "text", text: text.slice(0, length) }],
  });
  await using connection = await connect("~/stream.db");
  const store = new SQLiteContextStore(connection, "s", { project: PROJECT });
  const appended: number[] = [];
  const streamed: number[] = [];
  for (let turn = 0; turn < REPEATS; turn++) {
    await rest(100);
    const [append] = await timed(() => store.append(message(answer)));
    appended.push(append);
    await rest(100);
    const writer = await store.beginMessage("assistant");
    const [stream] = await timed(async () => {
      for (let length = step; length < answer; length += step) writer.update(message(length).content);
      await writer.finish(message(answer).content);
    });
    streamed.push(stream);
  }
  return {
    "the same answer appended": quantile(appended, 0.5),
    "answer of 100 KB streamed in 4,000 updates at once": quantile(streamed, 0.5),
  };
}

/** Pages of a session that has `length` messages. */
export async function pageCosts(file: Blob, length: number): Promise<Figures> {
  await using connection = await connect(`~/pages-${length}.db`);
  await connection.import(file);
  await connection.search("nothing");
  const store = new SQLiteContextStore(connection, LONG, { project: PROJECT });
  const other = new SQLiteContextStore(connection, "other", { project: PROJECT });
  const [message] = makeMessages("other", 0, 1);
  const middle = length / 2;
  const title = length.toLocaleString("en");
  const measure = async (read: (turn: number) => Promise<readonly unknown[]>) => {
    const times: number[] = [];
    for (let turn = 0; turn < REPEATS; turn++) {
      // What has not changed is not read again.
      await other.append(message!);
      const [time, found] = await timed(() => read(turn));
      if (found.length !== PAGE) throw new Error(`Wrong answer: ${found.length} messages instead of ${PAGE}.`);
      times.push(time);
    }
    return quantile(times, 0.5);
  };
  return {
    [`last ${PAGE} of ${title}`]: await measure(() => store.getMessages({ last: PAGE })),
    [`page in the middle of ${title}`]: await measure((turn) =>
      store.getMessages({ before: middle - 10 * turn, limit: PAGE }),
    ),
    [`first ${PAGE} of the iterator, ${title}`]: await measure(async () => {
      const found: unknown[] = [];
      for await (const message of store.messages()) if (found.push(message) === PAGE) break;
      return found;
    }),
  };
}
