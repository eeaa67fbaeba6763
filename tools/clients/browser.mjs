// Chromium: a browser's own EventSource, and GraphiQL as an administrator uses it. Whatever a content security policy
// stops, and every error of a page's script, is a failure.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { chromium } from '../browser/node_modules/playwright-core/index.mjs';
import { check, collect, done, page, site, wire } from './harness.mjs';

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const example = (await readFile(new URL('examples/eventsource.mjs', import.meta.url), 'utf8')).replace('export ', '');

/** A tab of its own, and what it complained of. */
async function open(url) {
  const tab = await (await browser.newContext({ locale: 'en-US' })).newPage();
  tab.setDefaultTimeout(0); // check has one
  const complaints = [];
  tab.on('pageerror', (error) => complaints.push(String(error)));
  tab.on('console', (line) => /Content.Security.Policy|Refused to/i.test(line.text()) && complaints.push(line.text()));
  await tab.goto(url);
  return { tab, complaints };
}

/** Signs a page in, which never sees the token. */
const login = (tab, email) =>
  tab.evaluate(
    async ([email, password]) => {
      const query = 'mutation($input: LoginInput!) { login(input: $input) { expiresIn } }';
      const headers = { 'Content-Type': 'application/json', 'X-Karuta-Client': 'web' };
      await fetch('/graphql', { method: 'POST', headers, body: JSON.stringify({ query, variables: { input: { email, password } } }) });
    },
    [email, site.password],
  );

/** Watches a dashboard in the page; what comes is collected here. */
async function source(tab, id) {
  const seen = collect();
  await tab.exposeFunction('seen', seen.add);
  await tab.evaluate(`${example}
    const source = watch('subscription { dashboardChanged(dashboardId: "${id}") { seq kind version } }', seen, (errors) => seen(errors[0].extensions.code));
    source.addEventListener('complete', () => seen('complete'));
    source.addEventListener('error', () => seen('error'));`);
  return seen;
}
const versions = (seen) => seen.all.filter((event) => event.kind === 'UPDATED').map((event) => event.version);

await check('EventSource: events by the cookie, and after a cut all that came since, once', async () => {
  const dashboard = await page();
  const line = await wire();
  const { tab, complaints } = await open(line.url);
  await login(tab, site.email);
  const seen = await source(tab, dashboard.id);
  await seen.until(1);
  const changed = await dashboard.change();
  await seen.until(2);
  await line.cut();
  changed.push(...(await dashboard.change(2)));
  await seen.until((all) => versions({ all }).length === 3);
  assert.deepEqual(versions(seen), changed);
  assert.deepEqual(seen.all.filter((event) => event === 'error' || event.kind === 'OPENED').length, 2);
  assert.deepEqual(complaints, []);
  await tab.context().close();
});

await check('EventSource: whoever is not signed in is told so, once', async () => {
  const { tab, complaints } = await open(site.url);
  const seen = await source(tab, (await page()).id);
  await seen.until(2);
  assert.deepEqual(seen.all, ['UNAUTHORIZED', 'complete']);
  assert.deepEqual(complaints, []);
  await tab.context().close();
});

await check('EventSource: a session that is ended, told when the browser comes back', async () => {
  const dashboard = await page();
  const { tab } = await open(site.url);
  await login(tab, site.email);
  const seen = await source(tab, dashboard.id);
  await seen.until(1);
  await tab.evaluate(`fetch('/graphql', { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Karuta-Client': 'web' }, body: '{"query":"mutation { logout { loggedOut } }"}' })`);
  await seen.until((all) => all.includes('complete'));
  assert.deepEqual(seen.all.slice(1), ['error', 'UNAUTHORIZED', 'complete']);
  await tab.context().close();
});

/** GraphiQL, signed in by its own page. */
async function graphiql(email) {
  const opened = await open(`${site.url}/graphiql`);
  const { tab } = opened;
  await tab.fill('#email', email);
  await tab.fill('#password', site.password);
  await tab.click('#submit');
  return opened;
}

await check('GraphiQL: who is no administrator is refused', async () => {
  const { tab, complaints } = await graphiql(site.email);
  await tab.waitForSelector('#signout');
  await tab.getByText(site.email).waitFor();
  assert.equal(await tab.locator('#graphiql').count(), 0);
  assert.deepEqual(complaints, []);
  await tab.context().close();
});

const { tab, complaints } = await graphiql(site.admin); // the editor is long to load: one for all

await check('GraphiQL: an administrator signs in, runs a query and reads the documentation', async () => {
  await tab.locator('.graphiql-execute-button').click();
  await tab.locator('.result-window').getByText('serverInfo').waitFor(); // no more than what is in view is in the page
  await tab.getByLabel('Show Documentation Explorer').click();
  await tab.locator('.graphiql-doc-explorer').getByText('Subscription', { exact: true }).click();
  await tab.locator('.graphiql-doc-explorer').getByText('dashboardChanged', { exact: true }).waitFor();
  await tab.locator('.karuta-session').getByText(site.admin).waitFor();
  assert.deepEqual(complaints, []);
});

await check('GraphiQL: a subscription goes on until it is stopped', async () => {
  await tab.locator('.graphiql-query-editor .view-lines').click();
  await tab.keyboard.press('Control+A');
  await tab.keyboard.insertText('subscription Notices { serviceNotice { kind } }');
  await tab.locator('.graphiql-tab-button', { hasText: 'Notices' }).waitFor(); // before, the editor still asks for the operation that was there
  await tab.getByLabel('Execute query').click();
  await tab.locator('.result-window').getByText('"OPENED"').waitFor();
  await tab.getByLabel('Stop query').click();
  await tab.getByLabel('Execute query').waitFor();
  assert.deepEqual(complaints, []);
});

await browser.close();
done();
