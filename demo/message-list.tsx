import { memo, useMemo } from "react";
import type { ContentBlock, Message, StoredMessage, ToolResultBlock } from "../src/index.js";
import { ImageView } from "./image-view.js";
import { ToolCall } from "./tool-call.js";

interface MessageListProps {
  readonly messages: readonly StoredMessage[];
  /** What is being written behind them. */
  readonly draft: readonly Message[] | undefined;
  /** The position of one that was searched for. */
  readonly found: number | undefined;
}

/** The id of the element that shows a message. */
export function anchor(position: number): string {
  return `message-${position}`;
}

type Results = ReadonlyMap<string, ToolResultBlock>;

export function MessageList({ messages, draft, found }: MessageListProps) {
  const all: readonly Message[] = draft ? [...messages, ...draft] : messages;
  // Those that are stored are not drawn anew with every word of what is being written.
  const stored = useMemo(() => resultsIn(messages), [messages]);
  const written = resultsIn(draft ?? []);
  const first = messages[0]?.position ?? 0;
  return (
    <ol className="messages" aria-label="Conversation">
      {all.map((message, place) => (
        <MessageView
          key={first + place}
          position={first + place}
          message={message}
          results={place < messages.length ? stored : written}
          isFound={first + place === found}
          isBeingWritten={place >= messages.length}
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

function resultsIn(messages: readonly Message[]): Results {
  const blocks = messages.flatMap(({ content }) => content.filter((block) => block.type === "tool_result"));
  return new Map(blocks.map((block) => [block.tool_use_id, block]));
}

/** What comes behind a tool's result goes on with the same reply. */
function isPartOfReply(before: Message | undefined): boolean {
  return before?.role === "assistant" || before?.content.some(({ type }) => type === "tool_result") === true;
}

interface MessageViewProps {
  readonly position: number;
  readonly message: Message;
  readonly results: Results;
  /** It was never finished, and others follow it. */
  readonly isCutOff: boolean;
  readonly isContinuation: boolean;
  readonly isFound: boolean;
  readonly isBeingWritten: boolean;
}

export const AUTHORS = { user: "You", assistant: "Longhand", system: "System" } as const;

const MessageView = memo(function MessageView(props: MessageViewProps) {
  const { position, message, results, isCutOff, isContinuation, isFound, isBeingWritten } = props;
  const { role } = message;
  // A tool's result is shown with its call.
  const content = message.content.filter(({ type }) => type !== "tool_result");
  if (content.length === 0 && !isCutOff) return null;
  return (
    <li id={anchor(position)} className={isFound ? `message ${role} found` : `message ${role}`}>
      {!isContinuation && <span className={role === "user" ? "visually-hidden" : "author"}>{AUTHORS[role]}</span>}
      <div className="message-body">
        {content.map((block, place) => (
          <BlockView key={place} block={block} results={results} isBeingWritten={isBeingWritten} />
        ))}
        {isCutOff && <p className="cut-off">This reply was cut off.</p>}
      </div>
    </li>
  );
});

interface BlockViewProps extends Pick<MessageViewProps, "results" | "isBeingWritten"> {
  readonly block: ContentBlock;
}

function BlockView({ block, results, isBeingWritten }: BlockViewProps) {
  if (block.type === "text") return <p>{block.text}</p>;
  if (block.type === "image") return <ImageView image={block} />;
  if (block.type === "tool_use")
    return <ToolCall call={block} result={results.get(block.id)} isAtWork={isBeingWritten} />;
  return null;
}
