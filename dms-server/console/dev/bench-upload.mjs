// See scripts/bench-upload.
import { spawn, execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { launchBrowser } from '../../../player/web/dev/drive.mjs';
import { CountingProxy } from './bench/proxy.mjs';
import { KillableServer } from './bench/server.mjs';

const { values } = parseArgs({
  options: {
    gib: { type: 'string', default: '5' },
    cuts: { type: 'string', default: '20' },
    seed: { type: 'string', default: '7' },
    by: { type: 'string', default: 'page,cli' },
    program: { type: 'string' },
    'no-transcode': { type: 'boolean', default: false },
  },
});
const ROOT = resolve(import.meta.dirname, '../../..');
const CLIP = join(ROOT, 'tests/media/big-buck-bunny-720p-5s.mp4');
/** The bars: what one cut may cost, and what the server may have in memory, whatever is uploaded. */
const PART_MAX = 16 * 1024 * 1024;
const MEMORY_MAX_KB = 256 * 1024;
/** How long anything may take that should come at once, ms. */
const PATIENCE_MS = 180_000;

const say = (text) => process.stderr.write(`${text}\n`);
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const within = (promise, what) => {
  let timer;
  const late = new Promise((_, fail) => {
    timer = setTimeout(() => fail(new Error(`waited in vain: ${what}`)), PATIENCE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};
/** Mulberry32: the same numbers for the same seed. */
function drawing(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A sparse file of this length that begins as a video does. */
function makeFile(folder, bytes) {
  const path = join(folder, 'town_hall.mp4');
  copyFileSync(CLIP, path);
  truncateSync(path, bytes);
  return path;
}

const digest = (path) => execFileSync('sha256sum', [path]).toString().slice(0, 64);

/** The file at the server, which no job takes while none runs. */
function arrived(data) {
  const names = readdirSync(data, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.bin'));
  if (names.length !== 1) throw new Error(`one file at the server is expected, not ${names}`);
  return join(data, names[0]);
}

/** Uploads by the console's own page. */
class ByPage {
  kinds = ['server killed', 'page reloaded', 'network gone'];

  async begin({ url, token, file }) {
    this.file = file;
    this.browser = await launchBrowser();
    const context = await this.browser.newContext({ locale: 'en-GB' });
    await context.request.post(`${url}/session`, { data: { token }, headers: { origin: url } });
    this.page = await context.newPage();
    this.page.on('dialog', (dialog) => void dialog.accept().catch(() => undefined));
    this.network = await context.newCDPSession(this.page);
    await this.network.send('Network.enable');
    await this.page.goto(`${url}/console/uploads`);
    await this.choose();
  }

  choose() {
    return this.page.setInputFiles('input[type=file]', this.file);
  }

  online(is) {
    const unbound = { latency: 0, downloadThroughput: -1, uploadThroughput: -1 };
    return this.network.send('Network.emulateNetworkConditions', { offline: !is, ...unbound });
  }

  async cut(kind, server) {
    if (kind === 'server killed') {
      await server.kill();
      await server.start();
    } else if (kind === 'page reloaded') {
      await this.page.reload();
      await this.page.getByText('An earlier visit did not finish it.').waitFor();
      await this.choose();
    } else {
      await this.online(false);
      await this.page.locator('[data-upload="offline"]').waitFor();
      await this.online(true);
    }
  }

  done() {
    return this.page.locator('[data-upload="done"]').waitFor({ timeout: 0 });
  }

  /** What somebody sees who looks why it does not go on. */
  async standing() {
    return (await this.page.locator('[data-upload]').allInnerTexts()).join('; ');
  }

  async end() {
    await this.browser?.close();
  }
}

/** Uploads by `dms publish`. */
class ByCli {
  kinds = ['server killed', 'command killed'];

  async begin({ url, file, program, data, folder }) {
    const env = { ...process.env, DMS_URL: url, DMS_TOKEN_FILE: join(data, 'owner.token'), XDG_CACHE_HOME: join(folder, 'cache') };
    this.run = () => {
      const child = spawn(program, ['publish', file], { env, stdio: ['ignore', 'ignore', 'pipe'] });
      let said = '';
      child.stderr.on('data', (bytes) => (said += bytes));
      this.child = child;
      child.once('exit', (code) => {
        if (this.child === child) this.ended?.(code === 0 ? null : new Error(`dms publish ended with ${code}: ${said}`));
      });
    };
    this.over = new Promise((done, fail) => {
      this.ended = (error) => (error ? fail(error) : done());
    });
    this.over.catch(() => undefined);
    this.run();
  }

  async cut(kind, server) {
    if (kind === 'server killed') {
      await server.kill();
      await server.start();
      return;
    }
    const child = this.child;
    this.child = null;
    const gone = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await gone;
    this.run();
  }

  done() {
    return this.over;
  }

  async standing() {
    return `exit code ${this.child?.exitCode}`;
  }

  async end() {
    this.child?.kill('SIGKILL');
  }
}

async function survive(name, way, { bytes, cuts, seed, program }) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-upload.'));
  const data = join(folder, 'data');
  const draw = drawing(seed);
  const proxy = await CountingProxy.start();
  const server = await KillableServer.make(program, data);
  proxy.leadTo(server.port);
  try {
    const file = makeFile(folder, bytes);
    const settings = { 'public.origin': proxy.url, 'media.jobs': '0', 'log.filter': 'warn' };
    await server.start(settings);
    const began = Date.now();
    const points = Array.from({ length: cuts }, () => Math.floor((0.01 + 0.97 * draw()) * bytes)).sort((a, b) => a - b);
    await way.begin({ url: proxy.url, token: server.token, file, program, data, folder });
    for (const [at, point] of points.entries()) {
      // Each kind in turn, so that all are there however few the cuts are.
      const kind = way.kinds[at % way.kinds.length];
      await within(Promise.race([proxy.reached(point), way.done().then(() => Promise.reject(new Error('it ended before it was cut')))]), `the byte ${point}`)
        .catch(async (error) => Promise.reject(new Error(`${error.message}; it stands at: ${await way.standing()}`)));
      proxy.cuts += 1;
      await within(way.cut(kind, server), kind);
      say(`${name}: cut ${at + 1} of ${cuts} at ${Math.floor((100 * point) / bytes)}%: ${kind}`);
    }
    await within(way.done(), 'the end of the upload').catch(async (error) =>
      Promise.reject(new Error(`${error.message}; it stands at: ${await way.standing()}`)),
    );
    const seconds = (Date.now() - began) / 1000;
    const { after, unasked } = proxy.sentTwice();
    const same = digest(file) === digest(arrived(data));
    const onDisk = statSync(file).blocks * 512;
    const figures = {
      cuts,
      seconds: Math.round(seconds),
      part_bytes: proxy.partSize(),
      most_sent_twice: Math.max(0, ...after),
      sent_twice: after.reduce((sum, one) => sum + one, 0),
      sent_twice_uncut: unasked,
      same_sha256: same,
      source_on_disk: onDisk,
      server_memory_kb: server.mostMemoryKb,
    };
    if (!values['no-transcode']) figures.transcode = await transcoded(server, settings);
    return figures;
  } finally {
    await way.end();
    await server.kill();
    proxy.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What becomes of the file once jobs run again: the clip's pictures, and zeros after them. */
async function transcoded(server, settings) {
  await server.kill();
  await server.start({ ...settings, 'media.jobs': '1' });
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const [title] = (await server.ask('/api/v1/titles')).items;
    if (title.state === 'complete') return 'complete';
    if (title.state === 'failed') return `refused: ${title.error.code}`;
    if (Date.now() > end) return `${title.state} after ${PATIENCE_MS / 1000} s`;
    await pause(500);
  }
}

const target = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target');
const program = values.program ?? [join(target, 'release/dms'), join(target, 'debug/dms')].find(existsSync);
if (!program) {
  say('bench-upload: there is no dms; run: make build');
  process.exit(1);
}
const bytes = Math.round(Number(values.gib) * 2 ** 30);
const cuts = Number(values.cuts);
const ways = { page: () => new ByPage(), cli: () => new ByCli() };
const asked = values.by.split(',');
if (!(bytes > statSync(CLIP).size && Number.isInteger(cuts) && cuts >= 0 && asked.every((way) => way in ways))) {
  say('bench-upload: --gib is a number, --cuts a whole one, --by page, cli or both; see --help');
  process.exit(2);
}
const result = { bench: 'upload', program: program.includes('/release/') ? 'release' : 'debug', bytes, seed: Number(values.seed) };
const missed = [];
for (const way of asked) {
  const figures = await survive(way, ways[way](), { bytes, cuts, seed: Number(values.seed), program });
  result[way] = figures;
  say(`${way}: ${JSON.stringify(figures)}`);
  if (figures.part_bytes > PART_MAX || figures.most_sent_twice > figures.part_bytes) missed.push(`${way}: more than a part was sent twice`);
  if (figures.sent_twice_uncut > 0) missed.push(`${way}: bytes were sent twice without a cut`);
  if (!figures.same_sha256) missed.push(`${way}: the file at the server is another`);
  if (figures.server_memory_kb > MEMORY_MAX_KB) missed.push(`${way}: the server had more than ${MEMORY_MAX_KB} kB`);
}
console.log(JSON.stringify({ ...result, reached: missed.length === 0 }));
if (missed.length > 0) {
  say(`bench-upload: ${missed.join('; ')}`);
  process.exitCode = 1;
}
