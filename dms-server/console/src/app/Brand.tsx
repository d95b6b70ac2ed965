/** The mark and the name: the organisation's, which the server writes into the page, or the product's. */

import classes from './Brand.module.css';

function said(name: string): string | null {
  return globalThis.document?.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content ?? null;
}

/** What the pages are called. */
export const ORGANISATION = said('dms-organisation') ?? 'DMS';

const LOGO = said('dms-logo');

export function Brand() {
  return (
    <span className={classes.brand}>
      {LOGO === null ? (
        <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
          <rect width="32" height="32" rx="9" fill="var(--mantine-color-tide-7)" />
          <path d="M12.2 9.6v12.8a.9.9 0 0 0 1.4.7l9-6.4a.9.9 0 0 0 0-1.4l-9-6.4a.9.9 0 0 0-1.4.7Z" fill="#fff" />
          <path d="M8 12v8" stroke="#fff" strokeOpacity=".65" strokeWidth="2.4" strokeLinecap="round" />
        </svg>
      ) : (
        <img src={LOGO} alt="" className={classes.logo} />
      )}
      <span className={classes.name}>{ORGANISATION}</span>
    </span>
  );
}
