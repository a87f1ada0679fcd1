/**
 * A new session id: 32 lower-case hex digits, the form of the Python package's `uuid4().hex`. The first twelve are the
 * time in milliseconds: times in the database have seconds, and of two sessions of one second the newer is listed first.
 */
export function newSessionId(): string {
  const digits = Array.from(randomBytes(10), (byte) => byte.toString(16).padStart(2, "0"));
  return Date.now().toString(16).padStart(12, "0") + digits.join("");
}

/** Random bytes, in advance: asking for them costs as much for many as for a few. */
const random = new Uint8Array(1024);
let used: number = random.length;

function randomBytes(count: number): Uint8Array {
  if (used + count > random.length) {
    crypto.getRandomValues(random);
    used = 0;
  }
  return random.subarray(used, (used += count));
}

const DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/**
 * A new random id of 26 characters of `[0-9A-Z]`, for messages and clients. The first ten are the time (a ULID), so that
 * ids made one after the other lie side by side in an index.
 */
export function newUid(): string {
  let time = Date.now();
  let id = "";
  for (let i = 0; i < 10; i++) {
    id = DIGITS[time % 32]! + id;
    time = Math.floor(time / 32);
  }
  for (const byte of randomBytes(16)) id += DIGITS[byte % 32]!;
  return id;
}
