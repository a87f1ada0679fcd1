import type { Reply, Request } from "../../src/protocol.js";
import { is, type OwnerOperation, type OwnerRequest } from "../requests.js";
import { Deltas } from "./deltas.js";
import type { RowStream } from "./row-stream.js";
import { sealRequest } from "./seal-request.js";
import { Unsealer } from "./unsealer.js";

/**
 * Makes of what the page asks what the owner gets, and of what that answers what the page gets: envelopes are made and read
 * by the worker of the tab that asks, so that the owner of the database does nothing but SQL.
 */
export class Translator {
  readonly unsealer: Unsealer = new Unsealer();
  readonly #deltas = new Deltas();

  /** Throws for what cannot be stored. */
  toOwner(request: Request<OwnerOperation>): OwnerRequest {
    return this.unsealer.withKnown(sealRequest(request, this.#deltas));
  }

  /** `asked`: what the owner got for `request`. */
  toPage(request: Request, asked: OwnerRequest, reply: Reply): Reply | Promise<Reply> {
    this.#deltas.settle(request, reply);
    return this.unsealer.unseal(asked, reply);
  }

  /** The answer to `asked` has begun; it goes on in `rows`. Gives nothing where the page must have all of it at once. */
  beginning(asked: OwnerRequest, rows: RowStream): Promise<Reply> | undefined {
    return is(asked, "messages") ? this.unsealer.history(asked, rows, () => rows.version) : undefined;
  }
}
