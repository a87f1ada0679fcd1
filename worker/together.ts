/** What both resolve to. Where the other one fails, what was opened is closed again. */
export async function together<Other, Opened>(
  working: Promise<Other>,
  opening: Promise<Opened>,
  close: (opened: Opened) => void,
): Promise<[Other, Opened]> {
  const [other, opened] = await Promise.allSettled([working, opening]);
  if (other.status === "fulfilled" && opened.status === "fulfilled") return [other.value, opened.value];
  if (opened.status === "fulfilled") close(opened.value);
  throw opened.status === "rejected" ? opened.reason : (other as PromiseRejectedResult).reason;
}
