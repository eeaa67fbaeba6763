// The graphql-ws client by itself, on all three kinds of operations.
import assert from 'node:assert/strict';
import { createClient } from 'graphql-ws';
import { watch } from './examples/graphql-ws.mjs';
import { check, collect, done, keep, page, send, signIn, site, wire } from './harness.mjs';

const query = 'subscription($id: ID!, $after: Long) { dashboardChanged(dashboardId: $id, after: $after) { seq kind version } }';
const soon = { retryWait: () => new Promise((resolve) => setTimeout(resolve, 20)) };

/** Collects the versions that a watcher tells. */
function follow(events) {
  const seen = collect();
  const versions = () => seen.all.filter((event) => event.kind === 'UPDATED').map((event) => event.version);
  const over = (async () => {
    for await (const event of events) seen.add(event);
  })();
  over.catch(seen.add);
  return { seen, versions, over };
}

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

await check('cut off three times: it comes back by itself, and nothing is lost or told twice', async () => {
  const dashboard = await page();
  const line = await wire();
  const w = follow(watch(line.url, keep(site.token), query, { id: dashboard.id }, soon));
  await w.seen.until(1);
  const changed = [];
  for (let cut = 0; cut < 3; cut++) {
    changed.push(...(await dashboard.change()));
    await line.cut();
    changed.push(...(await dashboard.change()));
    await w.seen.until(changed.length + 1);
  }
  assert.deepEqual(w.versions(), changed);
});

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
