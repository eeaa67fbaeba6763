// The reference server of the protocol, on a free port of loopback, which it prints:
//   node tools/socket/reference.mjs
// It ends with its standard input. Our sockets are compared with it frame by frame.
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { buildSchema } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';

const schema = buildSchema(readFileSync(new URL('schema.graphql', import.meta.url), 'utf8'));

const roots = {
  query: {
    hello: 'world',
    add: ({ a, b }) => a + (b ?? 0),
    slow: () => pause(300, 'at last'),
    fails: () => {
      throw new Error('it fails');
    },
  },
  mutation: { set: ({ value }) => value },
  subscription: {
    async *count({ to }) {
      for (let n = 1; n <= to; n++) yield { count: n };
    },
    async *forever() {
      yield { forever: 1 };
      await new Promise(() => {});
    },
    async *breaks() {
      yield { breaks: 1 };
      throw new Error('the source breaks');
    },
  },
};

async function onConnect({ connectionParams }) {
  if (connectionParams?.slow) await pause(300);
  return !connectionParams?.refuse;
}

console.error = () => {}; // tells of every broken rule
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, maxPayload: 64 << 10 });
useServer({ schema, roots, onConnect }, server);
server.once('listening', () => console.log(server.address().port));
process.stdin.resume().once('end', () => process.exit(0));
