/** The project of all sessions that are loaded from a file. */
export const PROJECT = "bench";
