// See scripts/bench-scroll. Scrolls pages of a running server, and prints what each took as one JSON object.
//   node dev/bench-scroll.mjs URL TOKEN-FILE SECONDS '{"library":"/console/library"}'
import { readFileSync } from 'node:fs';
import { launchBrowser } from '../../../player/web/dev/drive.mjs';

const [url, tokenFile, seconds, pages] = process.argv.slice(2);
/** A row of a table, or a picture of a grid. */
const ROWS = '[data-row], [data-picture], main li';
/** A turn of the wheel, CSS pixels, and how many there are between two presses of Page Down. */
const TURN = 900;
const TURNS = 4;

/** In the page: every long task and every long frame, with when it was. */
function watch() {
  const noted = { tasks: [], frames: [] };
  globalThis.noted = noted;
  const note = (type, list, duration) =>
    new PerformanceObserver((entries) => {
      for (const entry of entries.getEntries()) list.push({ at: entry.startTime, ms: duration(entry), by: entry.scripts?.[0]?.invoker });
    }).observe({ type, buffered: true });
  note('longtask', noted.tasks, ({ duration }) => duration);
  note('long-animation-frame', noted.frames, ({ blockingDuration }) => blockingDuration);
}

/** In the page: the furthest row that is drawn, by its index where rows have one. */
function furthest(rows) {
  const drawn = [...document.querySelectorAll(rows)];
  const indices = drawn.map((row) => Number(row.getAttribute('data-row') ?? row.getAttribute('data-picture') ?? -1));
  const most = Math.max(-1, ...indices);
  return most >= 0 ? most + 1 : drawn.length;
}

/** The longest task of the page's own thread by the processor's clock, ms: what other programs took of the machine is not in it. */
function longestOf(trace) {
  const { traceEvents } = JSON.parse(trace.toString());
  const isMain = ({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain';
  const mains = new Set(traceEvents.filter(isMain).map(({ pid, tid }) => `${pid} ${tid}`));
  const tasks = traceEvents.filter(({ name, tdur, pid, tid }) => name.endsWith('RunTask') && tdur && mains.has(`${pid} ${tid}`));
  return tasks.reduce((most, { tdur }) => Math.max(most, tdur / 1000), 0);
}

async function scrolled(context, path) {
  const page = await context.newPage();
  await page.addInitScript(watch);
  await page.goto(url + path);
  await page.locator(ROWS).first().waitFor({ timeout: 60_000 });
  const shown = await page.evaluate(() => performance.now());
  await page.mouse.move(640, 600);
  // What loading took is over, also the tasks that begin after the first rows.
  await page.evaluate(() => new Promise((idle) => requestIdleCallback(idle, { timeout: 5_000 })));
  const began = await page.evaluate(() => performance.now());
  await browser.startTracing(page, { categories: ['toplevel', 'disabled-by-default-devtools.timeline', 'devtools.timeline'] });
  const end = Date.now() + Number(seconds) * 1000;
  let seen = 0;
  for (let turn = 0; Date.now() < end; turn++) {
    if (turn % TURNS === TURNS - 1) await page.keyboard.press('PageDown');
    else await page.mouse.wheel(0, TURN);
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn))));
    seen = Math.max(seen, await page.evaluate(furthest, ROWS));
    const more = page.getByRole('button', { name: /^Show more/ });
    if (turn % TURNS === 0 && (await more.count()) > 0 && (await more.first().isEnabled())) {
      await more.first().click({ timeout: 1_000 }).catch(() => undefined);
    }
  }
  const own = longestOf(await browser.stopTracing());
  const noted = await page.evaluate(() => globalThis.noted);
  const elements = await page.evaluate(() => document.querySelectorAll('*').length);
  await page.close();
  const most = (list, from, until) => list.filter(({ at }) => at >= from && at < until).reduce((a, b) => (b.ms > a.ms ? b : a), { ms: 0 });
  const [task, frame] = [most(noted.tasks, began, Infinity), most(noted.frames, began, Infinity)];
  return {
    shown_ms: Math.round(shown),
    rows_seen: seen,
    elements,
    longest_task_ms: Math.round(own),
    longest_by_the_wall_ms: Math.round(task.ms),
    longest_blocking_ms: Math.round(frame.ms),
    by: frame.by ?? null,
    loading_task_ms: Math.round(most(noted.tasks, 0, began).ms),
  };
}

const browser = await launchBrowser();
const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-GB' });
const token = readFileSync(tokenFile, 'utf8').trim();
await context.request.post(`${url}/session`, { data: { token }, headers: { origin: url } });
const result = {};
for (const [name, path] of Object.entries(JSON.parse(pages))) {
  result[name] = await scrolled(context, path);
  process.stderr.write(`${name}: ${JSON.stringify(result[name])}\n`);
}
await browser.close();
console.log(JSON.stringify(result));
