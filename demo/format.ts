const number = new Intl.NumberFormat();

export function showCount(count: number, thing: string): string {
  return `${number.format(count)} ${thing}${count === 1 ? "" : "s"}`;
}

export function showNumber(count: number): string {
  return number.format(count);
}

export function showBytes(bytes: number): string {
  const kilobytes = bytes / 1024;
  return kilobytes < 1024 ? `${number.format(Math.ceil(kilobytes))} KB` : `${(kilobytes / 1024).toFixed(1)} MB`;
}

/** A time of the database, `"YYYY-MM-DD HH:MM:SS"` in UTC. */
export function readTime(stored: string): Date {
  return new Date(`${stored.replace(" ", "T")}Z`);
}

/** The hour today, the day this year, else the year too. */
export function showTime(time: Date): string {
  const now = new Date();
  if (time.toDateString() === now.toDateString())
    return time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const year = time.getFullYear() === now.getFullYear() ? {} : { year: "numeric" as const };
  return time.toLocaleDateString([], { day: "numeric", month: "short", ...year });
}
