import type { Browser, Page } from 'playwright-core';
import type { PlayerState } from '../src/watch/state';

export const CHROMIUM_ARGS: string[];

export interface LaunchOptions {
  chromiumPath?: string;
  chromiumArgs?: string[];
}

export interface DriveOptions extends LaunchOptions {
  url: string;
  token?: string;
  agentUrl?: string;
  hashes?: boolean;
  timeoutMs?: number;
  waitPath?: 'agent' | 'origin';
  screenshot?: string;
  /** A browser to use and leave open. */
  browser?: Browser;
}

export type DriveResult = PlayerState & { console: string[]; timedOut: boolean };

export function launchBrowser(options?: LaunchOptions): Promise<Browser>;
export function readPlayer(page: Page): Promise<PlayerState | null>;
export function waitForPlayer(
  page: Page,
  test: (state: PlayerState) => unknown,
  options?: { timeoutMs?: number },
): Promise<PlayerState>;
export function signIn(page: Page, token: string): Promise<void>;
export function drive(options: DriveOptions): Promise<DriveResult>;
