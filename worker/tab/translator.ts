import type { MessageRow } from "../../src/operations.js";
import type { Reply, Request } from "../../src/protocol.js";
import type { OwnerOperation, OwnerRequest } from "../requests.js";
import { Deltas } from "./deltas.js";
import { FirstEnvelopes } from "./first-envelopes.js";
import { sealRequest } from "./seal-request.js";
import { Unsealer } from "./unsealer.js";

/**
 * Makes of what the page asks what the owner gets, and of what that answers what the page gets: envelopes are made and read
 * by the worker of the tab that asks, so that the owner of the database does nothing but SQL.
 */
export class Translator {
  readonly unsealer: Unsealer = new Unsealer();
  readonly #deltas = new Deltas();
  readonly #firstEnvelopes = new FirstEnvelopes();

  /** Throws for what cannot be stored. */
  toOwner(request: Request<OwnerOperation>): OwnerRequest {
    return this.unsealer.withKnown(sealRequest(request, this.#deltas));
  }

  /** `asked`: what the owner got for `request`. Gives nothing when it must be asked for `request` itself. */
  toPage(request: Request, asked: OwnerRequest, reply: Reply): Reply | Promise<Reply> | undefined {
    this.#deltas.settle(request, reply);
    const unpacking =
      isWholeHistory(asked) && reply.ok && reply.value !== null
        ? this.#firstEnvelopes.unpack(reply.value as readonly MessageRow<string | null>[])
        : undefined;
    if (!unpacking) return this.unsealer.unseal(asked, reply);
    return unpacking.then((rows) => this.unsealer.unseal(asked, { ...(reply as Reply & { ok: true }), value: rows })!);
  }

  /** The engine has compiled what reads envelopes. */
  warmedUp(): void {
    this.#firstEnvelopes.end();
  }
}

/** Whether an answer to it has all contents: then nothing has to be asked for again. */
function isWholeHistory({ name, args }: OwnerRequest): boolean {
  return name === "messages" && !("known" in args);
}
