#!/usr/bin/env node
// The development server: a DMS with a few titles, and an agent. For working on the pages, and for
// looking at them; nothing of it is part of the product.
//   node dev/serve.mjs [--port 8080] [--agent-port 7747] [--clip FILE] [--seconds 12]
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runnerImport } from 'vite';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8080' },
    'agent-port': { type: 'string', default: '7747' },
    clip: { type: 'string' },
    seconds: { type: 'string', default: '12' },
  },
});
const entry = fileURLToPath(new URL('./stage.ts', import.meta.url));
const { module } = await runnerImport(entry, { configFile: false, logLevel: 'error' });
const stage = await module.startStage({
  port: Number(values.port),
  agentPort: Number(values['agent-port']),
  clip: { ...(values.clip ? { file: values.clip } : {}), seconds: Number(values.seconds) },
  shelf: true,
});
console.log(`DMS    ${stage.dms.url}`);
console.log(`agent  ${stage.agent.url}`);
console.log(`token  ${stage.dms.token}`);
console.log(`watch  ${stage.watchUrl()}`);
