import type { Fetcher, FetcherParams } from '@graphiql/toolkit';
import { getOperationAST, Kind, parse, type TypeNode } from 'graphql';
import { createClient } from 'graphql-ws';
import { clientHeaders } from '../shared/api';

const accept = 'application/graphql-response+json, application/json';
const signedOut = new Set(['UNAUTHORIZED', 'TOKEN_EXPIRED', 'INVALID_TOKEN']);

function named(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : named(type.type);
}

/** The variables of type Upload that a document declares. */
function uploads(query: string): string[] {
  return parse(query)
    .definitions.flatMap((d) => (d.kind === Kind.OPERATION_DEFINITION ? (d.variableDefinitions ?? []) : []))
    .filter((v) => named(v.type) === 'Upload')
    .map((v) => v.variable.name.value);
}

/** The request as a form, after the GraphQL multipart request specification. */
function form(params: FetcherParams, names: string[], file: File): FormData {
  const empty = Object.fromEntries(names.map((name) => [name, null]));
  const body = new FormData();
  body.append('operations', JSON.stringify({ ...params, variables: { ...params.variables, ...empty } }));
  body.append('map', JSON.stringify({ file: names.map((name) => `variables.${name}`) }));
  body.append('file', file);
  return body;
}

function request(params: FetcherParams, file: File | null): RequestInit {
  const headers = { ...clientHeaders, Accept: accept };
  const names = file && params.operationName !== 'IntrospectionQuery' ? uploads(params.query) : [];
  if (file && names.length > 0) return { method: 'POST', headers, body: form(params, names, file) };
  return {
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'application/json' },
    body: JSON.stringify(params),
  };
}

// Subscriptions come over a socket, which signs in by the cookie, too.
const sockets = createClient({
  url: `${location.origin.replace(/^http/, 'ws')}/graphql/ws`,
  connectionParams: { client: 'web' },
  retryAttempts: 0,
  on: { closed: (event) => (event as CloseEvent).code === 4403 && location.reload() },
});

function subscribes({ query, operationName }: FetcherParams): boolean {
  return getOperationAST(parse(query), operationName)?.operation === 'subscription';
}

interface Answer {
  errors?: { extensions?: { code?: string } }[];
}

/** Sends operations with the session cookie; an ended session leads back to the sign-in page. */
export function fetcherFor(file: File | null): Fetcher {
  const post = async (params: FetcherParams) => {
    const response = await fetch('/graphql', request(params, file));
    const answer = (await response.json()) as Answer;
    if (answer.errors?.some((e) => signedOut.has(e.extensions?.code ?? ''))) location.reload();
    return answer;
  };
  return (params) => (subscribes(params) ? sockets.iterate(params) : post(params)) as ReturnType<Fetcher>;
}
