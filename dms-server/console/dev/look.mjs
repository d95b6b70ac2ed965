// Takes pictures of pages of the console, signed in with a token, in light and dark.
//   node dev/look.mjs --url http://127.0.0.1:8080 --token-file FILE --out FOLDER PATH...
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { launchBrowser } from '../../../player/web/dev/drive.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    url: { type: 'string' },
    'token-file': { type: 'string' },
    out: { type: 'string', default: 'looks' },
    width: { type: 'string', default: '1280' },
    locale: { type: 'string', default: 'en-GB' },
    press: { type: 'string' },
    signedout: { type: 'boolean', default: false },
  },
});
mkdirSync(values.out, { recursive: true });
const browser = await launchBrowser();
for (const scheme of ['light', 'dark']) {
  const viewport = { width: Number(values.width), height: 900 };
  const context = await browser.newContext({ viewport, colorScheme: scheme, locale: values.locale });
  if (!values.signedout) {
    const data = { token: readFileSync(values['token-file'], 'utf8').trim() };
    await context.request.post(`${values.url}/session`, { data, headers: { origin: values.url } });
  }
  for (const path of positionals) {
    const page = await context.newPage();
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && console.log(message.text()));
    page.on('pageerror', (error) => console.log(String(error)));
    await page.goto(`${values.url}/console${path}`, { waitUntil: 'networkidle' });
    for (const key of values.press?.split(' ') ?? []) await page.keyboard.press(key);
    await page.waitForTimeout(300);
    const name = `${path.replaceAll(/[^a-z0-9]+/gi, '-').replace(/^-|-$/g, '') || 'home'}-${scheme}.png`;
    await page.screenshot({ path: join(values.out, name) });
    await page.close();
  }
  await context.close();
}
await browser.close();
