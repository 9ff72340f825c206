// Why something that was asked over HTTP failed.
import { Failed } from './api';
import { tell } from './store';

/** The text for it: nothing here is tried again by itself. */
function codeOf({ status, code }: Failed): string {
  if (status === 0) return 'offline';
  if (status === 429 || status === 503) return 'later';
  return status === 504 ? 'unconfirmed' : code;
}

/** Tells why something failed; `true` when nobody is signed in any more. */
export function failed(e: unknown): boolean {
  if (!(e instanceof Failed)) throw e;
  if (e.status === 401) return true;
  tell(codeOf(e), e.detail);
  return false;
}
