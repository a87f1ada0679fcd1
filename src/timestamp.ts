/** Now, as the database writes times: `"YYYY-MM-DD HH:MM:SS"`, UTC. */
export function timestamp(): string {
  return new Date().toISOString().slice(0, 19).replace("T", " ");
}
