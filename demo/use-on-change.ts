import { useEffect } from "react";

/** Calls when something was changed, in whatever tab: once for all changes since the last frame that was shown. */
export function useOnChange(subscribe: (listener: () => void) => () => void, onChange: () => void): void {
  useEffect(() => {
    let frame = 0;
    const stop = subscribe(() => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        onChange();
      });
    });
    return () => {
      cancelAnimationFrame(frame);
      stop();
    };
  }, [subscribe, onChange]);
}
