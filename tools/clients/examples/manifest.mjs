import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { generatePersistedQueryIdsFromManifest } from '@apollo/persisted-query-lists';

// Stands in the place of the other PersistedQueryLink. The manifest is the file that
// generate-persisted-query-manifest wrote and karuta pq publish has registered.
export const byManifest = (manifest) =>
  new PersistedQueryLink({
    ...generatePersistedQueryIdsFromManifest({ loadManifest: async () => manifest }),
    useGETForHashedQueries: true,
  });
