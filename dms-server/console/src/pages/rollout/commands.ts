/** The commands that enrol a PC and run its agent, as the agent's own `--help` has them. Pure. */

/** What stands where a token belongs while there is none. */
export const NO_TOKEN = 'dms_enroll_...';

export interface Commands {
  readonly enrol: string;
  readonly run: string;
  readonly look: string;
}

/** `origin`: this server, as the PCs reach it; `ca`: its certificate is of a private authority. */
export function commands(origin: string, token: string | null, ca: boolean): Commands {
  const authority = ca ? ' --dms-ca ca.pem' : '';
  return {
    enrol: [
      'umask 077',
      `printf '%s\\n' '${token ?? NO_TOKEN}' > token`,
      `edge-peer enroll --dms ${origin} --token-file token${authority}`,
      'rm token',
    ].join('\n'),
    run: 'edge-peer run',
    look: ['edge-peer status', 'edge-peer doctor'].join('\n'),
  };
}

/** Whether only this computer reaches such a host. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(host) || host.endsWith('.localhost');
}
