export { fromModelMessages } from "./ai-sdk/from-model-messages.js";
export { runAgent } from "./ai-sdk/run-agent.js";
export type { AgentResult, AgentRun, RunAgentOptions, RunnableAgent } from "./ai-sdk/run-agent.js";
export type { AgentStep } from "./ai-sdk/step-recorder.js";
export { streamAgent } from "./ai-sdk/stream-agent.js";
export type { AgentStream, StreamableAgent } from "./ai-sdk/stream-agent.js";
export type { AgentStreamPart } from "./ai-sdk/live-steps.js";
export { toModelMessages } from "./ai-sdk/to-model-messages.js";
