#!/usr/bin/env node
// Answers a command line that asks to be let in, in Chromium, as a person would: opens the page, signs in, reads what asks,
// approves or refuses. With --code the code is typed; without, it is in the page's address.
//   node dev/let-in.mjs --page http://127.0.0.1:8080/device?code=BCDF-GHJK --login ana --password PASSWORD
//        [--code bcdfghjk] [--refuse] [--chromium /usr/bin/chromium]
// Prints what the page says at each step as one line of JSON. Exit code: 0 answered, 1 not, 2 wrong usage.
import { parseArgs } from 'node:util';
import { launchBrowser } from './drive.mjs';

async function run({ address, login, password, code, refuse, chromiumPath }) {
  const browser = await launchBrowser({ chromiumPath });
  const said = {};
  try {
    const page = await browser.newPage();
    await page.goto(address);
    await page.waitForSelector('#account');
    said.why = await page.textContent('#account p');
    await page.fill('#login', login);
    await page.fill('#password', password);
    await page.click('#account button[type=submit]');
    if (code !== undefined) {
      await page.waitForSelector('#user-code');
      await page.fill('#grant-code', 'zzzz zzzz');
      await page.click('#user-code button[type=submit]');
      await page.waitForSelector('#grant-code[aria-invalid]');
      said.unknown = await page.textContent('#grant-code-error');
      await page.fill('#grant-code', code);
      await page.click('#user-code button[type=submit]');
    }
    await page.waitForSelector('#let-in-question');
    said.what = await page.textContent('#let-in-what');
    said.code = await page.textContent('#let-in-code');
    await page.click(refuse ? '#refuse' : '#approve');
    await page.waitForSelector('#let-in-done');
    said.done = await page.textContent('#let-in-done h2');
  } finally {
    await browser.close();
  }
  return said;
}

const { values } = parseArgs({
  options: {
    page: { type: 'string' },
    login: { type: 'string' },
    password: { type: 'string' },
    code: { type: 'string' },
    refuse: { type: 'boolean', default: false },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
  },
});
if (!values.page || !values.login || !values.password) {
  console.error('usage: let-in.mjs --page URL --login NAME --password PASSWORD [--code CODE] [--refuse] [--chromium FILE]');
  process.exit(2);
}
try {
  const { page: address, login, password, code, refuse, chromium: chromiumPath } = values;
  console.log(JSON.stringify(await run({ address, login, password, code, refuse, chromiumPath })));
} catch (error) {
  console.error(`let-in: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}
