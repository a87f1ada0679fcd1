import { createContext, type ReactNode, use, useCallback, useEffect, useMemo, useState } from "react";
import { sentenceOf } from "./error-screen.js";
import { CloseIcon } from "./icons.js";

interface Notices {
  /** Tells the user something good, and what can be done about it. It goes away by itself, or when another chat is shown. */
  readonly say: (text: string, action?: Action) => void;
  /** Runs something, and shows its error to the user. Resolves to whether it went well. */
  readonly attempt: (work: () => Promise<unknown>) => Promise<boolean>;
}

interface Action {
  readonly label: string;
  readonly run: () => unknown;
}

interface Notice {
  readonly text: string;
  readonly isError: boolean;
  readonly action?: Action | undefined;
  /** What the address was. */
  readonly place: string;
}

/** In milliseconds: longer where there is something to decide. */
const SHOWN = 6000;
const SHOWN_WITH_ACTION = 12_000;

const NoticeContext = createContext<Notices | undefined>(undefined);

/** How a component tells the user what happened. */
export function useNotices(): Notices {
  return use(NoticeContext)!;
}

/** Where the notices of the components within are shown, one at a time. */
export function NoticeBoard({ children }: { readonly children: ReactNode }) {
  const [notice, setNotice] = useState<Notice>();
  const say = useCallback(
    (text: string, action?: Action) => setNotice({ text, isError: false, action, place: location.hash }),
    [],
  );
  const attempt = useCallback(async (work: () => Promise<unknown>) => {
    try {
      await work();
      return true;
    } catch (error) {
      setNotice({ text: sentenceOf(error), isError: true, place: location.hash });
      return false;
    }
  }, []);

  useEffect(() => {
    if (!notice || notice.isError) return undefined;
    const timer = setTimeout(() => setNotice(undefined), notice.action ? SHOWN_WITH_ACTION : SHOWN);
    return () => clearTimeout(timer);
  }, [notice]);

  useEffect(() => {
    const onMove = () => setNotice((shown) => (shown?.place === location.hash ? shown : undefined));
    addEventListener("hashchange", onMove);
    return () => removeEventListener("hashchange", onMove);
  }, []);

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
      <p>
        {notice.text}{" "}
        {notice.action && (
          <button
            type="button"
            className="link-button"
            onClick={() => {
              onClose();
              notice.action!.run();
            }}
          >
            {notice.action.label}
          </button>
        )}
      </p>
      <button type="button" className="icon-button" aria-label="Dismiss" onClick={onClose}>
        <CloseIcon />
      </button>
    </div>
  );
}
