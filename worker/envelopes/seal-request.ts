import { ContextStoreError } from "../../src/errors.js";
import type { NewMessage, WireContent } from "../../src/operations.js";
import { previewOf } from "../../src/preview.js";
import type { Request } from "../../src/protocol.js";
import { EnvelopeError, seal } from "./envelope.js";
import { contentToJson } from "./stored-json.js";
import { is, type OwnerOperation, type OwnerRequest } from "../requests.js";
import type { Deltas } from "./deltas.js";

/** The request as the owner takes it: contents sealed, and of a message that is still being written what is new. */
export function sealRequest(request: Request<OwnerOperation>, deltas: Deltas): OwnerRequest {
  if (is(request, "append") || is(request, "splice")) {
    const { args } = request;
    return { ...request, args: { ...args, messages: args.messages.map(sealMessage) } };
  }
  if (is(request, "finish")) {
    const { content, messages = [], ...args } = request.args;
    return {
      ...request,
      args: { ...args, content: sealContent(content), messages: messages.map(sealMessage) },
    };
  }
  if (is(request, "checkpoint")) {
    return {
      ...request,
      args: { ...request.args, content: deltas.next(request, contentToJson(request.args.content)) },
    };
  }
  return request;
}

function sealMessage(message: NewMessage<WireContent>): NewMessage<string> {
  const { role, content } = message;
  return { ...message, content: sealContent(content), ...(role === "user" && { preview: previewOf(content) }) };
}

function sealContent(content: WireContent): string {
  try {
    return seal(contentToJson(content));
  } catch (cause) {
    // The engine's own limit, of strings, comes before ours where a message is very much too large.
    if (!(cause instanceof EnvelopeError || cause instanceof RangeError)) throw cause;
    throw new ContextStoreError("invalid-message", `This message cannot be stored: ${cause.message}.`, { cause });
  }
}
