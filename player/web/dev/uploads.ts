/** tus 1.0, as much of it as a browser's upload uses. Tests only: it keeps the bytes in memory. */

import { randomUUID } from 'node:crypto';
import { type Exchange, readBody, sendProblem } from './http';

interface Upload {
  readonly length: number;
  readonly name: string;
  bytes: Buffer;
}

const TUS = { 'tus-resumable': '1.0.0' };

/** The uploads under way. */
export class Uploads {
  /** `PATCH` requests to refuse with 500 from now on. */
  refuse = 0;
  /** Bytes that came in, again included. */
  received = 0;
  readonly #uploads = new Map<string, Upload>();
  readonly #done: (name: string, bytes: Buffer) => string;

  /** `done` gets each finished upload and names the title it became. */
  constructor(done: (name: string, bytes: Buffer) => string) {
    this.#done = done;
  }

  async answer(exchange: Exchange): Promise<void> {
    const { request, response, url, method } = exchange;
    if (method === 'POST') return this.#create(exchange);
    const id = url.pathname.split('/').at(-1) ?? '';
    const upload = this.#uploads.get(id);
    if (!upload) return sendProblem(exchange, 404, 'upload_not_found', id);
    if (method === 'HEAD') {
      const sizes = { 'upload-offset': upload.bytes.length, 'upload-length': upload.length };
      response.writeHead(200, { ...TUS, ...sizes, 'cache-control': 'no-store' }).end();
      return;
    }
    if (method === 'DELETE') {
      this.#uploads.delete(id);
      response.writeHead(204, TUS).end();
      return;
    }
    const body = await readBody(request);
    this.received += body.length;
    if (this.refuse > 0) {
      this.refuse -= 1;
      return sendProblem(exchange, 500, 'internal', 'refused for the test');
    }
    if (Number(request.headers['upload-offset']) !== upload.bytes.length) {
      return sendProblem(exchange, 409, 'offset_conflict', 'another offset was expected');
    }
    upload.bytes = Buffer.concat([upload.bytes, body]);
    this.#accepted(exchange, id, upload);
  }

  #create({ request, response }: Exchange): void {
    const id = randomUUID();
    const pairs = String(request.headers['upload-metadata'] ?? '').split(',');
    const metadata = new Map(pairs.map((pair) => pair.trim().split(' ') as [string, string]));
    const name = Buffer.from(metadata.get('title') ?? '', 'base64').toString('utf8');
    this.#uploads.set(id, { length: Number(request.headers['upload-length']), name, bytes: Buffer.alloc(0) });
    response.writeHead(201, { ...TUS, location: `/api/v1/uploads/${id}` }).end();
  }

  #accepted({ response }: Exchange, id: string, upload: Upload): void {
    const headers: Record<string, string> = { ...TUS, 'upload-offset': String(upload.bytes.length) };
    if (upload.bytes.length === upload.length) {
      headers['dms-title'] = this.#done(upload.name, upload.bytes);
      this.#uploads.delete(id);
    }
    response.writeHead(204, headers).end();
  }
}
