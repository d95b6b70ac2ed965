/** The edge peer on this PC, through its loopback API. */

/** Where the agent listens unless the address says otherwise. */
export const DEFAULT_AGENT = 'http://127.0.0.1:7747';

/** What the agent says of itself. */
export interface Hello {
  readonly agent: string;
  readonly version: string;
  readonly deviceId: string;
  readonly sharing: string;
}

/** The agent did not do what was asked. */
export class AgentError extends Error {
  override readonly name = 'AgentError';
  /** The HTTP status; 0 when there was no answer. */
  readonly status: number;

  constructor(status: number, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = status;
  }
}

/**
 * The origin of an agent's address, or null unless it is plain http to a loopback literal
 * (127.0.0.0/8 or [::1]) with a port. Names are refused: what they resolve to is not ours to trust.
 */
export function agentOrigin(text: string): string | null {
  if (!/^http:\/\/(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\]):\d{1,5}\/?$/.test(text)) return null;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return null;
  }
  const loopback = url.hostname === '[::1]' || /^127(\.\d+){3}$/.test(url.hostname);
  return loopback && url.port !== '' && url.port !== '0' ? url.origin : null;
}

type LoopbackInit = RequestInit & { targetAddressSpace?: 'loopback' };

/** The agent, and the session this page has with it. */
export class Agent {
  readonly origin: string;
  readonly hello: Hello;
  /** It serves this very page: there is no other path, and no other session than the page came with. */
  readonly serves: boolean;
  #token: string;
  #renewing: Promise<void> | null = null;

  private constructor(origin: string, hello: Hello, token: string, serves: boolean) {
    this.origin = origin;
    this.hello = hello;
    this.serves = serves;
    this.#token = token;
  }

  /**
   * Says hello and opens a session; a page that the agent serves came with its own, `given`. Throws
   * {@link AgentError}, or the signal's reason.
   */
  static async connect(origin: string, signal: AbortSignal, given?: string): Promise<Agent> {
    const hello = parseHello(await json(await ask(`${origin}/v1/hello`, { signal })));
    return new Agent(origin, hello, given ?? (await openSession(origin, signal)), given !== undefined);
  }

  /**
   * A request with the session's bearer. A session the agent has forgotten (it was restarted) is
   * opened anew, once. Returns the answer whatever its status; throws {@link AgentError} without one.
   */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const used = this.#token;
    const response = await this.#send(path, init);
    if (response.status !== 401 || this.serves) return response;
    await response.body?.cancel();
    if (used === this.#token) await this.#renew();
    return this.#send(path, init);
  }

  #send(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${this.#token}`);
    return ask(this.origin + path, { ...init, headers });
  }

  #renew(): Promise<void> {
    this.#renewing ??= openSession(this.origin, AbortSignal.timeout(5000))
      .then((token) => {
        this.#token = token;
      })
      .finally(() => {
        this.#renewing = null;
      });
    return this.#renewing;
  }
}

async function ask(url: string, init: RequestInit): Promise<Response> {
  const request: LoopbackInit = {
    cache: 'no-store',
    credentials: 'omit',
    referrerPolicy: 'no-referrer',
    redirect: 'error',
    targetAddressSpace: 'loopback',
    ...init,
  };
  try {
    return await fetch(url, request);
  } catch (error) {
    if (init.signal?.aborted) throw init.signal.reason;
    throw new AgentError(0, 'the agent does not answer', error);
  }
}

async function json(response: Response): Promise<unknown> {
  if (!response.ok) {
    await response.body?.cancel();
    throw new AgentError(response.status, `the agent answered ${response.status}`);
  }
  try {
    return await response.json();
  } catch (error) {
    throw new AgentError(response.status, 'the agent did not answer in JSON', error);
  }
}

async function openSession(origin: string, signal: AbortSignal): Promise<string> {
  const body = await json(await ask(`${origin}/v1/session`, { method: 'POST', signal }));
  const token = (body as { token?: unknown } | null)?.token;
  if (typeof token !== 'string' || token === '') throw new AgentError(200, 'the agent gave no session');
  return token;
}

function parseHello(body: unknown): Hello {
  const { agent, version, device_id, sharing } = (body ?? {}) as Record<string, unknown>;
  if (typeof device_id !== 'string') {
    throw new AgentError(200, 'what listens there is not an agent');
  }
  return {
    agent: String(agent ?? ''),
    version: String(version ?? ''),
    deviceId: device_id,
    sharing: typeof sharing === 'string' ? sharing : JSON.stringify(sharing ?? ''),
  };
}
