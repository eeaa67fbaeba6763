// Apollo Client 4's GraphQLWsLink while its server ends and another one begins.
import assert from 'node:assert/strict';
import { watch } from './apollo-watch.mjs';
import { ask, check, done, keep, page, site } from './harness.mjs';

await check('the server ends and another one begins: 1012, back by itself, told that the numbers are gone, and then it goes on', async () => {
  const dashboard = await page();
  const w = await watch(dashboard.id, site.url, keep(site.token));
  const changed = await dashboard.change();
  await w.events.until(2);
  await ask('another server');
  await w.problems.until(1);
  assert.equal(w.closed.all[0], 1012);
  assert.equal(w.problems.all[0].errors?.[0].extensions.code, 'EVENTS_GONE', `${w.problems.all} ${w.closed.all}`);
  assert.deepEqual(w.versions(), changed);
  await w.end();
  const anew = await watch(dashboard.id, site.url, keep(site.token));
  const after = await dashboard.change();
  await anew.events.until(2);
  assert.deepEqual(anew.versions(), after);
  await anew.end();
});

done();
