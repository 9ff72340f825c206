import type { CourseRequest, Request } from './state';
import type { GivenUp } from './undo';

/** A request older than this is not repeated after a reload: she has moved on. */
const OUT_MAX_MS = 15 * 60_000;

/** Keeps it where a browser lets it; without room or leave for that, it holds until a reload. */
export function stored(key: string, value: string | null, storage: Storage = localStorage): void {
  try {
    if (value === null) storage.removeItem(key);
    else storage.setItem(key, value);
  } catch {
    // The storage is full, or not for us.
  }
}

/** What must survive a reload: requests on their way, one entry each so that tabs do not overwrite
 * each other, the plan as edited here, and seats that can be asked back. */
export class Outbox {
  readonly #out: string;
  readonly #draft: string;
  readonly #seats: string;

  constructor(
    student: string,
    private readonly storage: Storage = localStorage,
  ) {
    this.#out = `sluis.out.${student}.`;
    this.#draft = `sluis.draft.${student}`;
    this.#seats = `sluis.undo.${student}`;
  }

  /** Requests not yet answered; those too old are forgotten. */
  requests(now = Date.now()): Record<string, Request> {
    const found: Record<string, Request> = {};
    for (const key of Object.keys(this.storage).filter((k) => k.startsWith(this.#out))) {
      const request = parsed<Request>(this.storage.getItem(key));
      if (request && now - request.at < OUT_MAX_MS) found[request.id] = request;
      else this.storage.removeItem(key);
    }
    return found;
  }

  /** Giving a place up is not repeated after a reload. */
  keep(request: Request): void {
    if (request.type === 'disarm') return;
    this.#put(this.#out + request.id, request);
  }

  forget(id: string): void {
    this.#put(this.#out + id, null);
  }

  #put(key: string, value: object | null): void {
    stored(key, value && JSON.stringify(value), this.storage);
  }

  draft(): CourseRequest[] | null {
    return parsed<CourseRequest[]>(this.storage.getItem(this.#draft));
  }

  keepDraft(draft: CourseRequest[] | null): void {
    this.#put(this.#draft, draft);
  }

  seats(): GivenUp[] {
    return parsed<GivenUp[]>(this.storage.getItem(this.#seats)) ?? [];
  }

  keepSeats(seats: GivenUp[]): void {
    this.#put(this.#seats, seats);
  }

  /** Whether a change of the storage, made by another tab, is about this student's plan or seats. */
  concerns(key: string | null): boolean {
    return key === this.#draft || key === this.#seats;
  }

  /** The request that another tab kept (`text`), or forgot (`null`), if it is this student's. */
  other(key: string | null, text: string | null): { id: string; request: Request | null } | null {
    if (!key?.startsWith(this.#out)) return null;
    return { id: key.slice(this.#out.length), request: parsed<Request>(text) };
  }
}

function parsed<T>(text: string | null): T | null {
  try {
    return text === null ? null : (JSON.parse(text) as T);
  } catch {
    return null;
  }
}
