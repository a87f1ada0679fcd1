import type { Reply } from "../../src/protocol.js";
import { type Batch, is, type OwnerRequest } from "../requests.js";
import { type Rows, RowStream } from "./row-stream.js";
import { Unsealer } from "./unsealer.js";

/** Answers of a batch, each in its place; those of something long come later. */
export type Replies = readonly Reply[] | Promise<readonly Reply[]>;

/** Hears the first rows of a long history before the answer, which has the last of them. */
export type Tell = (rows: Rows) => void;

/** What answers calls with rows. Throws nothing. */
export type CarryOut = (batch: Batch, tell: Tell) => Replies;

/** Makes of the rows of a history what pages get. */
export class Answers {
  readonly unsealer: Unsealer = new Unsealer();

  /** Has calls carried out. Those that read messages travel alone, as does every call that takes its time. */
  to(batch: Batch, carryOut: CarryOut): Replies {
    const [first] = batch.requests;
    if (first && is(first, "rest")) return this.unsealer.rest(first.args).then((reply) => [reply]);
    if (first && is(first, "messages")) return this.#history(first, batch, carryOut);
    return carryOut(batch, () => {});
  }

  /** The page gets the first messages while the others are read. */
  #history(request: OwnerRequest<"messages">, batch: Batch, carryOut: CarryOut): Replies {
    const asked = this.unsealer.withKnown(request);
    const answer = new Promise<Reply>((resolve, reject) => {
      let rows: RowStream | undefined;
      const begin = () => {
        const begun = new RowStream();
        resolve(this.unsealer.history(asked, begun, () => begun.version));
        return begun;
      };
      const replies = carryOut({ ...batch, requests: [asked] }, (read) => (rows ??= begin()).push(read));
      const end = ([reply]: readonly Reply[]) =>
        rows ? rows.end(reply!) : resolve(this.unsealer.unseal(asked, reply!));
      Promise.resolve(replies).then(end, reject);
    });
    return answer.then((reply) => [reply]);
  }
}
