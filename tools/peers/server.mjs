// Another GraphQL server, for benchmarks, with what graph/plain/todo has in memory:
//   node tools/peers/server.mjs mercurius|mercurius-jit|apollo|yoga
// Prints its address and serves until standard input ends.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const kind = process.argv[2];
const sdl = readFileSync(new URL('../../graph/plain/todo/todo.graphqls', import.meta.url), 'utf8');

const user = (i) => ({ id: `u${i}`, name: `User ${i}`, email: `user${i}@example.com` });
const first = user(0);
const numbers = [...Array(20).keys()];
const todos = numbers.map((i) => ({ id: `t${i}`, text: `todo number ${i}`, done: i % 2 === 0, user: user(i) }));
const nodes = numbers.map((i) => ({ id: `d${i}`, name: `売上 ${i}`, updatedAt: '2026-11-26T05:00:00Z', myPermission: 'OPEN', cardCount: 0, pageOwner: first }));
const resolvers = {
  Query: {
    todos: (_, { n }) => todos.slice(0, n),
    dashboards: () => ({ nodes, pageInfo: { hasNextPage: true } }),
  },
  Dashboard: { owner: async (d) => d.pageOwner },
};

const servers = {
  async mercurius(jit = 0) {
    const { default: fastify } = await import('fastify');
    const { default: mercurius } = await import('mercurius');
    const app = fastify();
    app.register(mercurius, { schema: sdl, resolvers, jit });
    return app.listen({ port: 0, host: '127.0.0.1' });
  },
  'mercurius-jit': () => servers.mercurius(1),
  async apollo() {
    const { ApolloServer } = await import('@apollo/server');
    const { startStandaloneServer } = await import('@apollo/server/standalone');
    const { url } = await startStandaloneServer(new ApolloServer({ typeDefs: sdl, resolvers }), { listen: { port: 0, host: '127.0.0.1' } });
    return url;
  },
  async yoga() {
    const { createSchema, createYoga } = await import('graphql-yoga');
    const server = createServer(createYoga({ schema: createSchema({ typeDefs: sdl, resolvers }), logging: false }));
    await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
    return `http://127.0.0.1:${server.address().port}`;
  },
};

console.log(new URL('/graphql', await servers[kind]()).href);
process.stdin.resume().on('end', () => process.exit(0));
