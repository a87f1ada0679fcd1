import { createContext, type ReactNode, use, useCallback, useEffect, useMemo, useState } from "react";
import { sentenceOf } from "./error-screen.js";
import { CloseIcon } from "./icons.js";

interface Notices {
  /** Tells the user something good. It goes away by itself. */
  readonly say: (text: string) => void;
  /** Runs something, and shows its error to the user. Resolves to whether it went well. */
  readonly attempt: (work: () => Promise<unknown>) => Promise<boolean>;
}

interface Notice {
  readonly text: string;
  readonly isError: boolean;
}

const NoticeContext = createContext<Notices | undefined>(undefined);

/** How a component tells the user what happened. */
export function useNotices(): Notices {
  return use(NoticeContext)!;
}

/** Where the notices of the components within are shown, one at a time. */
export function NoticeBoard({ children }: { readonly children: ReactNode }) {
  const [notice, setNotice] = useState<Notice>();
  const say = useCallback((text: string) => setNotice({ text, isError: false }), []);
  const attempt = useCallback(async (work: () => Promise<unknown>) => {
    try {
      await work();
      return true;
    } catch (error) {
      setNotice({ text: sentenceOf(error), isError: true });
      return false;
    }
  }, []);

  useEffect(() => {
    if (!notice || notice.isError) return undefined;
    const timer = setTimeout(() => setNotice(undefined), 6000);
    return () => clearTimeout(timer);
  }, [notice]);

  return (
    <NoticeContext value={useMemo(() => ({ say, attempt }), [say, attempt])}>
      {children}
      {/* Both regions stay in the page: a live region that appears together with its text is not read out. */}
      <div className="notices">
        <div role="alert">{notice?.isError && <NoticeCard notice={notice} onClose={() => setNotice(undefined)} />}</div>
        <div role="status">
          {notice && !notice.isError && <NoticeCard notice={notice} onClose={() => setNotice(undefined)} />}
        </div>
      </div>
    </NoticeContext>
  );
}

function NoticeCard({ notice, onClose }: { readonly notice: Notice; readonly onClose: () => void }) {
  return (
    <div className={notice.isError ? "notice error" : "notice"}>
      <p>{notice.text}</p>
      <button type="button" className="icon-button" aria-label="Dismiss" onClick={onClose}>
        <CloseIcon />
      </button>
    </div>
  );
}
