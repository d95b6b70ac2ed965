import { type Page } from 'playwright-core';
import { afterEach, describe, expect, it } from 'vitest';
import { isWrong, tabTo } from './hands';
import { close, Theatre } from './theatre';

const theatre = Theatre.forThisFile();

interface Site {
  readonly id: string;
  readonly name: string;
  readonly subnets: string[];
}

async function sites(): Promise<Site[]> {
  return ((await (await theatre.server.call('GET', '/api/v1/sites')).json()) as { items: Site[] }).items;
}

async function noSites(): Promise<void> {
  for (const { id } of await sites()) await theatre.server.call('DELETE', `/api/v1/sites/${id}`);
}

afterEach(noSites);

const GOOD = 'site,subnets,peering,wan_mbit\nLyon,10.20.0.0/16 fd00:20::/32,on,50\nParis,10.30.0.0/16,leech,\n';

/** A row of the table of faults: line, column, value, what is wrong, fix, code. */
async function fault(page: Page, code: string): Promise<string[]> {
  const row = page.getByRole('region', { name: 'Faults' }).getByRole('row').filter({ hasText: code }).first();
  await row.waitFor();
  return row.getByRole('cell').allInnerTexts();
}

/** What is wrong with a sheet: the text, then line, column, code and a part of the fix. */
const SHEETS: readonly (readonly [string, string, string, string, string])[] = [
  [' \n', 'File', '', 'empty', 'site,subnets'],
  ['a,b\nc,d\n', '1', 'site', 'no_column', 'site,subnets'],
  ['site,b\nc,d\n', '1', 'subnets', 'no_column', 'site,subnets'],
  ['site,subnets\n,10.0.0.0/8\n', '2', 'site', 'length', '1 to 100'],
  [`site,subnets\n${'x'.repeat(101)},10.0.0.0/8\n`, '2', 'site', 'length', '1 to 100'],
  ['site,subnets\nLyon,here\n', '2', 'subnets', 'invalid_subnet', '10.20.0.0/16'],
  ['site,subnets\nLyon,10.20.0/16\n', '2', 'subnets', 'invalid_subnet', '10.20.0.0/16'],
  ['site,subnets\nLyon,10.20.0.0/\n', '2', 'subnets', 'invalid_subnet', '10.20.0.0/16'],
  ['site,subnets\nLyon,10.20.0.0/-1\n', '2', 'subnets', 'invalid_subnet', '10.20.0.0/16'],
  ['site,subnets\nLyon,300.20.0.0/16\n', '2', 'subnets', 'invalid_subnet', '10.20.0.0/16'],
  ['site,subnets\nLyon,=cmd()\n', '2', 'subnets', 'invalid_subnet', '10.20.0.0/16'],
  ['site,subnets\nLyon,<img src=x onerror=alert(1)>\n', '2', 'subnets', 'invalid_subnet', '10.20.0.0/16'],
  ['site,subnets\nLyon,10.20.0.0/33\n', '2', 'subnets', 'prefix', '/32'],
  ['site,subnets\nLyon,fd00::/129\n', '2', 'subnets', 'prefix', '/128'],
  ['site,subnets\nLyon,10.1.2.3/16\n', '2', 'subnets', 'host_bits', 'Write 10.1.0.0/16'],
  ['site,subnets\nLyon,fd00::1/64\n', '2', 'subnets', 'host_bits', 'Write fd00::/64'],
  ['site,subnets,peering\nLyon,10.0.0.0/8,maybe\n', '2', 'peering', 'peering', 'consume_only'],
  ['site,subnets,wan\nLyon,10.0.0.0/8,fast\n', '2', 'wan_mbit', 'range', 'Mbit/s'],
  ['site,subnets,wan\nLyon,10.0.0.0/8,-1\n', '2', 'wan_mbit', 'range', 'Mbit/s'],
  ['site,subnets,wan\nLyon,10.0.0.0/8,NaN\n', '2', 'wan_mbit', 'range', 'Mbit/s'],
  ['site,subnets,wan\nLyon,10.0.0.0/8,1e300\n', '2', 'wan_mbit', 'range', 'Mbit/s'],
  ['site,subnets,peering\nLyon,10.0.0.0/8,on\nLyon,,off\n', '3', 'site', 'contradiction', ''],
  ['site,subnets\nLyon,10.0.0.0/8\nParis,10.0.0.0/8\n', '3', 'subnets', 'overlap', ''],
];

describe('J9: sites from a sheet', () => {
  it('says of every wrong sheet the line, the column, the code and the fix', async () => {
    const opened = await theatre.open('/network/import');
    const { page } = opened;
    const field = page.getByLabel('Sheet');
    for (const [text, line, column, code, fix] of SHEETS) {
      await field.fill('');
      await page.getByText('Nothing to look at yet').waitFor();
      await field.fill(text);
      // The faults of the text before stand there until those of this one are known.
      await expect.poll(async () => (await fault(page, code))[4], { message: text }).toContain(fix);
      const cells = await fault(page, code);
      expect([cells[0], cells[1], cells[5]], text).toEqual([line, column, code]);
      expect(cells[3], text).not.toBe('');
      expect(await page.getByRole('button', { name: 'Apply' }).isDisabled(), text).toBe(true);
    }
    await close(opened);
    expect(await sites()).toEqual([]);
  });

  it('sends the bytes of a file as they are, so that a wrong encoding is named', async () => {
    const opened = await theatre.open('/network/import');
    const { page } = opened;
    const buffer = Buffer.concat([Buffer.from('site,subnets\nLyon,'), Buffer.from([0xff, 0x0a])]);
    await page.locator('input[type=file]').setInputFiles({ name: 'sites.csv', mimeType: 'text/csv', buffer });
    const cells = await fault(page, 'not_utf8');
    expect(cells[0]).toBe('2');
    expect(cells[4]).toContain('UTF-8');
    await close(opened);
  });

  it('leads from a fault to its line', async () => {
    const opened = await theatre.open('/network/import');
    const { page } = opened;
    await page.getByLabel('Sheet').fill('site,subnets\nLyon,10.0.0.0/8\nParis,here\n');
    await page.getByRole('button', { name: 'Go to line 3' }).click();
    const selected = await page.getByLabel('Sheet').evaluate((area: HTMLTextAreaElement) =>
      area.value.slice(area.selectionStart, area.selectionEnd),
    );
    expect(selected).toBe('Paris,here');
    await close(opened);
  });

  it('looks first, applies, and takes back, by the keyboard alone', async () => {
    const opened = await theatre.open('/');
    const { page } = opened;
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('n');
    await page.getByText('There is no site yet').waitFor();
    await tabTo(page, 'link', 'Import CSV');
    await page.keyboard.press('Enter');
    await tabTo(page, 'textbox', 'Sheet');
    await page.keyboard.insertText(`${GOOD}Wrong,10.1.2.3/16,on,1\n`);
    expect((await fault(page, 'host_bits'))[0]).toBe('4');
    await page.keyboard.press('Control+a');
    await page.keyboard.insertText(GOOD);
    const table = page.getByRole('table', { name: 'What becomes of the sites' });
    await table.getByRole('row').filter({ hasText: 'Paris' }).filter({ hasText: '+ 10.30.0.0/16' }).waitFor();
    await expect.poll(() => page.getByRole('button', { name: 'Apply' }).isEnabled()).toBe(true);
    expect(await sites()).toEqual([]);
    await tabTo(page, 'button', 'Apply');
    await page.keyboard.press('Enter');
    await page.getByText('It can be taken back for 24 hours').waitFor();
    expect((await sites()).map(({ name }) => name)).toEqual(['Lyon', 'Paris']);
    await tabTo(page, 'button', 'Undo');
    await page.keyboard.press('Enter');
    await page.getByText('The change was taken back.').waitFor();
    expect(await sites()).toEqual([]);
    await close(opened);
  });

  it('moves a subnet that another site has when it is told to, and lists the change with its undo', async () => {
    await theatre.server.call('POST', '/api/v1/sites', { name: 'Old', subnets: ['10.50.0.0/16', '10.51.0.0/16'] });
    const opened = await theatre.open('/network/import');
    const { page } = opened;
    await page.getByLabel('Sheet').fill('site,subnets\nNew,10.50.0.0/16\n');
    expect((await fault(page, 'overlap'))[1]).toBe('subnets');
    await page.getByLabel('Move subnets that another site has').check({ force: true });
    await expect.poll(() => new URL(page.url()).searchParams.get('conflicts')).toBe('move');
    const table = page.getByRole('table', { name: 'What becomes of the sites' });
    await table.getByRole('row').filter({ hasText: 'Old' }).filter({ hasText: '− 10.50.0.0/16' }).waitFor();
    await page.getByRole('button', { name: 'Apply' }).click();
    await page.getByText('It can be taken back for 24 hours').waitFor();
    expect((await sites()).map(({ name, subnets }) => [name, subnets])).toEqual([
      ['New', ['10.50.0.0/16']],
      ['Old', ['10.51.0.0/16']],
    ]);
    await page.goto(`${theatre.server.url}/console/network?tab=changes`);
    await page.getByRole('button', { name: 'Undo: 2 sites imported' }).first().click();
    await page.getByText('The change was taken back.').waitFor();
    expect((await sites()).map(({ name }) => name)).toEqual(['Old']);
    await close(opened);
  });
});

/** What is wrong with a site's form: name, subnets, cap; then the input, the code and a part of the fix. */
const FORMS: readonly (readonly [string, string, string, string, string, string])[] = [
  ['', '', '', 'Name', 'length', '1 to 100'],
  ['y'.repeat(101), '', '', 'Name', 'length', '1 to 100'],
  ['Nice', 'here', '', 'Subnets', 'invalid_subnet', 'here'],
  ['Nice', '10.20.0/16', '', 'Subnets', 'invalid_subnet', '10.20.0/16'],
  ['Nice', '10.60.0.0/33', '', 'Subnets', 'invalid_subnet', '32'],
  ['Nice', 'fd00::/129', '', 'Subnets', 'invalid_subnet', '128'],
  ['Nice', '10.60.0.0/16\n10.1.2.3/16', '', 'Subnets', 'invalid_subnet', '10.1.0.0/16'],
  ['Nice', '10.60.0.0/16 10.60.0.0/16', '', 'Subnets', 'repeated', 'once'],
  ['Nice', '', 'fast', 'WAN cap, Mbit/s', 'range', 'Mbit/s'],
  ['Nice', '', '-1', 'WAN cap, Mbit/s', 'range', 'Mbit/s'],
  ['Nice', '', '1e9', 'WAN cap, Mbit/s', 'range', 'Mbit/s'],
  ['Nice', '', '9999999', 'WAN cap, Mbit/s', 'range', 'Mbit/s'],
  ['Lyon', '', '', 'Name', 'taken', ''],
  ['Nice', '10.20.0.0/16', '', 'Subnets', 'overlap', ''],
];

describe('a site in the drawer', () => {
  it('says at the input what is wrong, with the code and the fix, and leaves the focus there', async () => {
    await theatre.server.call('POST', '/api/v1/sites', { name: 'Lyon', subnets: ['10.20.0.0/16'] });
    const opened = await theatre.open('/network?site=new');
    const { page } = opened;
    const form = page.getByRole('dialog');
    for (const [name, subnets, cap, label, code, fix] of FORMS) {
      await form.getByLabel('Name', { exact: true }).fill(name);
      await form.getByLabel('Subnets', { exact: true }).fill(subnets);
      await form.getByLabel('WAN cap, Mbit/s').fill(cap);
      await form.getByRole('button', { name: 'Save' }).click();
      const input = form.getByLabel(label, { exact: true });
      await isWrong(input, code, fix);
      await expect.poll(() => input.evaluate((element) => element === document.activeElement)).toBe(true);
      await form.locator('[data-problem-code]').waitFor();
    }
    await close(opened);
    expect((await sites()).map(({ name }) => name)).toEqual(['Lyon']);
  });

  it('is made, changed and deleted, and each of it is taken back', async () => {
    const opened = await theatre.open('/network');
    const { page } = opened;
    await page.getByRole('button', { name: 'Add a site' }).first().click();
    await page.getByLabel('Name', { exact: true }).fill('Nantes');
    await page.getByLabel('Subnets', { exact: true }).fill('10.70.0.0/16\n10.71.0.0/16');
    await page.getByLabel('WAN cap, Mbit/s').fill('12,5');
    await page.getByRole('button', { name: 'Add hours' }).click();
    const hours = page.getByRole('group', { name: 'Hours 1' });
    await hours.getByLabel('Until').fill('08:00');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('an end that differs from the beginning').waitFor();
    await hours.getByLabel('From').fill('00:00');
    await hours.getByLabel('Until').fill('24:00');
    for (const day of ['Sat', 'Sun']) await hours.getByText(day, { exact: true }).click();
    await page.getByText('Table', { exact: true }).click();
    await page.getByRole('cell', { name: '10 Mbit/s' }).nth(6).waitFor();
    await hours.getByLabel('Cap, Mbit/s').fill('12,5');
    await page.getByRole('button', { name: 'Save' }).click();
    const row = page.getByRole('row').filter({ hasText: 'Nantes' });
    await row.filter({ hasText: '12.5 Mbit/s' }).waitFor();
    await row.click();
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByText('There is no site yet').waitFor();
    await page.getByRole('alert').filter({ hasText: 'Nantes was deleted.' }).getByRole('button', { name: 'Undo' }).click();
    await row.waitFor();
    expect((await sites()).map(({ name, subnets }) => [name, subnets.length])).toEqual([['Nantes', 2]]);
    await close(opened);
  });
});
