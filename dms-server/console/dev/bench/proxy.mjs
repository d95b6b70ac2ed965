// A proxy in front of a server that counts what of each part of an upload went through it, byte by byte, so that
// what was sent twice is known, not guessed.
import { Agent, createServer, request } from 'node:http';

/** A part of an upload: the body of one PATCH. */
const PART = /^\/api\/v1\/uploads\/[^/]+$/;

export class CountingProxy {
  /** What came of each part, in order: its offset, how long it said it is, how much went through, how many cuts there were. */
  parts = [];
  /** How often the upload was cut so far; whoever cuts counts it. */
  cuts = 0;
  #server;
  #target;
  #watches = [];
  // A connection of its own for each request: one that died with the server is never used again.
  #agent = new Agent({ keepAlive: false });

  static async start() {
    const proxy = new CountingProxy();
    proxy.#server = createServer((from, to) => proxy.#pass(from, to));
    await new Promise((ready) => proxy.#server.listen(0, '127.0.0.1', ready));
    return proxy;
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  /** Where the requests go from now on. */
  leadTo(port) {
    this.#target = port;
  }

  /** Until bytes at or after this offset go through, in a part that began after the last cut. */
  reached(offset) {
    return new Promise((done) => this.#watches.push({ offset, since: this.parts.length, done }));
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #pass(from, to) {
    const { connection: _, ...headers } = from.headers;
    const options = { host: '127.0.0.1', port: this.#target, method: from.method, path: from.url, headers, agent: this.#agent };
    const onward = request(options, (answer) => {
      to.writeHead(answer.statusCode, answer.headers);
      answer.pipe(to);
      answer.on('error', () => to.destroy());
    });
    onward.on('error', () => to.destroy());
    to.on('close', () => onward.destroy());
    if (from.method === 'PATCH' && PART.test(from.url)) this.#count(from);
    from.pipe(onward);
  }

  #count(from) {
    const part = { offset: Number(from.headers['upload-offset']), length: Number(from.headers['content-length']), bytes: 0, cuts: this.cuts };
    const number = this.parts.push(part) - 1;
    from.on('data', (bytes) => {
      part.bytes += bytes.length;
      const over = this.#watches.filter(({ offset, since }) => number >= since && part.offset + part.bytes >= offset);
      if (over.length === 0) return;
      this.#watches = this.#watches.filter((watch) => !over.includes(watch));
      for (const { done } of over) done();
    });
  }

  /** Bytes sent twice after each cut, and those sent twice without one. */
  sentTwice() {
    const after = Array.from({ length: this.cuts }, () => 0);
    let unasked = 0;
    for (const [at, part] of this.parts.entries()) {
      const before = this.parts[at - 1];
      if (!before) continue;
      const twice = before.offset + before.bytes - part.offset;
      if (twice < 0) throw new Error(`a part begins at ${part.offset}, but only ${before.offset + before.bytes} bytes were sent`);
      if (part.cuts === 0) unasked += twice;
      else after[part.cuts - 1] += twice;
    }
    return { after, unasked };
  }

  /** The largest part, as it was announced. */
  partSize() {
    return Math.max(0, ...this.parts.map(({ length }) => length));
  }
}
