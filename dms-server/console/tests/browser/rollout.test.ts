import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { isWrong, tabTo } from './hands';
import { PROGRAMS } from './server';
import { close, Theatre } from './theatre';

const theatre = Theatre.forThisFile();

/** Runs the lines of the page with a shell, the agent among its programs; rejects when one fails. */
async function runLines(lines: string, name: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'dms-rollout-'));
  const env = { ...process.env, PATH: `${PROGRAMS}:${process.env.PATH}`, DMS_EDGE_STATE: join(folder, 'state') };
  const script = `set -e\n${lines.replace('edge-peer enroll', `edge-peer enroll --name ${name}`)}`;
  const child = spawn('sh', ['-c', script], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
  const code = await new Promise((ended) => child.once('exit', ended));
  rmSync(folder, { recursive: true, force: true });
  if (code !== 0) throw new Error(`the lines ended with ${code}: ${said}`);
}

function lines(page: Page): Promise<string> {
  return page.getByLabel('Enrol, once').last().innerText();
}

/** Uses, minutes, long-lived; the input that is wrong, the code, and a part of the fix. */
const WRONG: readonly (readonly [string, string, boolean, string, string, string])[] = [
  ['', '15', false, 'PCs', 'not_a_number', 'whole number'],
  ['many', '15', false, 'PCs', 'not_a_number', 'whole number'],
  ['1.5', '15', false, 'PCs', 'not_a_number', 'whole number'],
  ['-3', '15', false, 'PCs', 'not_a_number', 'whole number'],
  ['99999999999', '15', false, 'PCs', 'not_a_number', 'whole number'],
  ['0', '15', false, 'PCs', 'range', '1 to 100000'],
  ['100001', '15', false, 'PCs', 'range', '1 to 100000'],
  ['1', '', false, 'Minutes', 'not_a_number', 'whole number'],
  ['1', 'soon', false, 'Minutes', 'not_a_number', 'whole number'],
  ['1', '4294967295', true, 'Minutes', 'not_a_number', 'whole number'],
  ['1', '0', false, 'Minutes', 'range', '1 to 604800'],
  ['1', '16', false, 'Minutes', 'range', 'long_lived'],
  ['1', '10081', true, 'Minutes', 'range', '1 to 604800'],
];

describe('J8: rolling out', () => {
  it('makes a token, shows commands that enrol a real PC, and turns green when it comes', async () => {
    const opened = await theatre.open('/');
    const { page } = opened;
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('r');
    await tabTo(page, 'button', 'Make a token');
    await page.keyboard.press('Enter');
    await page.getByText('Waiting for the first peer…').waitFor();
    await page.getByText(/^ends in /).waitFor();
    const commands = await lines(page);
    expect(commands).toContain(`--dms ${theatre.server.url} `);
    expect(commands).toMatch(/dms_enroll_[A-Za-z0-9_-]{20,}/);
    await runLines(commands, 'pc-one');
    await page.getByText('1 PC has enrolled').waitFor();
    await page.getByRole('link', { name: 'pc-one' }).waitFor();
    // The token was for one: whoever comes second is refused, and the page does not count them.
    await expect(runLines(commands, 'pc-two')).rejects.toThrow(/enrollment_refused|used up|not valid/i);
    await tabTo(page, 'link', 'All peers');
    await page.keyboard.press('Enter');
    await page.getByRole('table', { name: 'Peers' }).getByRole('row').filter({ hasText: 'pc-one' }).waitFor();
    expect(await page.getByText('pc-two').count()).toBe(0);
    await close(opened);
  });

  it('says at the input what is wrong with a token, with the code and the fix', async () => {
    const opened = await theatre.open('/rollout');
    const { page } = opened;
    for (const [uses, minutes, longLived, label, code, fix] of WRONG) {
      await page.getByLabel('PCs', { exact: true }).fill(uses);
      await page.getByLabel('Minutes', { exact: true }).fill(minutes);
      await page.getByRole('switch', { name: /^Long-lived/ }).setChecked(longLived, { force: true });
      await page.getByRole('button', { name: 'Make a token' }).click();
      await isWrong(page.getByLabel(label, { exact: true }), code, fix);
    }
    expect(await page.locator('[data-token]').count()).toBe(0);
    await close(opened);
  });

  it('warns of a long-lived token', async () => {
    const opened = await theatre.open('/rollout');
    const { page } = opened;
    await page.getByLabel('Minutes', { exact: true }).fill('2880');
    await page.getByRole('switch', { name: /^Long-lived/ }).setChecked(true, { force: true });
    await page.getByRole('button', { name: 'Make a token' }).click();
    await page.getByText('Whoever gets hold of this token').waitFor();
    await close(opened);
  });

  it('has the portal in the policies of both browsers on every system', async () => {
    const opened = await theatre.open('/rollout');
    const { page } = opened;
    const { url } = theatre.server;
    for (const browser of ['chrome', 'edge']) {
      for (const system of ['windows', 'macos', 'linux']) {
        await page.goto(`${url}/console/rollout?browser=${browser}&system=${system}`);
        const text = await page.locator('pre', { hasText: 'LoopbackNetworkAllowedForUrls' }).innerText();
        expect(text).toContain('LocalNetworkAccessAllowedForUrls');
        expect(text.split(url)).toHaveLength(3);
        if (system === 'linux') expect(JSON.parse(text).LoopbackNetworkAllowedForUrls).toEqual([url]);
        if (system === 'windows') expect(text).toContain(browser === 'edge' ? 'Microsoft\\Edge\\' : 'Google\\Chrome\\');
      }
    }
    await close(opened);
  });
});
