/**
 * The uploads of this browser, over tus. What the server has of a file is found again after a reload by the file's
 * fingerprint in the browser's storage, and after a sleep or a lost network by asking the server.
 */

import { DetailedError, defaultOptions, type PreviousUpload, Upload } from 'tus-js-client';
import { api, ask } from '~/api/client';
import { RateMeter } from './rate';
import { type Audience, FILES_MAX, startable, titleOf, type UploadItem } from './model';
import { policyFor } from './policy';

const ENDPOINT = '/api/v1/uploads';

/** One request of an upload: small enough for a proxy, large enough to be quick. */
const CHUNK_BYTES = 16 * 1024 * 1024;

/** Tries after a failure that may pass, ms; then it waits for the network to come back. */
const RETRY_DELAYS_MS = [0, 1_000, 3_000, 5_000, 10_000, 20_000];

/** The answer's header with the title that an upload became. */
const TITLE_HEADER = 'dms-title';

interface Running {
  readonly upload: Upload;
  readonly meter: RateMeter;
}

export class Uploads {
  #items: readonly UploadItem[] = [];
  readonly #files = new Map<string, File>();
  readonly #running = new Map<string, Running>();
  readonly #listeners = new Set<() => void>();
  readonly #me: () => string | null;
  #found = false;
  /** The id of the profile that files chosen from now on are transcoded with; null: the default. */
  profile: string | null = null;

  /** `me` is the person who uploads, for a title that only they may see. */
  constructor(me: () => string | null) {
    this.#me = me;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly items = (): readonly UploadItem[] => this.#items;

  /** Starts uploading files; how many were left out because they were too many. */
  add(files: readonly File[], audience: Audience): number {
    const taken = files.slice(0, FILES_MAX);
    const { profile } = this;
    const added = taken.map((file): UploadItem => {
      const id = crypto.randomUUID();
      this.#files.set(id, file);
      const empty = file.size === 0;
      const problem = empty ? { code: 'empty_file', sentence: null } : null;
      const state = empty ? 'failed' : 'waiting';
      return { id, name: file.name, size: file.size, sent: 0, rate: 0, state, audience, profile, title: null, problem };
    });
    const names = new Set(taken.map(({ name }) => name));
    const kept = this.#items.filter(({ state, name }) => !(state === 'forgotten' && names.has(name)));
    this.#set([...added, ...kept]);
    this.#startNext();
    return files.length - taken.length;
  }

  /** Stops sending; the server keeps what it has. */
  async pause(id: string): Promise<void> {
    this.#change(id, { state: 'paused', rate: 0 });
    await this.#running.get(id)?.upload.abort();
    this.#startNext();
  }

  /** Goes on, or tries again. */
  resume(id: string): void {
    this.#change(id, { state: 'waiting', problem: null });
    this.#startNext();
  }

  /** Gives it up: the server forgets what it has. */
  async remove(id: string): Promise<void> {
    const item = this.#items.find((one) => one.id === id);
    this.#set(this.#items.filter((one) => one.id !== id));
    const running = this.#running.get(id);
    this.#running.delete(id);
    this.#files.delete(id);
    if (running && item?.state !== 'done') await running.upload.abort(true).catch(() => undefined);
    if (item?.state === 'forgotten') await forget(item.id);
    this.#startNext();
  }

  /** Says who sees the titles of uploads that are not done yet. */
  arm(id: string, audience: Audience): void {
    this.#change(id, { audience });
  }

  /** What an earlier visit left unfinished. Browsers forget files with the page; choosing one again goes on. */
  async findUnfinished(): Promise<void> {
    if (this.#found) return;
    this.#found = true;
    const stored: PreviousUpload[] = (await defaultOptions.urlStorage.findAllUploads()) ?? [];
    const names = new Set(this.#items.map(({ name }) => name));
    const unfinished = stored.slice(0, FILES_MAX).filter(({ metadata }) => !names.has(metadata.filename ?? ''));
    const items = unfinished.map(({ urlStorageKey, metadata, size }): UploadItem => {
      const common = { rate: 0, audience: { kind: 'everybody' }, title: null, problem: null } as const;
      return { id: urlStorageKey, name: metadata.filename ?? '', size: size ?? 0, sent: 0, state: 'forgotten', ...common };
    });
    this.#set([...this.#items, ...items]);
  }

  /** The network is back, or the computer woke up. */
  wake(): void {
    for (const { id, state } of this.#items) if (state === 'offline') this.resume(id);
  }

  #startNext(): void {
    for (const { id } of startable(this.#items)) void this.#start(id);
  }

  async #start(id: string): Promise<void> {
    const file = this.#files.get(id);
    if (!file) return;
    this.#change(id, { state: 'uploading' });
    const known = this.#running.get(id);
    if (known) {
      known.meter.reset();
      known.upload.start();
      return;
    }
    const upload = this.#create(id, file);
    this.#running.set(id, { upload, meter: new RateMeter() });
    const [previous] = await upload.findPreviousUploads();
    if (previous) upload.resumeFromPreviousUpload(previous);
    if (this.#items.some((item) => item.id === id && item.state === 'uploading')) upload.start();
  }

  #create(id: string, file: File): Upload {
    let title: string | null = null;
    const profile = this.#items.find((item) => item.id === id)?.profile;
    return new Upload(file, {
      endpoint: ENDPOINT,
      chunkSize: CHUNK_BYTES,
      retryDelays: RETRY_DELAYS_MS,
      removeFingerprintOnSuccess: true,
      metadata: { filename: file.name, title: titleOf(file.name), kind: 'video', ...(profile && { profile }) },
      onAfterResponse: (_, response) => {
        title = response.getHeader(TITLE_HEADER) ?? title;
      },
      onProgress: (sent) => this.#progress(id, sent),
      onSuccess: () => void this.#sent(id, title),
      onError: (error) => this.#failed(id, error),
    });
  }

  #progress(id: string, sent: number): void {
    const running = this.#running.get(id);
    if (running) this.#change(id, { sent, rate: running.meter.add(sent, performance.now()) });
  }

  async #sent(id: string, title: string | null): Promise<void> {
    const item = this.#items.find((one) => one.id === id);
    this.#running.delete(id);
    this.#files.delete(id);
    const policy = item && policyFor(item.audience, this.#me());
    let problem: UploadItem['problem'] = null;
    if (title !== null && policy) {
      try {
        await ask(api.PUT('/api/v1/titles/{title}/policy', { params: { path: { title } }, body: policy }));
      } catch {
        problem = { code: 'policy_not_written', sentence: null };
      }
    }
    this.#change(id, { state: 'done', title, problem, rate: 0 });
    this.#startNext();
  }

  #failed(id: string, error: Error): void {
    const answer = error instanceof DetailedError ? error.originalResponse : null;
    if (!answer) {
      this.#change(id, { state: 'offline', rate: 0 });
    } else {
      this.#change(id, { state: 'failed', rate: 0, problem: problemIn(answer.getBody(), answer.getStatus()) });
    }
    this.#startNext();
  }

  #change(id: string, change: Partial<UploadItem>): void {
    this.#set(this.#items.map((item) => (item.id === id ? { ...item, ...change } : item)));
  }

  #set(items: readonly UploadItem[]): void {
    this.#items = items;
    for (const tell of this.#listeners) tell();
  }
}

/** What the server says of a refusal. */
function problemIn(text: string, status: number): NonNullable<UploadItem['problem']> {
  try {
    const body = JSON.parse(text) as { code?: unknown; detail?: unknown };
    if (typeof body.code === 'string' && typeof body.detail === 'string') {
      return { code: body.code, sentence: body.detail };
    }
  } catch {
    // Not every answer comes from the DMS: a proxy's page is not JSON. The status has to do.
  }
  return { code: `http_${status}`, sentence: null };
}

/** Lets the server and the browser forget an upload of an earlier visit. */
async function forget(key: string): Promise<void> {
  const stored: PreviousUpload[] = (await defaultOptions.urlStorage.findAllUploads()) ?? [];
  const url = stored.find(({ urlStorageKey }) => urlStorageKey === key)?.uploadUrl;
  // Gone at the server already, after its hours: then there is nothing to end.
  if (url) await Upload.terminate(url, { retryDelays: null }).catch(() => undefined);
  await defaultOptions.urlStorage.removeUpload(key);
}
