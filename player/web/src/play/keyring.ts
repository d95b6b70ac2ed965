/** The licence of the title on the page: asked for once, renewed when it ends, and used to open segments. */

import { AgentError } from '../net/agent';
import * as api from '../net/api';
import { PageError } from '../errors';
import { type Bytes, toBase64Url } from '../secure/bytes';
import { segmentAad } from '../secure/cbor';
import { FloeError, open } from '../secure/floe';
import { type Receiver, newReceiver } from '../secure/hpke';
import { type License, LicenseError, type Trust, openLicense } from '../secure/license';
import type { Route } from './route';

/** Where a segment stands in a title's tree. */
export interface SegmentAddress {
  readonly version: number;
  readonly track: number;
  readonly segment: number;
}

/** A licence this close to its end is renewed beside the playing, ms. */
const RENEW_BEFORE_MS = 120_000;
/** Such renewals are at least this far apart, ms: a short licence cannot cause a storm. */
const RENEW_PAUSE_MS = 10_000;
/** A licence this close to its end counts as over, ms. */
const MARGIN_MS = 500;

/** Reads `{version}/{track}/{segment}.m4s`; null when it is something else. */
export function segmentAddress(rel: string): SegmentAddress | null {
  const match = /^(\d{1,15})\/(\d{1,5})\/(\d{1,9})\.m4s$/.exec(rel);
  if (!match) return null;
  const [version, track, segment] = match.slice(1).map(Number);
  if (version === undefined || track === undefined || segment === undefined) return null;
  return { version, track, segment };
}

/** Keys of one title, for this page view. */
export class KeyRing {
  readonly #title: string;
  readonly #route: Route;
  #receiver: Promise<Receiver> | null = null;
  #trust: Trust | null = null;
  #license: License | null = null;
  #asking: Promise<License> | null = null;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(title: string, route: Route) {
    this.#title = title;
    this.#route = route;
  }

  /** The licence in use, for the page's report. */
  get current(): License | null {
    return this.#license;
  }

  /** A licence that is valid now; one that is ending is renewed meanwhile. Throws {@link PageError}. */
  license(): Promise<License> {
    const license = this.#license;
    const left = license ? license.notAfter - Date.now() : 0;
    if (!license || left <= MARGIN_MS) return this.#renew();
    const justAsked = performance.now() - this.#askedAt < RENEW_PAUSE_MS;
    if (left < RENEW_BEFORE_MS && !justAsked) {
      // What fails here is tried again: the licence at hand is good for a while.
      this.#renew().catch(() => undefined);
    }
    return Promise.resolve(license);
  }

  #renew(): Promise<License> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  async #ask(): Promise<License> {
    this.#askedAt = performance.now();
    this.#receiver ??= newReceiver().catch((error: unknown) => {
      throw new PageError('crypto_unsupported', String(error), null, error);
    });
    const receiver = await this.#receiver;
    try {
      const [trust, message] = await Promise.all([
        this.#trustedKeys(),
        this.#fetchLicense(toBase64Url(receiver.publicKey)),
      ]);
      this.#license = await openLicense(message, this.#title, receiver, trust, Date.now());
      return this.#license;
    } catch (error) {
      if (!(error instanceof LicenseError)) throw error;
      throw new PageError(`license_${error.fault}`, error.message, null, error);
    }
  }

  /** The DMS knows the person; the agent only knows the PC, so it is the second choice. */
  async #fetchLicense(recipient: string): Promise<Bytes> {
    try {
      return await api.license(this.#title, recipient);
    } catch (error) {
      const agent = this.#route.agent;
      if (!agent || !unreachable(error)) throw error;
      const request = api.licenseRequest(this.#title, recipient);
      const response = await agent.fetch('/v1/license', request);
      if (!response.ok) throw error;
      return new Uint8Array(await response.arrayBuffer());
    }
  }

  async #trustedKeys(): Promise<Trust> {
    if (this.#trust) return this.#trust;
    try {
      this.#trust = await api.trust();
    } catch (error) {
      const agent = this.#route.agent;
      if (!agent || !unreachable(error)) throw error;
      const response = await agent.fetch('/v1/trust');
      if (!response.ok) throw new AgentError(response.status, 'the agent names no keys');
      this.#trust = api.parseTrust(await response.json());
    }
    return this.#trust;
  }

  /** Opens a segment. Throws {@link PageError}; trying again with the same bytes is useless. */
  async openSegment(at: SegmentAddress, message: Bytes): Promise<Bytes> {
    let license = await this.license();
    if (license.version !== at.version) license = await this.#renew();
    if (license.version !== at.version) {
      const detail = `the tree is of version ${at.version}, the licence of ${license.version}`;
      throw new PageError('license_version', detail);
    }
    const key = license.keys.get(at.track);
    if (!key) throw new PageError('license_missing_track', `no key for track ${at.track}`);
    const { tenant, title, version } = license;
    const aad = segmentAad({ tenant, title, version, track: at.track, segment: at.segment });
    try {
      return await open(key, aad, message);
    } catch (error) {
      if (!(error instanceof FloeError)) throw error;
      const code = error.fault === 'wrong_key' ? 'license_wrong_key' : 'segment_damaged';
      const where = `track ${at.track}, segment ${at.segment}`;
      throw new PageError(code, `${where}: ${error.message}`, null, error);
    }
  }
}

function unreachable(error: unknown): boolean {
  return error instanceof PageError && ['offline', 'origin_unreachable'].includes(error.code);
}
