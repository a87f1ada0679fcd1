import { memo } from "react";
import type { ContentBlock, Message, ToolResultBlock } from "../src/index.js";
import { ImageView } from "./image-view.js";
import { ToolCall } from "./tool-call.js";

interface MessageListProps {
  readonly messages: readonly Message[];
  /** What is being written behind them. */
  readonly draft: readonly Message[] | undefined;
}

type Results = ReadonlyMap<string, ToolResultBlock>;

export function MessageList({ messages, draft }: MessageListProps) {
  const all = draft ? [...messages, ...draft] : messages;
  const results: Results = new Map(
    all.flatMap(({ content }) =>
      content.flatMap((block) => (block.type === "tool_result" ? [[block.tool_use_id, block] as const] : [])),
    ),
  );
  return (
    <ol className="messages" aria-label="Conversation">
      {all.map((message, position) => (
        <MessageView
          key={position}
          message={message}
          results={results}
          isContinuation={message.role === "assistant" && isPartOfReply(all[position - 1])}
        />
      ))}
      {draft?.length === 0 && (
        <li className="message assistant" aria-hidden="true">
          <span className="author">Longhand</span>
          <span className="dots">
            <i />
            <i />
            <i />
          </span>
        </li>
      )}
    </ol>
  );
}

/** What comes behind a tool's result goes on with the same reply. */
function isPartOfReply(before: Message | undefined): boolean {
  return before?.role === "assistant" || before?.content.some(({ type }) => type === "tool_result") === true;
}

interface MessageViewProps {
  readonly message: Message;
  readonly results: Results;
  readonly isContinuation: boolean;
}

const AUTHORS = { user: "You", assistant: "Longhand", system: "System" } as const;

const MessageView = memo(function MessageView({ message, results, isContinuation }: MessageViewProps) {
  const { role } = message;
  // A tool's result is shown with its call.
  const content = message.content.filter(({ type }) => type !== "tool_result");
  if (content.length === 0) return null;
  return (
    <li className={`message ${role}`}>
      {!isContinuation && <span className={role === "user" ? "visually-hidden" : "author"}>{AUTHORS[role]}</span>}
      <div className="message-body">
        {content.map((block, place) => (
          <BlockView key={place} block={block} results={results} />
        ))}
      </div>
    </li>
  );
});

function BlockView({ block, results }: { readonly block: ContentBlock; readonly results: Results }) {
  if (block.type === "text") return <p>{block.text}</p>;
  if (block.type === "image") return <ImageView image={block} />;
  if (block.type === "tool_use") return <ToolCall call={block} result={results.get(block.id)} />;
  return null;
}
