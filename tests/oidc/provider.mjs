// A real OpenID provider for the tests. It takes a free port of loopback and prints `issuer URL`; then it is
// told the origins of the servers that sign in with it, in one line separated by spaces, and prints `ready`.
// It ends with its standard input, so that it never outlives the test that started it.
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

// The package warns on standard error about runtimes that it was not tested with and about its own
// development keys; both are right for a server that lives for one test.
console.warn = () => {};
console.info = () => {};

const { Provider } = await import('oidc-provider');

// What each account says of itself; the account is the name that the development login is given.
const people = {
  ana: { groups: ['dms-admins', 'staff'], department: 'Studio', name: 'Ana Lima' },
  ben: { groups: ['staff'], department: 'Sales', name: 'Ben <b>Okafor</b>' },
};

const server = createServer();
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;
console.log(`issuer ${issuer}`);

const lines = createInterface({ input: process.stdin });
const origins = await new Promise((resolve) => lines.once('line', resolve));
lines.on('close', () => process.exit(0));

const client = (id, more) => ({
  client_id: id,
  redirect_uris: origins.split(' ').map((origin) => `${origin}/session/oidc/callback`),
  response_types: ['code'],
  grant_types: ['authorization_code'],
  ...more,
});

const provider = new Provider(issuer, {
  clients: [
    client('confidential', { client_secret: 'a secret: with odd/characters&' }),
    client('public', { token_endpoint_auth_method: 'none' }),
  ],
  scopes: ['openid', 'profile', 'email', 'groups'],
  claims: {
    openid: ['sub'],
    profile: ['name', 'preferred_username', 'department'],
    email: ['email', 'email_verified'],
    groups: ['groups'],
  },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: true } },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      preferred_username: id,
      email: `${id}@example.com`,
      email_verified: true,
      ...(people[id] ?? { groups: [], name: id }),
    }),
  }),
});
provider.on('server_error', (_, error) => console.error(error));

server.on('request', provider.callback());
console.log('ready');
