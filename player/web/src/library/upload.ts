/** Uploads: drop or choose files, see how far they are, pause, resume, go on after a reload. */

import type { PreviousUpload, Upload } from 'tus-js-client';
import { PageError, explain } from '../errors';
import { codeOf } from '../net/api';
import { h, icon, progressBar } from '../ui/dom';
import { bytes, estimate } from '../ui/format';
import { RateMeter } from './rate';

const ENDPOINT = '/api/v1/uploads';
/** One request of an upload: small enough for a proxy, large enough to be quick. */
const CHUNK_BYTES = 16 * 1024 * 1024;
const RETRY_DELAYS_MS = [0, 1000, 3000, 5000, 10_000];
/** Files taken at a time; a folder dropped by mistake should not start thousands. */
const MAX_FILES = 20;

type Tus = typeof import('tus-js-client');

export class UploadArea {
  readonly #list = h('ul', { class: 'uploads' });
  readonly #published: () => void;

  /** `published` runs when an upload has become a title. */
  constructor(area: HTMLElement, published: () => void) {
    this.#published = published;
    const input = h('input', {
      class: 'visually-hidden',
      id: 'files',
      type: 'file',
      multiple: true,
      accept: 'video/*,audio/*,.mkv,.ts,.mxf',
      tabindex: -1,
      'aria-hidden': 'true',
    });
    input.addEventListener('change', () => {
      this.add([...(input.files ?? [])]);
      input.value = '';
    });
    const open = () => input.click();
    const choose = h('button', { class: 'primary', type: 'button', onclick: open }, 'Choose files');
    const hint = h('p', {}, 'Drop video files anywhere on this page.');
    area.replaceChildren(
      h(
        'div',
        { class: 'drop__target' },
        icon('up'),
        h('div', {}, h('h2', { id: 'drop-title' }, 'Publish'), hint),
        choose,
        input,
      ),
      this.#list,
    );
    this.#acceptDrops(area);
    void this.#unfinished();
  }

  #acceptDrops(area: HTMLElement): void {
    let depth = 0;
    const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true;
    const mark = (by: number) => {
      depth = Math.max(0, depth + by);
      area.classList.toggle('drop--over', depth > 0);
    };
    document.addEventListener('dragenter', (event) => carriesFiles(event) && mark(1));
    document.addEventListener('dragleave', (event) => carriesFiles(event) && mark(-1));
    document.addEventListener('dragover', (event) => carriesFiles(event) && event.preventDefault());
    document.addEventListener('drop', (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      mark(-depth);
      this.add([...(event.dataTransfer?.files ?? [])]);
    });
  }

  /** Starts uploading `files`. */
  add(files: File[]): void {
    for (const file of files.slice(0, MAX_FILES)) {
      this.#list.querySelector(`[data-unfinished="${CSS.escape(file.name)}"]`)?.remove();
      const row = new UploadRow(file, this.#published);
      this.#list.prepend(row.element);
      void row.start();
    }
    if (files.length > MAX_FILES) {
      const text = `Only the first ${MAX_FILES} of ${files.length} files were taken.`;
      this.#list.append(h('li', { class: 'upload' }, text));
    }
  }

  /** Browsers forget files with the page. What the server has is kept: choosing the file goes on. */
  async #unfinished(): Promise<void> {
    const { defaultOptions } = await import('tus-js-client');
    const stored: PreviousUpload[] = (await defaultOptions.urlStorage?.findAllUploads()) ?? [];
    for (const { metadata } of stored.slice(0, MAX_FILES)) {
      const name = metadata.filename ?? 'a file';
      const text = `${name} is not finished. Choose it again, and the upload goes on where it stopped.`;
      const attributes = { class: 'upload upload--unfinished', 'data-unfinished': name };
      this.#list.append(h('li', attributes, h('p', {}, text)));
    }
  }
}

class UploadRow {
  readonly element = h('li', { class: 'upload' });
  readonly #file: File;
  readonly #published: () => void;
  readonly #rate = new RateMeter();
  readonly #text = h('p', { class: 'upload__text' });
  readonly #bar = h('div', {});
  readonly #button = h('button', { class: 'quiet', type: 'button' }, 'Pause');
  #upload: Upload | null = null;
  #running = false;

  constructor(file: File, published: () => void) {
    this.#file = file;
    this.#published = published;
    this.#button.addEventListener('click', () => void (this.#running ? this.#pause() : this.start()));
    this.element.append(
      h('div', { class: 'upload__head' }, h('strong', {}, file.name), this.#text),
      this.#button,
      this.#bar,
    );
    this.#show('Starting', 0);
  }

  async start(): Promise<void> {
    this.#running = true;
    this.#button.textContent = 'Pause';
    this.element.classList.remove('upload--failed');
    if (this.#file.size === 0) return this.#fail('The file is empty. There is nothing to publish.');
    if (!this.#upload) {
      const tus = await import('tus-js-client');
      this.#upload = this.#create(tus);
      const [previous] = await this.#upload.findPreviousUploads();
      if (previous) this.#upload.resumeFromPreviousUpload(previous);
    }
    this.#upload.start();
  }

  #create(tus: Tus): Upload {
    const file = this.#file;
    return new tus.Upload(file, {
      endpoint: ENDPOINT,
      chunkSize: CHUNK_BYTES,
      retryDelays: RETRY_DELAYS_MS,
      removeFingerprintOnSuccess: true,
      metadata: { filename: file.name, title: titleOf(file.name), kind: 'video' },
      onProgress: (sent) => this.#progress(sent),
      onSuccess: () => this.#done(),
      onError: (error) => this.#fail(sentence(tus, error)),
    });
  }

  async #pause(): Promise<void> {
    this.#running = false;
    this.#rate.reset();
    await this.#upload?.abort();
    this.#button.textContent = 'Resume';
    this.#text.textContent = `Paused. ${this.#text.textContent ?? ''}`;
  }

  #progress(sent: number): void {
    if (!this.#running) return;
    const { size } = this.#file;
    const rate = this.#rate.add(sent, performance.now());
    const parts = [`${bytes(sent)} of ${bytes(size)}`];
    if (rate > 0) parts.push(`${bytes(rate)}/s`, `${estimate((size - sent) / rate)} left`);
    this.#show(parts.join(', '), (100 * sent) / size);
  }

  #show(text: string, percent: number): void {
    this.#text.textContent = text;
    this.#bar.replaceChildren(progressBar(`Uploading ${this.#file.name}`, percent));
  }

  #done(): void {
    this.#published();
    this.element.remove();
  }

  #fail(text: string): void {
    this.#running = false;
    this.#button.textContent = 'Try again';
    this.element.classList.add('upload--failed');
    this.#text.textContent = text;
  }
}

/** `Q3_town-hall.mp4` -> `Q3 town-hall`. */
export function titleOf(filename: string): string {
  const name = filename.replace(/\.[^.]{1,5}$/, '').replaceAll('_', ' ').trim();
  return name || filename;
}

function sentence(tus: Tus, error: Error): string {
  const response = error instanceof tus.DetailedError ? error.originalResponse : null;
  let body: { detail?: unknown; code?: unknown } = {};
  try {
    body = JSON.parse(response?.getBody() ?? '') as typeof body;
  } catch {
    // No problem document: the status has to do.
  }
  if (typeof body.detail === 'string' && body.detail) return body.detail;
  const code = response ? codeOf(response.getStatus(), null) : 'upload_failed';
  const named = new PageError(code === 'server_error' ? 'upload_failed' : code, error.message);
  return explain(named.code).sentence;
}
