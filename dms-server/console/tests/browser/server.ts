/** A real `dms serve` with a data folder of its own, for the tests of one file. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** How long the server may take to be there, ms. */
const START_MS = 60_000;

/** The folder of the whole project. */
export const ROOT = resolve(import.meta.dirname, '../../../..');

/** Where cargo puts what it builds. */
export const PROGRAMS = join(process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target'), 'debug');

/** A real video of five seconds. */
export const CLIP = join(ROOT, 'tests/media/big-buck-bunny-720p-5s.mp4');

export class Server {
  readonly url: string;
  /** The owner's token. */
  readonly token: string;
  /** The token that the first account is made with. */
  readonly setupToken: string;
  readonly #process: ChildProcess;
  readonly #data: string;

  private constructor(process: ChildProcess, data: string, said: string) {
    this.#process = process;
    this.#data = data;
    this.url = /Open (http\S+)/.exec(said)?.[1] ?? '';
    this.setupToken = /(dms_setup_\S+)/.exec(said)?.[1] ?? '';
    this.token = readFileSync(join(data, 'owner.token'), 'utf8').trim();
  }

  /** Starts one; `settings` as `dms serve --set` takes them. */
  static async start(settings: string[] = []): Promise<Server> {
    const data = mkdtempSync(join(tmpdir(), 'dms-console-'));
    const listen = ['public', 'device', 'metrics'].map((name) => `${name}.listen=127.0.0.1:0`);
    const set = [...listen, ...settings].flatMap((setting) => ['--set', setting]);
    const child = spawn(join(PROGRAMS, 'dms'), ['serve', '--data', data, ...set], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    await new Promise<void>((ready, fail) => {
      const timer = setTimeout(() => fail(new Error(`the server did not start: ${said}`)), START_MS);
      child.once('error', fail);
      child.once('exit', (code) => fail(new Error(`the server ended with ${code}: ${said}`)));
      child.stderr.on('data', (bytes: Buffer) => {
        said += bytes.toString();
        if (!/dms_setup_\S+ \(/.test(said)) return;
        clearTimeout(timer);
        ready();
      });
    });
    child.removeAllListeners('exit');
    return new Server(child, data, said);
  }

  /** A request of the API with the owner's token, outside the browser. */
  async call(method: string, path: string, body?: unknown): Promise<Response> {
    const headers = { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' };
    const answer = await fetch(this.url + path, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  }

  /** Puts a text with the owner's token. */
  async put(path: string, type: string, body: string): Promise<void> {
    const headers = { authorization: `Bearer ${this.token}`, 'content-type': type };
    const answer = await fetch(this.url + path, { method: 'PUT', headers, body });
    if (!answer.ok) throw new Error(`PUT ${path}: ${answer.status} ${await answer.text()}`);
  }

  /** Uploads a file by the API; the new title's id. */
  async upload(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<string> {
    const encoded = (text: string) => Buffer.from(text).toString('base64');
    const answer = await fetch(`${this.url}/api/v1/uploads`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${this.token}`,
        'tus-resumable': '1.0.0',
        'upload-length': String(bytes.length),
        'upload-metadata': `filename ${encoded(name)},title ${encoded(name)},kind ${encoded('video')}`,
        'content-type': 'application/offset+octet-stream',
      },
      body: bytes,
    });
    const id = answer.headers.get('dms-title');
    if (!id) throw new Error(`no title: ${answer.status} ${await answer.text()}`);
    return id;
  }

  /** Publishes a video, the clip unless another is given, and waits until it can be watched. */
  async publish(name: string, video = new Uint8Array(readFileSync(CLIP))): Promise<string> {
    const id = await this.upload(name, video);
    for (let tries = 0; tries < 600; tries++) {
      const { state, error } = (await (await this.call('GET', `/api/v1/titles/${id}`)).json()) as {
        state: string;
        error: unknown;
      };
      if (state === 'complete') return id;
      if (state === 'failed') throw new Error(`not published: ${JSON.stringify(error)}`);
      await new Promise((done) => setTimeout(done, 200));
    }
    throw new Error('the clip was not published in time');
  }

  /** Ends it, and removes what it kept. */
  async stop(): Promise<void> {
    const ended = new Promise((done) => this.#process.once('exit', done));
    this.#process.kill('SIGKILL');
    await ended;
    rmSync(this.#data, { recursive: true, force: true });
  }
}
