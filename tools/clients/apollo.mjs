// Apollo Client 4 over HTTP: queries, changes, files, documents by their hash, answers in parts.
import assert from 'node:assert/strict';
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, gql, InMemoryCache, ServerError } from '@apollo/client';
import { HttpLink } from '@apollo/client/link/http';
import UploadHttpLink from 'apollo-upload-client/UploadHttpLink.mjs';
import { connect } from './examples/apollo.mjs';
import { check, collect, done, keep, page, site } from './harness.mjs';

// Every request that leaves goes by here.
const sent = [];
const network = globalThis.fetch;
globalThis.fetch = async (url, options) => {
  const answer = await network(url, options);
  sent.push({ url: String(url), method: options.method, headers: options.headers, body: options.body, answer });
  return answer;
};
const requests = async (work) => {
  sent.length = 0;
  await work();
  return [...sent];
};

const dashboard = await page();
const later = await page();
const named = gql`query Named($id: ID!) { dashboard(id: $id) { id name version } }`;
const rename = gql`mutation Rename($input: UpdateDashboardInput!) { updateDashboard(input: $input) { dashboard { id name version } } }`;
const variables = { id: dashboard.id };
const session = keep(site.token);
const { apollo } = connect(site.url, session);
const refused = (work) => work.then(() => assert.fail('it was not refused'), (problem) => problem);
const codes = (problem) => (CombinedGraphQLErrors.is(problem) ? problem.errors.map((e) => e.extensions.code) : problem);

await check('a query with variables: by hash and GET, then its text by POST, then by hash again', async () => {
  const first = await requests(() => apollo.query({ query: named, variables, fetchPolicy: 'network-only' }));
  assert.deepEqual(first.map((r) => r.method), ['GET', 'POST']);
  assert.equal(first[0].answer.headers.get('cache-control'), 'no-store');
  assert.ok(!first[0].url.includes('query='));
  const again = await requests(async () => {
    const { data } = await apollo.query({ query: named, variables, fetchPolicy: 'network-only' });
    assert.equal(data.dashboard.name, '0');
  });
  assert.deepEqual(again.map((r) => r.method), ['GET']);
});

await check('the cache answers what is known', async () => {
  assert.deepEqual(await requests(() => apollo.query({ query: named, variables })), []);
});

await check('a change with a token reaches the cache', async () => {
  const { data } = await apollo.mutate({ mutation: rename, variables: { input: { id: dashboard.id, version: 1, name: '新しい名前' } } });
  assert.equal(data.updateDashboard.dashboard.name, '新しい名前');
  assert.equal(apollo.readQuery({ query: named, variables }).dashboard.name, '新しい名前');
});

await check('a change goes by POST, also when it is named by its hash', async () => {
  const all = await requests(() => refused(apollo.mutate({ mutation: rename, variables: { input: { id: dashboard.id, version: 1, name: 'x' } } })));
  assert.deepEqual(all.map((r) => r.method), ['POST']);
  assert.ok(!JSON.parse(all[0].body).query);
});

await check('errors of fields are CombinedGraphQLErrors with code and field', async () => {
  const problem = await refused(apollo.mutate({ mutation: rename, variables: { input: { id: dashboard.id, version: 1, name: 'x' } } }));
  assert.deepEqual(codes(problem), ['CONFLICT']);
  assert.deepEqual(problem.errors[0].path, ['updateDashboard']);
  assert.ok(problem.errors[0].extensions.requestId);
  const invalid = await refused(apollo.mutate({ mutation: rename, variables: { input: { id: dashboard.id, version: 2, name: '' } } }));
  assert.deepEqual([codes(invalid), invalid.errors[0].extensions.field], [['VALIDATION_ERROR'], 'input.name']);
});

await check('data and errors of one answer both arrive', async () => {
  const query = gql`query Half($id: ID!) { mine: dashboard(id: $id) { id } other: dashboard(id: "dash_00000000000000000000000000000000") { id } }`;
  const { data, error } = await apollo.query({ query, variables, errorPolicy: 'all' });
  assert.deepEqual([data.mine.id, data.other, codes(error)], [dashboard.id, null, ['NOT_FOUND']]);
});

await check('a document that does not fit is 400 with its errors, not an unreadable answer', async () => {
  const all = await requests(async () => assert.deepEqual(codes(await refused(apollo.query({ query: gql`{ unknown }` }))), ['GRAPHQL_VALIDATION_FAILED']));
  assert.equal(all.at(-1).answer.status, 400);
});

await check('what is no GraphQL answer is a ServerError', async () => {
  const lost = new ApolloClient({ cache: new InMemoryCache(), link: new HttpLink({ uri: `${site.url}/api/nothing` }) });
  const problem = await refused(lost.query({ query: named, variables }));
  assert.ok(ServerError.is(problem), String(problem));
  assert.equal(problem.statusCode, 404);
});

await check('a token that does not hold: signed in again once, and the answer comes', async () => {
  const mine = keep('nonsense');
  const all = await requests(async () => {
    const { data } = await connect(site.url, mine).apollo.query({ query: named, variables });
    assert.equal(data.dashboard.id, dashboard.id);
  });
  assert.equal(mine.signedIn, 1);
  assert.equal(all.filter((r) => r.url.includes('operationName=Named')).length, 2);
});

await check('nobody signs in more than once for a request', async () => {
  let signedIn = 0;
  const hopeless = { token: async () => 'nonsense', forget: async () => signedIn++ };
  assert.deepEqual(codes(await refused(connect(site.url, hopeless).apollo.query({ query: named, variables }))), ['INVALID_TOKEN']);
  assert.equal(signedIn, 1);
});

// A page's requests: the browser adds the cookie, and where it comes from.
const browser = (headers) => async (url, options) => network(url, { ...options, headers: { ...options.headers, ...headers } });
const asPage = (headers, own = { 'X-Karuta-Client': 'web' }) =>
  new ApolloClient({ cache: new InMemoryCache(), link: new UploadHttpLink({ uri: `${site.url}/graphql`, headers: own, credentials: 'include', fetch: browser(headers) }) });
const cookie = `karuta_session=${site.token}`;
const create = gql`mutation Create { createDashboard(input: { name: "札" }) { dashboard { name } } }`;

await check('a page signs in by a cookie that no script sees', async () => {
  const query = gql`mutation In($input: LoginInput!) { login(input: $input) { expiresIn } }`;
  const all = await requests(async () => {
    const link = new UploadHttpLink({ uri: `${site.url}/graphql`, headers: { 'X-Karuta-Client': 'web' } });
    const { data } = await new ApolloClient({ cache: new InMemoryCache(), link }).mutate({ mutation: query, variables: { input: { email: site.email, password: site.password } } });
    assert.ok(data.login.expiresIn > 0);
  });
  assert.match(all[0].answer.headers.get('set-cookie'), /^karuta_session=.+; HttpOnly; SameSite=Strict/);
});

await check('a page changes something by its cookie', async () => {
  for (const from of [{ Origin: site.url }, { 'Sec-Fetch-Site': 'same-origin' }, { Origin: 'http://localhost:3000' }]) {
    const { data } = await asPage({ Cookie: cookie, ...from }).mutate({ mutation: create });
    assert.equal(data.createDashboard.dashboard.name, '札');
  }
});

await check("another site's page does not", async () => {
  for (const [from, own] of [[{ Origin: 'https://evil.example' }], [{ Origin: site.url }, {}], [{ 'Sec-Fetch-Site': 'cross-site' }]]) {
    const problem = await refused(asPage({ Cookie: cookie, ...from }, own).mutate({ mutation: create }));
    assert.deepEqual(codes(problem), ['FORBIDDEN']);
  }
});

const upload = gql`mutation Upload($name: String!, $file: Upload!) { importCsv(input: { name: $name, file: $file }) { job { id } } }`;
const csv = () => new File(['支店,額\n東京,1\n大阪,2\n'], '売上.csv', { type: 'text/csv' });
let job;

await check('a file becomes a dataset, and how far it is comes over the socket', async () => {
  const both = connect(site.url, session);
  const { data } = await both.apollo.mutate({ mutation: upload, variables: { name: '売上', file: csv() } });
  job = data.importCsv.job.id;
  const steps = collect();
  const watch = gql`subscription Progress($jobId: ID!, $after: Long) { importProgress(jobId: $jobId, after: $after) { seq status progress job { dataset { rowCount } } } }`;
  await new Promise((complete, error) => both.apollo.subscribe({ query: watch, variables: { jobId: job } }).subscribe({ next: ({ data }) => steps.add(data.importProgress), complete, error }));
  const last = steps.all.at(-1);
  assert.deepEqual([last.status, last.progress, last.job.dataset.rowCount], ['SUCCEEDED', 1, 2]);
  assert.ok(steps.all.every((step, i) => i === 0 || step.progress >= steps.all[i - 1].progress));
  await both.sockets.dispose();
});

await check('a file without a header that a form cannot send is refused', async () => {
  const problem = await refused(asPage({ Cookie: cookie, Origin: site.url }, {}).mutate({ mutation: upload, variables: { name: 'x', file: csv() } }));
  assert.deepEqual(codes(problem), ['FORBIDDEN']);
});

await check('a file in a change that is named by its hash', async () => {
  const again = await apollo.mutate({ mutation: upload, variables: { name: '売上 二', file: csv() } });
  assert.ok(again.data.importCsv.job.id);
});

await check('@defer: the first part, then the whole', async () => {
  const query = gql`query Late($id: ID!) { dashboard(id: $id) { id ... @defer(label: "later") { name owner { email } } } }`;
  const seen = [];
  const watched = apollo.watchQuery({ query, variables: { id: later.id }, fetchPolicy: 'network-only' });
  const all = await requests(
    () =>
      new Promise((resolve, error) =>
        watched.subscribe({
          next: (result) => {
            seen.push(result);
            if (result.dataState === 'complete' && !result.loading) resolve();
          },
          error,
        }),
      ),
  );
  const parts = seen.filter((result) => result.data);
  assert.deepEqual(parts.map((result) => result.dataState), ['streaming', 'complete']);
  assert.ok(!('owner' in parts[0].data.dashboard), 'the first part says that there is no owner');
  assert.equal(parts[1].data.dashboard.owner.email, site.email);
  assert.match(all.at(-1).answer.headers.get('content-type'), /^multipart\/mixed.*deferSpec=20220824/);
});

await check('@defer where an error comes with the later part', async () => {
  const query = gql`query LateAndWrong($id: ID!) { me { id } ... @defer { dashboard(id: $id) { name } } }`;
  const { data, error } = await apollo.query({ query, variables: { id: 'dash_00000000000000000000000000000000' }, errorPolicy: 'all' });
  assert.deepEqual([data.dashboard, codes(error)], [null, ['NOT_FOUND']]);
});

await check('client awareness reaches the server without being refused', async () => {
  const aware = new ApolloClient({
    cache: new InMemoryCache(), clientAwareness: { name: 'board', version: '1.2.3' },
    link: ApolloLink.from([new HttpLink({ uri: `${site.url}/graphql`, headers: { authorization: `Bearer ${await session.token()}` } })]),
  });
  const all = await requests(() => aware.query({ query: named, variables }));
  assert.equal(all[0].headers['apollographql-client-name'], 'board');
  assert.equal(all[0].answer.status, 200);
});

done();
