// The first tabs of the explorer: the main job from a CSV to the audit log, one
// document each. tools/schema checks every document against the schema.
const documents = import.meta.glob<string>('./starters/*.graphql', { query: '?raw', import: 'default', eager: true });
const variables = import.meta.glob<string>('./starters/*.json', { query: '?raw', import: 'default', eager: true });

export const starters = Object.keys(documents)
  .sort()
  .map((path) => ({ query: documents[path]!, variables: variables[path.replace('.graphql', '.json')] ?? null }));
