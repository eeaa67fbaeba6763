// Runs every audit of the GraphQL over HTTP specification against a server:
//   node tools/schema/audit.mjs http://127.0.0.1:8000/graphql
// Prints "61 ok", or what each failed audit saw, and exits with 1.
import { serverAudits } from 'graphql-http';

const url = process.argv[2];
if (!url) {
  console.error('usage: audit.mjs URL');
  process.exit(2);
}

// A query by GET needs a header that no page of another site can send.
const fetchFn = (to, options = {}) => fetch(to, { ...options, headers: { ...options.headers, 'X-Karuta-Client': 'web' } });
const audits = serverAudits({ url, fetchFn });
const failed = [];
for (const audit of audits) {
  const result = await audit.fn();
  if (result.status !== 'ok') failed.push(`${result.status} ${audit.id} ${audit.name}: ${result.reason}`);
  await result.response?.body?.cancel();
}
for (const failure of failed) console.error(failure);
console.log(`${audits.length - failed.length} ok${failed.length > 0 ? `, ${failed.length} not` : ''}`);
process.exit(failed.length > 0 ? 1 : 0);
