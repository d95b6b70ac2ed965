import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { DOCUMENT, OPERATIONS } from '../../src/api/schema';
import { Theatre } from './theatre';

const theatre = Theatre.forThisFile();

it('the types are of the API as it is; otherwise run scripts/console-types', async () => {
  const document = await (await theatre.server.call('GET', '/api/v1/openapi.json')).json();
  const hash = createHash('sha256').update(JSON.stringify(document)).digest('hex');
  expect(hash).toBe(DOCUMENT);
  expect(OPERATIONS.length).toBeGreaterThan(90);
});
