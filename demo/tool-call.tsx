import type { ToolResultBlock, ToolUseBlock } from "../src/index.js";
import { ToolIcon } from "./icons.js";
import { ImageView } from "./image-view.js";

interface ToolCallProps {
  readonly call: ToolUseBlock;
  /** Absent while the tool is at work, or where it never came. */
  readonly result: ToolResultBlock | undefined;
  readonly isAtWork: boolean;
}

/** A tool's call with its result, folded up. */
export function ToolCall({ call, result, isAtWork }: ToolCallProps) {
  const state = result ? (result.is_error ? "failed" : "done") : isAtWork ? "working…" : "no result";
  return (
    <details className={result?.is_error ? "tool-call error" : "tool-call"}>
      <summary>
        <ToolIcon />
        <span className="tool-name">{call.name}</span>
        <span className="tool-state">{state}</span>
      </summary>
      <dl>
        <dt>Input</dt>
        <dd>
          <pre>{JSON.stringify(call.input, null, 2)}</pre>
        </dd>
        {result && (
          <>
            <dt>Result</dt>
            <dd>
              <ResultView content={result.content} />
            </dd>
          </>
        )}
      </dl>
    </details>
  );
}

function ResultView({ content }: { readonly content: ToolResultBlock["content"] }) {
  if (typeof content === "string") return <pre>{content}</pre>;
  return content.map((block, place) =>
    block.type === "text" ? <pre key={place}>{block.text}</pre> : <ImageView key={place} image={block} />,
  );
}
