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
    const page = await browser.newPage({ locale: 'en-GB' });
    await page.goto(address);
    await page.getByRole('textbox', { name: 'Name' }).fill(login);
    said.why = await page.getByRole('main').innerText();
    await page.getByRole('textbox', { name: 'Password' }).fill(password);
    await page.keyboard.press('Enter');
    if (code !== undefined) {
      const field = page.getByRole('textbox', { name: 'Code' });
      await field.fill('zzzz zzzz');
      await page.keyboard.press('Enter');
      await page.locator('input[aria-invalid=true]').waitFor();
      said.unknown = await page.getByRole('main').innerText();
      await field.fill(code);
      await page.keyboard.press('Enter');
    }
    await page.getByRole('heading', { name: 'Does it act for you?' }).waitFor();
    said.what = await page.locator('[data-asking]').innerText();
    said.code = await page.locator('[data-code]').innerText();
    await page.getByRole('button', { name: refuse ? 'Refuse' : 'Approve' }).click();
    const done = page.getByRole('heading', { name: refuse ? 'Refused' : 'It may go on' });
    await done.waitFor();
    said.done = await done.innerText();
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
