import type { Ref } from "react";

interface ClearDialogProps {
  readonly ref: Ref<HTMLDialogElement>;
  readonly onClear: () => void;
}

/** Asks before messages are deleted. */
export function ClearDialog({ ref, onClear }: ClearDialogProps) {
  return (
    <dialog
      ref={ref}
      className="dialog"
      aria-labelledby="clear-title"
      onClose={(event) => {
        if (event.currentTarget.returnValue === "clear") onClear();
        event.currentTarget.returnValue = "";
      }}
    >
      <form method="dialog">
        <h2 id="clear-title">Clear this chat?</h2>
        <p>Its messages and token counts are deleted, for good. Forks of it stay.</p>
        <div className="dialog-buttons">
          <button className="button" value="">
            Keep it
          </button>
          <button className="button danger" value="clear">
            Clear
          </button>
        </div>
      </form>
    </dialog>
  );
}
