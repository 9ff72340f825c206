// The draw once more, in the browser: SHA-256(seed ‖ window ‖ ticket), ascending.
const bytes = (hex: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

const hex = (buffer: ArrayBuffer): string =>
  [...new Uint8Array(buffer)].map((b) => b.toString(16).padStart(2, '0')).join('');

const sha256 = (data: Uint8Array<ArrayBuffer>) => crypto.subtle.digest('SHA-256', data);

/** The fingerprint that is shown before the opening. */
export const fingerprint = async (seed: string): Promise<string> => hex(await sha256(bytes(seed)));

/** The lot of one ticket, in hex: these sort as the bytes do. */
export async function lot(seed: string, window: string, ticket: number): Promise<string> {
  const key = new TextEncoder().encode(window);
  const start = bytes(seed);
  const data = new Uint8Array(start.length + key.length + 4);
  data.set(start);
  data.set(key, start.length);
  new DataView(data.buffer).setUint32(start.length + key.length, ticket);
  return hex(await sha256(data));
}

export interface Check {
  /** Whether the seed is the one whose fingerprint was shown. */
  sealed: boolean;
  /** Rank of the ticket, from 1; `null` when it was not drawn. */
  rank: number | null;
  among: number;
}

/** The rank of a ticket among all that were drawn, by the seed alone. */
export async function check(
  draw: { seed: string; seed_hash: string; window: string; tickets: number[] },
  mine: number,
): Promise<Check> {
  const { seed, window, tickets } = draw;
  const lots = await Promise.all(tickets.map((t) => lot(seed, window, t)));
  const own = lots[tickets.indexOf(mine)];
  const sealed = (await fingerprint(seed)) === draw.seed_hash;
  const before = own === undefined ? 0 : lots.filter((l) => l < own).length;
  return { sealed, rank: own === undefined ? null : before + 1, among: tickets.length };
}
