import type { Message } from "./messages.js";

/**
 * Messages, as many as one task of the page's main thread should read: a {@link StoredMessage} each, or role and content
 * alone. As JSON text; as values where there are images (their bytes travel as they are), or numbers that JSON lacks.
 */
export interface MessageBatch {
  readonly messages: string | Message[];
  /**
   * The texts of the blocks, and of what tools answered, one behind the other; in the JSON text stands of each the number
   * of its characters. So the page need not parse them: a part of a string is made without copying it.
   */
  readonly texts: string;
  /** By which the next messages are asked for. */
  readonly rest?: string;
}

/** The messages of a batch; those of a text are new at every call. */
export function readBatch({ messages, texts }: Pick<MessageBatch, "messages" | "texts">): Message[] {
  if (typeof messages !== "string") return messages;
  let at = 0;
  const fill = (blocks: Record<string, unknown>[]) => {
    for (const block of blocks) {
      const key = block["type"] === "text" ? "text" : "content";
      const value = block[key];
      if (typeof value === "number") block[key] = texts.slice(at, (at += value));
      else if (value) fill(value as Record<string, unknown>[]);
    }
  };
  const list = JSON.parse(messages) as { readonly content: Record<string, unknown>[] }[];
  for (const { content } of list) fill(content);
  return list as unknown as Message[];
}
