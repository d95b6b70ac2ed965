// A real `dms serve` that is killed and started again on the same folder and port.
import { spawn } from 'node:child_process';
import { existsSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

/** How long it may take to be ready, ms. */
const READY_MS = 120_000;

async function freePort() {
  const probe = createServer();
  await new Promise((ready) => probe.listen(0, '127.0.0.1', ready));
  const { port } = probe.address();
  await new Promise((closed) => probe.close(closed));
  return port;
}

/** A field of the process's status in Linux, kB. */
function kilobytes(pid, field) {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(found?.[1] ?? 0);
}

export class KillableServer {
  /** The most memory of its own that any of its lives had, kB. */
  mostMemoryKb = 0;
  #program;
  #settings;
  #process = null;
  #memory = null;

  constructor(program, data, port) {
    this.#program = program;
    this.data = data;
    this.port = port;
  }

  static async make(program, data) {
    return new KillableServer(program, data, await freePort());
  }

  get token() {
    return readFileSync(join(this.data, 'owner.token'), 'utf8').trim();
  }

  async start(settings = this.#settings) {
    this.#settings = settings;
    const listen = { 'public.listen': `127.0.0.1:${this.port}`, 'device.listen': '127.0.0.1:0', 'metrics.listen': '127.0.0.1:0' };
    const set = Object.entries({ ...listen, ...settings }).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
    const log = openSync(`${this.data}.log`, 'a');
    const child = spawn(this.#program, ['serve', '--data', this.data, ...set], { stdio: ['ignore', log, log] });
    this.#process = child;
    // What it has in memory besides files; its peak is not kept by the system.
    this.#memory = setInterval(() => this.#measure(), 200);
    const end = Date.now() + READY_MS;
    for (;;) {
      const ready = await fetch(`http://127.0.0.1:${this.port}/readyz`).catch(() => null);
      if (ready?.ok && existsSync(join(this.data, 'owner.token'))) return;
      if (child.exitCode !== null || Date.now() > end) throw new Error(`the server is not ready; see ${this.data}.log`);
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  #measure() {
    try {
      this.mostMemoryKb = Math.max(this.mostMemoryKb, kilobytes(this.#process.pid, 'RssAnon'));
    } catch {
      // It is just being killed.
    }
  }

  /** SIGKILL: nothing in it hears of that. */
  async kill() {
    if (!this.#process) return;
    clearInterval(this.#memory);
    this.#measure();
    const child = this.#process;
    this.#process = null;
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await ended;
  }

  async ask(path) {
    const answer = await fetch(`http://127.0.0.1:${this.port}${path}`, { headers: { authorization: `Bearer ${this.token}` } });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }
}
