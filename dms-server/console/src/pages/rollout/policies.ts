/**
 * The managed policy that lets pages of this server's portal reach the agent on the same PC without asking its user. Pure.
 * `LoopbackNetworkAllowedForUrls` since Chrome and Edge 146, `LocalNetworkAccessAllowedForUrls` since 139.
 */

export const POLICY_NAMES = ['LoopbackNetworkAllowedForUrls', 'LocalNetworkAccessAllowedForUrls'] as const;

export const BROWSERS = {
  chrome: {
    name: 'Chrome',
    linux: '/etc/opt/chrome/policies/managed/dms.json',
    registry: 'SOFTWARE\\Policies\\Google\\Chrome',
    bundle: 'com.google.Chrome',
  },
  edge: {
    name: 'Edge',
    linux: '/etc/opt/edge/policies/managed/dms.json',
    registry: 'SOFTWARE\\Policies\\Microsoft\\Edge',
    bundle: 'com.microsoft.Edge',
  },
} as const;

export type Browser = keyof typeof BROWSERS;

/** For Linux: a file among the managed policies. */
export function policyJson(origin: string): string {
  return `${JSON.stringify(Object.fromEntries(POLICY_NAMES.map((name) => [name, [origin]])), null, 2)}\n`;
}

/** For Windows: the registry, as `reg import` and group policies take it. */
export function policyReg(origin: string, browser: Browser): string {
  const value = origin.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
  const keys = POLICY_NAMES.map(
    (name) => `[HKEY_LOCAL_MACHINE\\${BROWSERS[browser].registry}\\${name}]\r\n"1"="${value}"\r\n`,
  );
  return ['Windows Registry Editor Version 5.00\r\n', ...keys].join('\r\n');
}

/** For macOS: the browser's managed preferences. */
export function policyPlist(origin: string): string {
  const value = origin.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const keys = POLICY_NAMES.flatMap((name) => [
    `  <key>${name}</key>`,
    '  <array>',
    `    <string>${value}</string>`,
    '  </array>',
  ]);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0">',
    '<dict>',
    ...keys,
    '</dict>',
    '</plist>',
    '',
  ].join('\n');
}
