import { memo } from "react";
import type { ContentBlock, Message, StoredMessage, ToolResultBlock } from "../src/index.js";
import { ImageView } from "./image-view.js";
import { ToolCall } from "./tool-call.js";

interface MessageListProps {
  readonly messages: readonly StoredMessage[];
  /** What is being written behind them. */
  readonly draft: readonly Message[] | undefined;
}

type Results = ReadonlyMap<string, ToolResultBlock>;

export function MessageList({ messages, draft }: MessageListProps) {
  const all: readonly Message[] = draft ? [...messages, ...draft] : messages;
  const results: Results = new Map(
    all.flatMap(({ content }) =>
      content.flatMap((block) => (block.type === "tool_result" ? [[block.tool_use_id, block] as const] : [])),
    ),
  );
  const first = messages[0]?.position ?? 0;
  return (
    <ol className="messages" aria-label="Conversation">
      {all.map((message, place) => (
        <MessageView
          key={first + place}
          message={message}
          results={results}
          isCutOff={messages[place]?.status === "partial" && place < all.length - 1}
          isContinuation={message.role === "assistant" && isPartOfReply(all[place - 1])}
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
  /** It was never finished, and others follow it. */
  readonly isCutOff: boolean;
  readonly isContinuation: boolean;
}

const AUTHORS = { user: "You", assistant: "Longhand", system: "System" } as const;

const MessageView = memo(function MessageView({ message, results, isCutOff, isContinuation }: MessageViewProps) {
  const { role } = message;
  // A tool's result is shown with its call.
  const content = message.content.filter(({ type }) => type !== "tool_result");
  if (content.length === 0 && !isCutOff) return null;
  return (
    <li className={`message ${role}`}>
      {!isContinuation && <span className={role === "user" ? "visually-hidden" : "author"}>{AUTHORS[role]}</span>}
      <div className="message-body">
        {content.map((block, place) => (
          <BlockView key={place} block={block} results={results} />
        ))}
        {isCutOff && <p className="cut-off">This reply was cut off.</p>}
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
