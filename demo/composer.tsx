import { type KeyboardEvent, type SubmitEvent, useEffect, useRef, useState } from "react";
import { SendIcon } from "./icons.js";

/** What was written and not sent, by chat: it waits there while others are shown. */
const unsent = new Map<string, string>();

interface ComposerProps {
  readonly chat: string;
  /** The next message waits until the reply is there. */
  readonly isReplying: boolean;
  /** Resolves to whether the text was stored; it stays in the field where not. */
  readonly onSend: (text: string) => Promise<boolean>;
}

/** Where the user writes. Enter sends, Shift and Enter begin a new line. */
export function Composer({ chat, isReplying, onSend }: ComposerProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const [isEmpty, setEmpty] = useState(true);

  // The field keeps its own text: what extensions and dictation write into it counts like what is typed.
  function note(text: string): void {
    unsent.set(chat, text);
    setEmpty(text.trim() === "");
  }

  function write(text: string): void {
    if (field.current) field.current.value = text;
    note(text);
  }

  useEffect(() => {
    const text = unsent.get(chat) ?? "";
    field.current!.value = text;
    setEmpty(text.trim() === "");
  }, [chat]);

  async function send(): Promise<void> {
    const text = field.current!.value;
    if (text.trim() === "" || isReplying) return;
    write("");
    const isStored = await onSend(text.trim());
    if (!isStored) write([text, unsent.get(chat)].filter(Boolean).join("\n"));
  }

  function onSubmit(event: SubmitEvent<HTMLFormElement>): void {
    event.preventDefault();
    void send();
  }

  function onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>): void {
    // Enter also ends the composition of a character in an input method.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    void send();
  }

  return (
    <form className="composer" onSubmit={onSubmit}>
      <textarea
        ref={field}
        aria-label="Message"
        placeholder="Write to Longhand"
        rows={1}
        autoFocus
        onInput={(event) => note(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <button type="submit" className="send" aria-label="Send" disabled={isEmpty || isReplying}>
        <SendIcon />
      </button>
    </form>
  );
}
