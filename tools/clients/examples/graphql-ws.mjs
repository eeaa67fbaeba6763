import { createClient } from 'graphql-ws';

// session as above. Gives the events of one subscription, whose variables have "after".
export function watch(url, session, query, variables, sockets = {}) {
  let used;
  const client = createClient({
    url: `${url.replace(/^http/, 'ws')}/graphql/ws`,
    connectionParams: async () => ({ Authorization: `Bearer ${(used = await session.token())}` }),
    retryAttempts: Infinity,
    // Also while nobody listens, because a server is being replaced; not where nobody can sign in.
    shouldRetry: (problem) => !(problem instanceof Error),
    on: { closed: (event) => event.code === 4403 && session.forget(used) },
    ...sockets,
  });
  const payload = { query, variables: { ...variables } };
  return (async function* () {
    try {
      for await (const { data, errors } of client.iterate(payload)) {
        if (errors) throw new Error(errors[0].message, { cause: errors });
        const [event] = Object.values(data);
        payload.variables.after = event.seq; // where to continue after a cut
        yield event;
      }
    } finally {
      await client.dispose();
    }
  })();
}
