import { createClient } from 'graphql-sse';

const over = new Set(['UNAUTHORIZED', 'INVALID_TOKEN', 'TOKEN_EXPIRED']);

// session as above. Gives the events of one subscription, whose variables have "after".
export async function* watch(url, session, query, variables, options = {}) {
  let used;
  const client = createClient({
    url: `${url}/graphql`,
    headers: async () => ({ Authorization: `Bearer ${(used = await session.token())}` }),
    retryAttempts: Infinity,
    ...options,
  });
  const request = { query, variables: { ...variables } };
  try {
    for (let again = true, renewed = false; again; ) {
      again = false;
      for await (const { data, errors } of client.iterate(request)) {
        if (!renewed && errors?.some((e) => over.has(e.extensions?.code))) {
          await session.forget(used);
          again = renewed = true; // only once, where no event comes of it
          break;
        }
        if (errors) throw new Error(errors[0].message, { cause: errors });
        const [event] = Object.values(data);
        request.variables.after = event.seq; // where to continue after a cut
        renewed = false;
        yield event;
      }
    }
  } finally {
    client.dispose();
  }
}
