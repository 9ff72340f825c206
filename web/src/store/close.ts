// Close codes of the gateway; src/protocol/close.rs says what each means.
export const WRONG_VERSION = 4003;
export const SIGNED_OUT = 4004;
export const TOO_MANY_SESSIONS = 4005;

/** After these, coming back by itself would only do the same again. */
export const isFinal = (code: number): boolean =>
  code === WRONG_VERSION || code === SIGNED_OUT || code === TOO_MANY_SESSIONS;

/** How long the gateway asks to stay away, where it says so. */
export function retryAfter(reason: string): number | undefined {
  const found = /retry_ms=(\d+)/.exec(reason);
  return found ? Number(found[1]) : undefined;
}
