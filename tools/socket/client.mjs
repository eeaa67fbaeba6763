// The graphql-ws client as people use it, against a server of the tests:
//   node tools/socket/client.mjs ws://127.0.0.1:…
// Prints a line of JSON for each thing it tried.
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

const url = process.argv[2];
const tell = (name, what) => console.log(JSON.stringify({ name, what }));

function connect(options) {
  return createClient({ url, webSocketImpl: WebSocket, retryWait: () => new Promise((done) => setTimeout(done, 20)), ...options });
}

async function all(client, query, most = Infinity) {
  const results = [];
  for await (const result of client.iterate({ query })) {
    results.push(result);
    if (results.length >= most) break;
  }
  return results;
}

{
  const client = connect();
  tell('query', await all(client, '{ hello }'));
  tell('mutation', await all(client, 'mutation { set(value: "x") }'));
  tell('stream', await all(client, 'subscription { count(to: 3) }'));
  tell('left early', await all(client, 'subscription { forever }', 1));
  tell('after that', await all(client, '{ hello }'));
  tell('not valid', await all(client, '{ unknown }').catch((problems) => problems.length));
  await client.dispose();
}

{
  let pongs = 0;
  const enough = Promise.withResolvers?.() ?? defer();
  const client = connect({ lazy: false, keepAlive: 20, on: { pong: (received) => received && ++pongs === 3 && enough.resolve() } });
  await enough.promise;
  tell('keep alive', pongs >= 3);
  await client.dispose();
}

// What the server closes with 1012 or 4403 is begun again, on another connection;
// connectionParams are asked for anew, so a new token comes along.
for (const [name, first] of [
  ['the connection is too old', { life: true }],
  ['refused', { refuse: true }],
  ['expired', { seconds: 0.05 }],
  ['try later', { error: 'SERVICE_UNAVAILABLE' }],
]) {
  const codes = [];
  let connections = 0;
  const client = connect({ connectionParams: () => (connections++ === 0 ? first : {}), on: { closed: (event) => codes.push(event.code) } });
  for await (const _ of client.iterate({ query: 'subscription { forever }' })) {
    if (connections > 1) break;
  }
  tell(name, { codes, connections });
  await client.dispose();
}

{
  const client = connect({ retryAttempts: 3 });
  const problem = await all(client, '{ hello').catch((event) => event.code);
  tell('syntax error', problem);
  await client.dispose();
}
process.exit(0);

function defer() {
  const d = {};
  d.promise = new Promise((resolve) => (d.resolve = resolve));
  return d;
}
