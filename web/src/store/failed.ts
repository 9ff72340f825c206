// Why something that was asked over HTTP failed.
import { Failed } from './api';
import { tell } from './store';

/** Tells why something failed; `true` when nobody is signed in any more. */
export function failed(e: unknown): boolean {
  if (!(e instanceof Failed)) throw e;
  if (e.status === 401) return true;
  const busy = e.status === 429 || e.status === 503;
  tell(e.status === 0 ? 'offline' : busy ? 'busy' : e.code, e.detail);
  return false;
}
