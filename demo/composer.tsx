import { type KeyboardEvent, type SubmitEvent, useRef, useState } from "react";
import { SendIcon } from "./icons.js";

interface ComposerProps {
  /** The next message waits until the reply is there. */
  readonly isReplying: boolean;
  /** Resolves to whether the text was stored; it stays in the field where not. */
  readonly onSend: (text: string) => Promise<boolean>;
}

/** Where the user writes. Enter sends, Shift and Enter begin a new line. */
export function Composer({ isReplying, onSend }: ComposerProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const [isEmpty, setEmpty] = useState(true);

  // The field keeps its own text: what extensions and dictation write into it counts like what is typed.
  function write(text: string): void {
    field.current!.value = text;
    setEmpty(text.trim() === "");
  }

  async function send(): Promise<void> {
    const text = field.current!.value;
    if (text.trim() === "" || isReplying) return;
    write("");
    const isStored = await onSend(text.trim());
    if (!isStored && field.current?.value === "") write(text);
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
        onInput={(event) => setEmpty(event.currentTarget.value.trim() === "")}
        onKeyDown={onKeyDown}
      />
      <button type="submit" className="send" aria-label="Send" disabled={isEmpty || isReplying}>
        <SendIcon />
      </button>
    </form>
  );
}
