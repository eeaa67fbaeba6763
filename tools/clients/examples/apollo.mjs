import { ApolloClient, ApolloLink, CombinedGraphQLErrors, InMemoryCache } from '@apollo/client';
import { Defer20220824Handler } from '@apollo/client/incremental';
import { SetContextLink } from '@apollo/client/link/context';
import { ErrorLink } from '@apollo/client/link/error';
import { HttpLink } from '@apollo/client/link/http';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { getMainDefinition } from '@apollo/client/utilities';
import UploadHttpLink from 'apollo-upload-client/UploadHttpLink.mjs';
import { createClient } from 'graphql-ws';
import { tap } from 'rxjs';

const signInAgain = new Set(['UNAUTHORIZED', 'INVALID_TOKEN', 'TOKEN_EXPIRED']);
const sha256 = async (text) => {
  const sum = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(sum), (byte) => byte.toString(16).padStart(2, '0')).join('');
};

// session.token() is a promise of the token, and session.forget(token) makes the
// next token() sign in again.
export function connect(url, session, sockets = {}) {
  const is = (kind) => ({ query }) => getMainDefinition(query).operation === kind;
  const where = { uri: `${url}/graphql`, headers: { 'Apollo-Require-Preflight': 'true' } };

  // Puts the token on and asks by hash. Files go with changes; the link that sends
  // them does not read answers in parts (@defer), which are for queries.
  const http = ApolloLink.from([
    new ErrorLink(({ error, operation, forward }) => {
      const { used, again } = operation.getContext();
      if (again || !CombinedGraphQLErrors.is(error) || !error.errors.some((e) => signInAgain.has(e.extensions?.code))) return;
      session.forget(used);
      operation.setContext({ again: true });
      return forward(operation);
    }),
    new SetContextLink(async ({ headers }) => {
      const used = await session.token();
      return { used, headers: { ...headers, authorization: `Bearer ${used}` } };
    }),
    new PersistedQueryLink({ sha256, useGETForHashedQueries: true }),
    ApolloLink.split(is('mutation'), new UploadHttpLink(where), new HttpLink(where)),
  ]);

  // Subscriptions, on one socket. It comes back by itself, each time with
  // connectionParams asked for anew.
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

  // Who was cut off continues after the last event that came: the variables are
  // sent as they are then. The document declares them: $after: Long.
  const resume = new ApolloLink((operation, forward) =>
    forward(operation).pipe(
      tap((result) => {
        for (const event of Object.values(result.data ?? {})) {
          if (event?.seq) operation.variables.after = event.seq;
        }
      }),
    ),
  );
  return {
    sockets: client,
    apollo: new ApolloClient({
      cache: new InMemoryCache(),
      incrementalHandler: new Defer20220824Handler(),
      link: ApolloLink.split(is('subscription'), ApolloLink.from([resume, new GraphQLWsLink(client)]), http),
    }),
  };
}
