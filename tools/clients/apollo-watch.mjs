// A dashboard that is watched through Apollo Client's GraphQLWsLink.
import { gql } from '@apollo/client';
import { connect } from './examples/apollo.mjs';
import { collect } from './harness.mjs';

const changes = gql`subscription Changes($id: ID!, $after: Long) { dashboardChanged(dashboardId: $id, after: $after) { seq kind version } }`;
const soon = { retryWait: () => new Promise((resolve) => setTimeout(resolve, 20)) };

/** Watches a dashboard by a client of its own; what comes and how the sockets ended is collected. */
export async function watch(id, url, session, variables = {}) {
  const events = collect(), closed = collect(), problems = collect();
  const { apollo, sockets } = connect(url, session, soon);
  const connected = collect();
  sockets.on('connected', connected.add);
  sockets.on('closed', (event) => closed.add(event.code === 4403 ? `4403 ${event.reason}` : event.code));
  const watching = apollo.subscribe({ query: changes, variables: { id, ...variables } }).subscribe({
    next: ({ data, error }) => (error ? problems.add(error) : events.add(data.dashboardChanged)),
    error: problems.add,
    complete: () => problems.add('complete'),
  });
  await Promise.race([events.until(1), problems.until(1)]);
  return {
    events, connected, closed, problems,
    /** The versions that were told, in the order in which they came. */
    versions: () => events.all.filter((event) => event.kind === 'UPDATED').map((event) => event.version),
    async end() {
      watching.unsubscribe();
      await sockets.dispose();
    },
  };
}
