// Runs every audit of the GraphQL over HTTP specification against a server:
//   node tools/schema/audit.mjs http://127.0.0.1:8000/graphql
// Prints a line "ok ID" for each that passed. Says on standard error what each
// other one saw, and then exits with 1.
import { serverAudits } from 'graphql-http';

const url = process.argv[2];
if (!url) {
  console.error('usage: audit.mjs URL');
  process.exit(2);
}

// A query by GET needs a header that no page of another site can send.
const fetchFn = (to, options = {}) => fetch(to, { ...options, headers: { ...options.headers, 'X-Karuta-Client': 'web' } });
const audits = serverAudits({ url, fetchFn });
let failed = false;
for (const audit of audits) {
  const result = await audit.fn();
  await result.response?.body?.cancel();
  if (result.status === 'ok') {
    console.log(`ok ${audit.id}`);
  } else {
    console.error(`${result.status} ${audit.id} ${audit.name}: ${result.reason}`);
    failed = true;
  }
}
process.exit(failed ? 1 : 0);
