/** What is wrong in a form of who keeps the system is said at its field, with the code and the fix. */

import { expect, it } from 'vitest';
import { isWrong } from './hands';
import { close, Theatre } from './theatre';

const theatre = Theatre.forThisFile();

it('a webhook, a person, a token and a campaign say what is wrong, with the code and the fix', async () => {
  const { server } = theatre;
  await server.call('POST', '/api/v1/people', { login: 'ana@example.com', name: 'Ana', roles: ['viewer'] });
  const opened = await theatre.open('/settings?webhook=new');
  const { page } = opened;
  const { url } = theatre.server;
  for (const [address, fix] of [
    ['', ''],
    ['not an address', ''],
    // Which of its faults is named first depends on whether the name can be resolved here.
    ['http://hooks.example.com/', ''],
    ['https://127.0.0.1/', ''],
    ['ftp://hooks.example.com/', ''],
  ] as const) {
    await page.getByLabel('Address').fill(address);
    await page.getByRole('button', { name: 'Save' }).click();
    await isWrong(page.getByLabel('Address'), '', fix);
    expect(await page.locator('[data-problem-code]').innerText()).toBe('invalid_webhook');
  }
  await page.goto(`${url}/console/people?person=new`);
  const form = page.getByRole('dialog');
  for (const [login, name, password, label, code] of [
    ['', 'Bo', '', 'Signs in as', 'invalid_login'],
    ['with spaces', 'Bo', '', 'Signs in as', 'invalid_login'],
    ['bo@example.com', '', '', 'Name', 'length'],
    ['bo@example.com', 'Bo', 'short', 'Password', 'weak_password'],
    ['ana@example.com', 'Ana', '', 'Signs in as', 'taken'],
  ] as const) {
    await form.getByLabel('Signs in as').fill(login);
    await form.getByLabel('Name', { exact: true }).fill(name);
    await form.getByLabel('Password', { exact: true }).fill(password);
    await form.getByRole('button', { name: 'Save' }).click();
    await isWrong(form.getByLabel(label, { exact: true }), code, '');
  }
  await page.goto(`${url}/console/settings?tab=tokens`);
  for (const [name, days, label, code] of [
    ['CI', 'many', 'Days', 'not_a_number'],
    ['', '9', 'What it is for', 'length'],
    ['CI', '9', 'Roles', 'empty'],
  ] as const) {
    await page.getByLabel('What it is for').fill(name);
    await page.getByLabel('Days').fill(days);
    await page.getByRole('button', { name: 'Make it' }).click();
    await isWrong(page.getByLabel(label, { exact: true }).first(), code, '');
  }
  await page.goto(`${url}/console/campaigns?add=yes`);
  for (const copies of ['many', '', '1.5']) {
    await page.getByLabel('Copies at each site').fill(copies);
    await page.getByRole('button', { name: 'Make it' }).click();
    await isWrong(page.getByLabel('Title', { exact: true }).first(), 'required', 'Choose');
    await isWrong(page.getByLabel('Copies at each site'), 'not_a_number', '1 to 8');
  }
  await close(opened);
});
