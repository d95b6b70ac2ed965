/** Real agents of one office, for the tests of the agent's page. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PROGRAMS, type Server } from './server';

const run = promisify(execFile);
const PROGRAM = join(PROGRAMS, 'edge-peer');
/** How long anything here may take, ms. */
const PATIENCE_MS = 60_000;
const LOOK_MS = 25;

/** A running agent and its folder. */
export class Agent {
  readonly state: string;
  readonly #process: ChildProcess;
  readonly #ended: Promise<number | null>;

  private constructor(state: string, process: ChildProcess) {
    this.state = state;
    this.#process = process;
    this.#ended = new Promise((done) => process.once('exit', done));
  }

  /** Enrols PC `number` of the office and starts its agent, configured as its company would. */
  static async start(server: Server, number: number, configuration = ''): Promise<Agent> {
    const state = mkdtempSync(join(tmpdir(), 'dms-agent-'));
    const { token } = (await (await server.call('POST', '/api/v1/enrollment-tokens', { uses: 1 })).json()) as {
      token: string;
    };
    const tokenFile = join(state, 'token');
    writeFileSync(tokenFile, token, { mode: 0o600 });
    const config = join(state, 'edge.toml');
    const listen = `bind = '127.1.0.${number}'\nchunk_listen = '127.1.0.${number}:0'\nlocal_listen = '127.0.0.1:0'\n`;
    writeFileSync(config, `${listen}metered = false\n${configuration}`);
    const folder = join(state, 'agent');
    const settings = ['--state', folder, '--config', config];
    const enrol = ['--dms', server.url, '--token-file', tokenFile, '--name', `Canary ${number}`];
    await run(PROGRAM, ['enroll', ...enrol, ...settings]);
    const agent = new Agent(folder, spawn(PROGRAM, ['run', ...settings], { stdio: 'ignore' }));
    await until('the agent listens', () => existsSync(join(folder, 'local.address')));
    return agent;
  }

  /** Where it listens. */
  get url(): string {
    return `http://${readFileSync(join(this.state, 'local.address'), 'utf8').trim()}`;
  }

  /** Its command line. */
  async say(...command: string[]): Promise<string> {
    return (await run(PROGRAM, [...command, '--state', this.state])).stdout.trim();
  }

  /** A link to its page, which works once. */
  link(): Promise<string> {
    return this.say('open', '--print');
  }

  /** A request as a program of this PC makes it. */
  async ask(method: string, path: string, body?: unknown): Promise<Response> {
    const bearer = readFileSync(join(this.state, 'local.token'), 'utf8').trim();
    const answer = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${bearer}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  }

  /** What it says of itself. */
  async status(): Promise<{ sharing: string; roster: number; cache: { used: number; limit: number } }> {
    return (await (await this.ask('GET', '/v1/status')).json()) as Awaited<ReturnType<Agent['status']>>;
  }

  /** Fetches a whole title, as a player that saves it does. */
  async fetchWhole(title: string): Promise<void> {
    await (await this.ask('POST', `/v1/titles/${title}/fetch`)).arrayBuffer();
  }

  /** Its exit code, once it ended. */
  async ended(): Promise<number | null> {
    const late = new Promise<never>((_, fail) => {
      setTimeout(() => fail(new Error('the agent still runs')), PATIENCE_MS).unref();
    });
    return Promise.race([this.#ended, late]);
  }

  /** Ends it, and removes its folder. */
  async stop(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#ended;
    rmSync(join(this.state, '..'), { recursive: true, force: true });
  }
}

/** Waits until something holds. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((done) => setTimeout(done, LOOK_MS));
  }
}
