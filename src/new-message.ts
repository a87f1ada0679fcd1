import { checkArray, checkName, checkOptions } from "./arguments.js";
import { checkMessage, checkMetadata } from "./content.js";
import { newUid } from "./ids.js";
import type { JsonObject, Message } from "./messages.js";
import type { NewMessage, WireContent } from "./operations.js";

/** What goes with an appended message. */
export interface AppendOptions {
  /** The message's identity. The same one again in this session is not written twice. Made when absent. */
  readonly uid?: string | undefined;
  /** The caller's own, never shown to the model. */
  readonly metadata?: JsonObject | undefined;
}

/** All of them, or none where one cannot be stored. */
export function newMessages(what: string, messages: readonly Message[]): NewMessage<WireContent>[] {
  return checkArray(what, messages).map((message, place, { length }) =>
    newMessage(message, {}, undefined, length > 1 ? place : undefined),
  );
}

/** A message on its way into the database. Throws `invalid-message` or `invalid-argument` for what it cannot hold. */
export function newMessage(
  message: Message,
  options: AppendOptions = {},
  status?: "partial",
  number?: number,
): NewMessage<WireContent> {
  const { uid, metadata } = checkOptions(options);
  const { role, content } = checkMessage(message, number);
  return {
    ...(uid === undefined ? { uid: newUid(), isNew: true } : { uid: checkName("uid", uid) }),
    role,
    content,
    ...(status && { status }),
    ...(metadata !== undefined && { metadata: JSON.stringify(checkMetadata(metadata)) }),
  };
}
