/** What the development servers share: listening, bodies, answers. */

import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request being answered. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly method: string;
}

/** A running server. */
export interface Listening {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Answers with JSON. */
export function sendJson({ response }: Exchange, status: number, body: unknown, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

let problems = 0;

/** Answers with a problem document (RFC 9457). */
export function sendProblem({ response }: Exchange, status: number, code: string, detail: string): void {
  problems += 1;
  const type = `/problems#${code}`;
  const body = { type, title: code, status, detail, code, request_id: `dev-${problems}` };
  response.writeHead(status, { 'content-type': 'application/problem+json' });
  response.end(JSON.stringify(body));
}

/** Answers with bytes. */
export function sendBytes(
  { response }: Exchange,
  type: string,
  body: Uint8Array | string,
  headers = {},
): void {
  response.writeHead(200, { 'content-type': type, 'content-length': Buffer.byteLength(body), ...headers });
  response.end(body);
}

/** Reads a body of at most 64 MiB. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > 64 * 1024 * 1024) throw new Error('the body is too long');
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Reads a JSON body; an empty object when it is not one. */
export async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  try {
    return JSON.parse((await readBody(request)).toString('utf8')) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** Listens on loopback. Port 0 takes any free one. */
export async function listen(
  port: number,
  answer: (exchange: Exchange) => Promise<void> | void,
): Promise<Listening> {
  const server: Server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://dev.invalid');
    const exchange = { request, response, url, method: request.method ?? 'GET' };
    Promise.resolve(answer(exchange)).catch((error: unknown) => {
      if (!response.headersSent) sendProblem(exchange, 500, 'internal', String(error));
      else response.destroy();
    });
  });
  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen(port, '127.0.0.1', done);
  });
  const { port: taken } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${taken}`,
    port: taken,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
