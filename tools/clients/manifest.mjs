// Trusted documents: a manifest as Apollo's own tool writes it from an application's source, and a client with a key
// that may ask for nothing else.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, gql, InMemoryCache } from '@apollo/client';
import { HttpLink } from '@apollo/client/link/http';
import { createClient } from 'graphql-ws';
import { byManifest } from './examples/manifest.mjs';
import { ask, check, done, page, send, site } from './harness.mjs';

const dashboard = await page();
const documents = {
  board: 'query Board($id: ID!) { dashboard(id: $id) { id name version } }',
  rename: 'mutation Rename($input: UpdateDashboardInput!) { updateDashboard(input: $input) { dashboard { id name version } } }',
  watch: 'subscription Watch($id: ID!, $after: Long) { dashboardChanged(dashboardId: $id, after: $after) { seq kind } }',
};
const refused = (work) => work.then(() => assert.fail('it was not refused'), (problem) => problem);
const codes = (problem) => (CombinedGraphQLErrors.is(problem) ? problem.errors.map((e) => e.extensions.code) : problem);

/** What the tool makes of an application with these documents in its source. */
async function generate() {
  const folder = await mkdtemp(join(tmpdir(), 'karuta-manifest-'));
  try {
    await mkdir(join(folder, 'src'));
    const source = Object.entries(documents).map(([name, text]) => `export const ${name} = gql\`${text}\`;\n`);
    await writeFile(join(folder, 'src', 'board.js'), `import { gql } from '@apollo/client';\n${source.join('')}`);
    const tool = fileURLToPath(import.meta.resolve('@apollo/generate-persisted-query-manifest/package.json')).replace('package.json', 'cli.js');
    await promisify(execFile)(process.execPath, [tool], { cwd: folder });
    return JSON.parse(await readFile(join(folder, 'persisted-query-manifest.json'), 'utf8'));
  } finally {
    await rm(folder, { recursive: true });
  }
}

let manifest, key;
const sent = [];
const network = async (url, options) => {
  sent.push({ url: String(url), ...options });
  return fetch(url, options);
};
const client = () =>
  new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.from([byManifest(manifest), new HttpLink({ uri: `${site.url}/graphql`, headers: { authorization: `Bearer ${key}` }, fetch: network })]),
  });
const idOf = (name) => manifest.operations.find((operation) => operation.name === name).id;

await check('karuta pq publish takes the manifest as it was written', async () => {
  manifest = await generate();
  assert.equal(manifest.operations.length, 3);
  const rows = await ask('publish', JSON.stringify(manifest));
  assert.deepEqual(rows.map((row) => row.Fate), ['new', 'new', 'new']);
  const input = { name: 'board', scopes: manifest.operations.map(({ id }) => `operation:${id}`), expiresAt: new Date(Date.now() + 3_600_000).toISOString() };
  ({ secret: key } = (await send('mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }', { input })).createApiKey);
});

await check('a client with a key asks by the ids of the manifest alone', async () => {
  const { data } = await client().query({ query: gql(documents.board), variables: { id: dashboard.id } });
  assert.equal(data.dashboard.id, dashboard.id);
  const changed = await client().mutate({ mutation: gql(documents.rename), variables: { input: { id: dashboard.id, version: 1, name: '札' } } });
  assert.equal(changed.data.updateDashboard.dashboard.name, '札');
  assert.deepEqual(sent.map((request) => request.method), ['GET', 'POST']);
  assert.ok(sent.every((request) => !request.url.includes('query=') && !request.body?.includes('"query"')));
});

await check('a document that is in nobody\'s manifest never leaves as a text, and is NOT_FOUND', async () => {
  const other = new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.from([
      byManifest({ ...manifest, operations: [{ id: '0'.repeat(64), name: 'Other', type: 'query', body: 'query Other {\n  me {\n    id\n    __typename\n  }\n}' }] }),
      new HttpLink({ uri: `${site.url}/graphql`, headers: { authorization: `Bearer ${key}` }, fetch: network }),
    ]),
  });
  sent.length = 0;
  assert.deepEqual(codes(await refused(other.query({ query: gql`query Other { me { id } }` }))), ['NOT_FOUND']);
  assert.equal(sent.length, 1);
});

await check('the same key with a text is FORBIDDEN', async () => {
  const plain = new ApolloClient({ cache: new InMemoryCache(), link: new HttpLink({ uri: `${site.url}/graphql`, headers: { authorization: `Bearer ${key}` } }) });
  assert.deepEqual(codes(await refused(plain.query({ query: gql(documents.board), variables: { id: dashboard.id } }))), ['FORBIDDEN']);
});

// graphql-ws wants a text: an empty one is none.
await check('a subscription by its id over a socket, with the key', async () => {
  const sockets = createClient({ url: `${site.url.replace('http', 'ws')}/graphql/ws`, connectionParams: { Authorization: `Bearer ${key}` } });
  const first = await sockets.iterate({ query: '', documentId: idOf('Watch'), variables: { id: dashboard.id } }).next();
  assert.equal(first.value.data?.dashboardChanged.kind, 'OPENED', JSON.stringify(first));
  await sockets.dispose();
});

await check('the manifest once more changes nothing', async () => {
  const rows = await ask('publish', JSON.stringify(manifest));
  assert.deepEqual(rows.map((row) => row.Fate), ['same', 'same', 'same']);
});

done();
