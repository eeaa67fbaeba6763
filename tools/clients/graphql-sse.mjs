// The graphql-sse client in its "distinct connections mode".
import assert from 'node:assert/strict';
import { createClient } from 'graphql-sse';
import { watch } from './examples/graphql-sse.mjs';
import { ask, check, cutThrice, done, follow, keep, page, send, signIn, site } from './harness.mjs';

const query = 'subscription($id: ID!, $after: Long) { dashboardChanged(dashboardId: $id, after: $after) { seq kind version } }';
const soon = { retry: () => new Promise((resolve) => setTimeout(resolve, 20)) };
const client = (headers, url = site.url) => createClient({ url: `${url}/graphql`, headers, retryAttempts: 0 });
const mine = { authorization: `Bearer ${site.token}` };

async function all(c, document, variables) {
  const results = [];
  for await (const result of c.iterate({ query: document, variables })) results.push(result);
  return results;
}

await check('a query and a change are one result each, and the end', async () => {
  const c = client(mine);
  const [me, ...no] = await all(c, '{ me { email } }');
  assert.deepEqual([me.data.me.email, no], [site.email, []]);
  const [made] = await all(c, 'mutation { createDashboard(input: {name: "札"}) { dashboard { name } } }');
  assert.equal(made.data.createDashboard.dashboard.name, '札');
});

await check('what is wrong before anything runs is a result of errors, and the end', async () => {
  for (const [document, headers, code] of [
    ['{ unknown }', mine, 'GRAPHQL_VALIDATION_FAILED'],
    ['{ me', mine, 'GRAPHQL_PARSE_FAILED'],
    ['{ me { id } }', {}, 'UNAUTHORIZED'],
    [query, { authorization: 'Bearer nonsense' }, 'INVALID_TOKEN'],
  ]) {
    const results = await all(client(headers), document, { id: 'dash_00000000000000000000000000000000' });
    assert.deepEqual(results.map((r) => r.errors[0].extensions.code), [code]);
  }
});

await check('events; cut off three times, and nothing is lost or told twice', () =>
  cutThrice((url, id) => watch(url, keep(site.token), query, { id }, soon)),
);

await check('who leaves is noticed at once', async () => {
  const dashboard = await page();
  const presence = 'subscription($id: ID!) { dashboardPresence(dashboardId: $id) { seq users { email } } }';
  const w = follow(watch(site.url, keep(site.adminToken), presence, { id: dashboard.id }, soon));
  await w.seen.until(1);
  const there = () => w.seen.all.at(-1).users?.some(({ email }) => email === site.email);
  for (const leave of [(c, events) => events.return(), (c) => c.dispose()]) {
    const c = client(mine);
    const events = c.iterate({ query: presence, variables: { id: dashboard.id } });
    await events.next();
    await w.seen.until(there);
    await leave(c, events);
    await w.seen.until(() => !there());
  }
});

await check('a session that is ended: signed in again once, and no event is lost', async () => {
  const dashboard = await page();
  const token = await signIn();
  const session = keep(token);
  const w = follow(watch(site.url, session, query, { id: dashboard.id }, soon));
  await w.seen.until(1);
  await send('mutation { logout { loggedOut } }', {}, { authorization: `Bearer ${token}` });
  const changed = await dashboard.change(2);
  await w.seen.until(3);
  assert.deepEqual(w.versions(), changed);
  assert.equal(session.signedIn, 1);
});

await check('a sign-in that ends by time: likewise', async () => {
  const dashboard = await page();
  const session = keep(await ask('a token that ends soon'));
  const w = follow(watch(site.url, session, query, { id: dashboard.id }, soon));
  await w.seen.until(1);
  const changed = await dashboard.change();
  await session.renewed();
  changed.push(...(await dashboard.change()));
  await w.seen.until(3);
  assert.deepEqual(w.versions(), changed);
});

await check('a token that never holds: signed in again once, and then told so', async () => {
  let tried = 0;
  const hopeless = { token: async () => `nonsense${tried++}`, forget: async () => {} };
  const end = await follow(watch(site.url, hopeless, query, { id: (await page()).id }, soon)).over.catch((problem) => problem);
  assert.deepEqual([end.cause[0].extensions.code, tried], ['INVALID_TOKEN', 2]);
});

done();
