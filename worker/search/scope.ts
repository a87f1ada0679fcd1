// Words of the index that say where a message belongs, so that a search in one session looks at no others.

/** Where a message belongs. */
export interface Scope {
  readonly project: string;
  readonly sessionId: string;
  readonly role: string;
}

/** The words that a message is indexed with. */
export function scopeWords({ project, sessionId, role }: Scope): string[] {
  return [`p${hash(project)}`, `s${hash(sessionId)}`, `r${hash(role)}`];
}

/** What the index is asked for. Names whose hashes are equal are told apart by the rows themselves. */
export function scopeMatch({
  project,
  sessionId,
  role,
}: { readonly [Key in keyof Scope]?: string | undefined }): string {
  const words = [
    project !== undefined && `p${hash(project)}`,
    sessionId !== undefined && `s${hash(sessionId)}`,
    role !== undefined && `r${hash(role)}`,
  ];
  return words.map((word) => (word === false ? "" : ` AND {scope} : "${word}"`)).join("");
}

/** FNV-1a in two lanes of 32 bits. */
function hash(text: string): string {
  let low = 0x811c9dc5;
  let high = 0xcbf29ce4;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x01000197);
  }
  return (low >>> 0).toString(36) + "x" + (high >>> 0).toString(36);
}
