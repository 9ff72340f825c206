/** A request over HTTP that was refused or did not arrive (status 0). */
export class Failed extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail?: string,
    /** What to do, in English. */
    readonly advice?: string,
    /** Every fault of a file, one line each, in English: where, what, how to mend it. */
    readonly faults: readonly string[] = [],
  ) {
    super(code);
  }
}

/** HTTP as JSON; a body makes it a POST, unless said otherwise. Bytes are sent as they are. */
export async function api<T>(path: string, body?: unknown, method?: string): Promise<T> {
  const headers: Record<string, string> = { 'accept-language': document.documentElement.lang };
  const options: RequestInit = { headers, ...(method && { method }) };
  if (body instanceof ArrayBuffer) {
    headers['content-type'] = 'application/octet-stream';
    Object.assign(options, { method: method ?? 'POST', body });
  } else if (body !== undefined) {
    headers['content-type'] = 'application/json';
    Object.assign(options, { method: method ?? 'POST', body: JSON.stringify(body) });
  }
  const answer = await fetch(path, options).catch(() => {
    throw new Failed(0, 'offline');
  });
  const data = await answer.json().catch(() => null);
  if (answer.ok) return data as T;
  const { code, title, detail } = (data ?? {}) as Record<string, string | undefined>;
  const { faults } = (data ?? {}) as { faults?: string[] };
  const named = code ?? `http_${answer.status}`;
  throw new Failed(answer.status, named, title ?? detail, detail, faults);
}
