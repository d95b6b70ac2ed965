#!/usr/bin/env node
// Prints, for every way a browser can stand towards the agent, the rung it comes to, whether anybody was asked unasked,
// and the seconds to the first picture: the median of several visits.
//   node dev/bench-paths.mjs [--visits 5]
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runnerImport } from 'vite';

const { values } = parseArgs({ options: { visits: { type: 'string', default: '5' } } });
const visits = Math.max(1, Number(values.visits) || 1);
const entry = fileURLToPath(new URL('./paths.ts', import.meta.url));
const { module } = await runnerImport(entry, { configFile: false, logLevel: 'error' });
const standpoints = await module.Standpoints.open();
const why = standpoints.prescribe();
const row = (...cells) => console.log(cells.map((cell, i) => String(cell).padEnd([19, 9, 8, 12, 8, 7, 9, 9][i])).join(''));
let slowest = 0;
let wrong = 0;
try {
  row('page', 'permission', ' path', ' reason', ' offered', ' asked', ' median s', ' worst s');
  for (const combination of module.COMBINATIONS) {
    const { space, grant } = combination;
    if (grant === 'policy' && why !== null) {
      row(space, grant, ` SKIPPED: ${why}`);
      wrong += 1;
      continue;
    }
    const outcomes = [];
    for (let i = 0; i < visits; i++) outcomes.push(await standpoints.stand(combination));
    const times = outcomes.map(({ firstPictureS }) => firstPictureS).sort((a, b) => a - b);
    const { state } = outcomes[0];
    const as = ({ state: s, asked }) => s.path === combination.path && s.route.offered === combination.offered && !asked;
    if (!outcomes.every(as)) wrong += 1;
    slowest = Math.max(slowest, times.at(-1));
    const asked = outcomes.filter((one) => one.asked).length;
    const median = times[Math.floor(times.length / 2)].toFixed(2);
    const { reason, offered } = state.route;
    const cells = [state.path, reason, offered, asked, median, times.at(-1).toFixed(2)];
    row(space, grant, ...cells.map((cell) => ` ${cell}`));
  }
} finally {
  await standpoints.close();
}
console.log(`slowest start ${slowest.toFixed(2)} s; ${wrong} of ${module.COMBINATIONS.length} not as they should be`);
process.exitCode = wrong === 0 ? 0 : 1;
