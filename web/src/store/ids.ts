/** UUID version 7: made here and kept before it is sent, so that nothing is asked twice. */
export function uuid7(
  now = Date.now(),
  random = crypto.getRandomValues(new Uint8Array(10)),
): string {
  const bytes = [...random];
  bytes[0] = ((bytes[0] ?? 0) & 0x0f) | 0x70;
  bytes[2] = ((bytes[2] ?? 0) & 0x3f) | 0x80;
  const time = Math.floor(now).toString(16).padStart(12, '0');
  const hex = time + bytes.map((b) => b.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Milliseconds until the next try: full jitter, 0.5 to 30 s. */
export const backoff = (attempt: number, random = Math.random()): number =>
  Math.max(500, random * Math.min(30_000, 1000 * 2 ** attempt));
