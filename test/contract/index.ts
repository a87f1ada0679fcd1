import { describe } from "vitest";
import type { Backend } from "./backend.js";
import { appendContract } from "./append.js";
import { badMessagesContract } from "./bad-messages.js";
import { clearContract } from "./clear.js";
import { conversionContract } from "./conversion.js";
import { forkContract } from "./fork.js";
import { independenceContract } from "./independence.js";
import { sessionsContract } from "./sessions.js";
import { textContract } from "./text.js";
import { tokensContract } from "./tokens.js";

export type { Backend } from "./backend.js";

/** What every {@link ContextStore} promises, a user's own included. */
export function baseContract(name: string, backend: Backend): void {
  describe.each([name])("%s", () => {
    appendContract(backend);
    textContract(backend);
    forkContract(backend);
    tokensContract(backend);
    sessionsContract(backend);
    conversionContract(backend);
  });
}

/** What the stores of this package promise. */
export function storeContract(name: string, backend: Backend): void {
  baseContract(name, backend);
  describe.each([name])("%s", () => {
    independenceContract(backend);
    badMessagesContract(backend);
    clearContract(backend);
  });
}
