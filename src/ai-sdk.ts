export { fromModelMessages } from "./ai-sdk/from-model-messages.js";
export { runAgent } from "./ai-sdk/run-agent.js";
export type { AgentResult, AgentRun, AgentStep, RunAgentOptions, RunnableAgent } from "./ai-sdk/run-agent.js";
export { toModelMessages } from "./ai-sdk/to-model-messages.js";
