import { language } from './language';

/** The headers that mark a request as coming from Karuta's own pages. */
export const clientHeaders: Record<string, string> = {
  'X-Karuta-Client': 'web',
  'Accept-Language': language,
};

/** An error of the API, whose message is written for people. */
export class ApiError extends Error {}

/** Sends one operation. Throws ApiError for the API's own errors, TypeError when it cannot be reached. */
export async function send<T>(query: string, variables: Record<string, unknown> = {}): Promise<T> {
  const response = await fetch('/graphql', {
    method: 'POST',
    headers: {
      ...clientHeaders,
      'Content-Type': 'application/json',
      Accept: 'application/graphql-response+json, application/json',
    },
    body: JSON.stringify({ query, variables }),
  });
  const answer = (await response.json()) as { data?: T; errors?: { message: string }[]; message?: string };
  const problem = answer.errors?.[0]?.message ?? (response.ok ? undefined : answer.message);
  if (problem !== undefined) throw new ApiError(problem);
  return answer.data as T;
}

/** Ends the session, forgets what GraphiQL kept in this browser and shows the sign-in page. */
export async function signOut(): Promise<void> {
  await send('mutation SignOut { logout { __typename } }');
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith('graphiql')) localStorage.removeItem(key);
  }
  location.assign('/graphiql');
}
