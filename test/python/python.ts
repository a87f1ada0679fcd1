import { existsSync } from "node:fs";

const DEBIAN = "/usr/bin/python3";

/** Python, of which the standard library is enough: Debian's, where others may take half a second to start. */
export const PYTHON = existsSync(DEBIAN) ? DEBIAN : "python3";

/** Without what others have installed, and without leaving anything behind. */
export const PYTHON_OPTIONS = ["-B", "-E", "-S"] as const;
