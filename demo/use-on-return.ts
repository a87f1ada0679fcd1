import { useEffect } from "react";

/** Calls when the user comes back to the tab: another one may have written meanwhile. */
export function useOnReturn(onReturn: () => void): void {
  useEffect(() => {
    const onVisible = () => {
      if (!document.hidden) onReturn();
    };
    addEventListener("focus", onReturn);
    document.addEventListener("visibilitychange", onVisible);
    return () => {
      removeEventListener("focus", onReturn);
      document.removeEventListener("visibilitychange", onVisible);
    };
  }, [onReturn]);
}
