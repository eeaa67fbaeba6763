// The graphql-ws client by itself, on all three kinds of operations.
import assert from 'node:assert/strict';
import { createClient } from 'graphql-ws';
import { watch } from './examples/graphql-ws.mjs';
import { check, cutThrice, done, follow, keep, page, send, signIn, site } from './harness.mjs';

const query = 'subscription($id: ID!, $after: Long) { dashboardChanged(dashboardId: $id, after: $after) { seq kind version } }';
const soon = { retryWait: () => new Promise((resolve) => setTimeout(resolve, 20)) };

await check('a query, a change and errors over one socket', async () => {
  const client = createClient({ url: `${site.url.replace('http', 'ws')}/graphql/ws`, connectionParams: { token: site.token } });
  const once = async (document, variables) => (await client.iterate({ query: document, variables }).next()).value;
  assert.equal((await once('{ me { email } }')).data.me.email, site.email);
  assert.equal((await once('mutation { createDashboard(input: {name: "札"}) { dashboard { name } } }')).data.createDashboard.dashboard.name, '札');
  const [problem] = await once('{ unknown }').catch((problems) => problems);
  assert.equal(problem.extensions.code, 'GRAPHQL_VALIDATION_FAILED');
  assert.equal((await once('{ me { id } }')).errors, undefined);
  await client.dispose();
});

await check('a document that is no GraphQL: 4500, and the client gives up', async () => {
  let connections = 0;
  const client = createClient({ url: `${site.url.replace('http', 'ws')}/graphql/ws`, ...soon, on: { connected: () => connections++ } });
  const end = await client.iterate({ query: '{ me' }).next().catch((event) => event);
  assert.deepEqual([end.code, connections], [4500, 1]);
  await client.dispose();
});

await check('cut off three times: it comes back by itself, and nothing is lost or told twice', () =>
  cutThrice((url, id) => watch(url, keep(site.token), query, { id }, soon)),
);

await check('five ends of a session in a row: signed in again once for each, and never in a loop', async () => {
  const dashboard = await page();
  const session = keep(await signIn());
  const w = follow(watch(site.url, session, query, { id: dashboard.id }, soon));
  const changed = [];
  for (let end = 0; end < 5; end++) {
    await w.seen.until(changed.length + 1);
    await send('mutation { logout { loggedOut } }', {}, { authorization: `Bearer ${await session.token()}` });
    changed.push(...(await dashboard.change()));
  }
  await w.seen.until(changed.length + 1);
  assert.deepEqual(w.versions(), changed);
  assert.equal(session.signedIn, 5);
});

await check('refused again and again: as often as somebody signs in, with a pause between', async () => {
  let tried = 0;
  const hopeless = { token: async () => `nonsense ${tried++}`.replace(' ', ''), forget: async () => {} };
  const w = follow(watch(site.url, hopeless, query, { id: 'dash_00000000000000000000000000000000' }, { ...soon, retryAttempts: 5 }));
  const end = await w.over.catch((event) => event);
  assert.deepEqual([end.code, tried], [4403, 6]);
});

done();
