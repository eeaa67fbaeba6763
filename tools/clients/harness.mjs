// What the scripts beside this one stand on. Each is a client as people use it, is started by a Go test with the
// place of the server as JSON, and prints a line of JSON for each thing that it tried: {name, ok, got}. What a client
// cannot do by itself, such as ending the server, it asks the test for: {ask, with} is answered by a line of JSON.
import assert, { AssertionError } from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import WebSocket from 'ws';

globalThis.WebSocket ??= WebSocket; // browsers have one, and newer Nodes

export const site = JSON.parse(process.argv[2]);

const patience = 180_000;
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** Asks the test to do something. */
export async function ask(what, text = '') {
  tell({ ask: what, with: text });
  return JSON.parse((await answers.next()).value);
}

/** Tries one thing, which fails by an error and in time. */
export async function check(name, attempt) {
  let timer;
  const late = new Promise((_, fail) => (timer = setTimeout(() => fail(new Error('it never ends')), patience)));
  try {
    await Promise.race([attempt(), late]);
    tell({ name, ok: true });
  } catch (problem) {
    tell({ name, ok: false, got: problem instanceof AssertionError ? problem.message : String(problem?.stack ?? JSON.stringify(problem)) });
  } finally {
    clearTimeout(timer);
  }
}

/** Ends the script; what is left open does not keep it. */
export const done = () => process.exit(0);

/** Sends an operation without any client. */
export async function send(query, variables, headers = { authorization: `Bearer ${site.token}` }) {
  const answer = await fetch(`${site.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await answer.json();
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

/** Signs in as people do, and gives the token. */
export async function signIn(email = site.email) {
  const { login } = await send('mutation($input: LoginInput!) { login(input: $input) { accessToken } }', { input: { email, password: site.password } }, {});
  return login.accessToken;
}

/** A session as an application keeps it. */
export function keep(token) {
  let current = token && Promise.resolve(token);
  const renewals = collect();
  return {
    /** How often somebody signed in. */
    get signedIn() {
      return renewals.all.length;
    },
    /** Ends when somebody has signed in. */
    renewed: () => renewals.until(1),
    async token() {
      if (!current) {
        current = signIn();
        renewals.add(current);
      }
      return current;
    },
    async forget(used) {
      if ((await current) === used) current = undefined;
    },
  };
}

/** A way to the server that can be cut; cut ends when every client was cut off. */
export async function wire() {
  const target = new URL(site.url);
  const open = new Set();
  const server = createServer((client) => {
    const onward = connect(target.port, target.hostname);
    for (const [one, other] of [[client, onward], [onward, client]]) {
      open.add(one);
      one.pipe(other);
      one.on('error', () => {}).on('close', () => open.delete(one) && other.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    async cut() {
      const closed = [...open].map((socket) => once(socket, 'close'));
      for (const socket of open) socket.resetAndDestroy();
      await Promise.all(closed);
    },
  };
}

/** A dashboard whose changes are told, and a way to change it. */
export async function page() {
  const made = await send('mutation { createDashboard(input: {name: "0"}) { dashboard { id version } } }');
  let { id, version } = made.createDashboard.dashboard;
  return {
    id,
    /** Renames it so often and gives the versions that came of it. */
    async change(times = 1) {
      const versions = [];
      while (times-- > 0) {
        const input = { id, version, name: `${version}` };
        const changed = await send('mutation($input: UpdateDashboardInput!) { updateDashboard(input: $input) { dashboard { version } } }', { input });
        versions.push((version = changed.updateDashboard.dashboard.version));
      }
      return versions;
    },
  };
}

/** Collects what comes, and lets somebody wait for as much as they want. */
export function collect() {
  const all = [];
  let stir = () => {};
  return {
    all,
    add(item) {
      all.push(item);
      stir();
    },
    async until(enough) {
      while (!(typeof enough === 'function' ? enough(all) : all.length >= enough)) await new Promise((resolve) => (stir = resolve));
      return all;
    },
  };
}

/** Collects what a watcher tells. */
export function follow(events) {
  const seen = collect();
  const over = (async () => {
    for await (const event of events) seen.add(event);
  })();
  over.catch(seen.add);
  return { seen, over, versions: () => seen.all.filter((event) => event.kind === 'UPDATED').map((event) => event.version) };
}

/** Watches a dashboard over a way that is cut three times: nothing is lost or told twice. */
export async function cutThrice(watch) {
  const dashboard = await page();
  const line = await wire();
  const w = follow(watch(line.url, dashboard.id));
  await w.seen.until(1);
  const changed = [];
  for (let cut = 0; cut < 3; cut++) {
    changed.push(...(await dashboard.change()));
    await line.cut();
    changed.push(...(await dashboard.change()));
    await w.seen.until(changed.length + 1);
  }
  assert.deepEqual(w.versions(), changed);
}
