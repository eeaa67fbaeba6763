// Apollo Client 4's GraphQLWsLink: events, the way back after a cut, and sign-ins that end.
import assert from 'node:assert/strict';
import { CombinedGraphQLErrors } from '@apollo/client';
import { watch } from './apollo-watch.mjs';
import { ask, check, done, keep, page, send, signIn, site, wire } from './harness.mjs';

await check('events come in order, each with its number', async () => {
  const dashboard = await page();
  const w = await watch(dashboard.id, site.url, keep(site.token));
  const changed = await dashboard.change(3);
  await w.events.until(4);
  assert.deepEqual(w.versions(), changed);
  assert.ok(w.events.all.every((event, i, all) => i === 0 || event.seq > all[i - 1].seq));
  await w.end();
});

await check('cut off five times: it comes back by itself, and nothing is lost or told twice', async () => {
  const dashboard = await page();
  const line = await wire();
  const w = await watch(dashboard.id, line.url, keep(site.token));
  const changed = [];
  for (let cut = 0; cut < 5; cut++) {
    await w.connected.until(cut + 1);
    changed.push(...(await dashboard.change()));
    if (cut % 2 === 0) await w.events.until(changed.length + 1); // else some are on their way
    await line.cut();
    await w.closed.until(cut + 1);
    changed.push(...(await dashboard.change(2)));
  }
  await w.events.until(changed.length + 1);
  assert.deepEqual(w.versions(), changed);
  assert.deepEqual(w.problems.all, []);
  assert.deepEqual(w.closed.all, [1006, 1006, 1006, 1006, 1006]);
  await w.end();
});

await check('a number that is not known any more is EVENTS_GONE, and not silence', async () => {
  const dashboard = await page();
  const w = await watch(dashboard.id, site.url, keep(site.token), { after: 1 });
  await w.problems.until(1);
  assert.ok(CombinedGraphQLErrors.is(w.problems.all[0]), String(w.problems.all[0]));
  assert.equal(w.problems.all[0].errors[0].extensions.code, 'EVENTS_GONE');
  await w.end();
});

await check('a sign-in that ends by time: 4403 token_expired, signed in again once, and no event is lost', async () => {
  const dashboard = await page();
  const session = keep(await ask('a token that ends soon'));
  const w = await watch(dashboard.id, site.url, session);
  const changed = await dashboard.change();
  await w.closed.until(1);
  changed.push(...(await dashboard.change(2)));
  await w.events.until(changed.length + 1);
  assert.deepEqual(w.versions(), changed);
  assert.deepEqual(w.closed.all, ['4403 token_expired']);
  assert.equal(session.signedIn, 1);
  await w.end();
});

await check('a session that is ended: 4403 session_revoked, signed in again once, and no event is lost', async () => {
  const dashboard = await page();
  const token = await signIn();
  const session = keep(token);
  const w = await watch(dashboard.id, site.url, session);
  await send('mutation { logout { loggedOut } }', {}, { authorization: `Bearer ${token}` });
  const changed = await dashboard.change(2);
  await Promise.race([w.events.until(changed.length + 1), w.problems.until(1)]);
  assert.deepEqual(w.problems.all.map(String), []);
  assert.deepEqual(w.versions(), changed);
  assert.deepEqual(w.closed.all, ['4403 session_revoked']);
  assert.equal(session.signedIn, 1);
  await w.end();
});

await check('a token that never holds: refused with 4403, signed in again, and then it works', async () => {
  const session = keep('nonsense');
  const w = await watch((await page()).id, site.url, session);
  assert.deepEqual([w.closed.all, session.signedIn, w.events.all[0].kind], [['4403 Forbidden'], 1, 'OPENED']);
  await w.end();
});

await check('who cannot sign in again is told so, and does not try for ever', async () => {
  const dashboard = await page();
  let asked = 0;
  const session = {
    token: async () => {
      if (asked++ > 0) throw new Error('no password');
      return ask('a token that ends soon');
    },
    forget: async () => {},
  };
  const w = await watch(dashboard.id, site.url, session);
  await w.problems.until(1);
  assert.deepEqual([w.closed.all[0], asked], ['4403 token_expired', 2]);
  await w.end();
});

await check('who may not see it any more is told NOT_FOUND, and the subscription ends', async () => {
  const dashboard = await page();
  const w = await watch(dashboard.id, site.url, keep(site.token));
  await send('mutation($id: ID!) { deleteDashboard(input: {id: $id}) { deletedId } }', { id: dashboard.id });
  await w.problems.until((all) => all.includes('complete'));
  assert.equal(w.problems.all[0].errors[0].extensions.code, 'NOT_FOUND');
  await w.end();
});

done();
