/** What both resolve to. Where the first fails, this does with its error, and what was opened is closed again. */
export async function together<Other, Opened>(
  working: Promise<Other>,
  opening: Promise<Opened>,
  close: (opened: Opened) => void,
): Promise<[Other, Opened]> {
  const [other, opened] = await Promise.allSettled([working, opening]);
  if (other.status === "fulfilled" && opened.status === "fulfilled") return [other.value, opened.value];
  if (opened.status === "fulfilled") close(opened.value);
  throw other.status === "rejected" ? other.reason : (opened as PromiseRejectedResult).reason;
}
