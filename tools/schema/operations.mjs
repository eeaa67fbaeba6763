// Fails where an operation that is registered does not fit the schema of this
// working tree: its clients would fail. The manifests are those of
// schema/operations, or the files that are named.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSchema, parse, validate } from 'graphql';
import { current } from './schema.mjs';

const folder = fileURLToPath(new URL('../../schema/operations', import.meta.url));
const named = process.argv.slice(2);
const files = named.length > 0 ? named : readdirSync(folder).filter((name) => name.endsWith('.json')).map((name) => join(folder, name));

/** What is wrong with a document, in words. */
function problems(schema, body) {
  try {
    return validate(schema, parse(body)).map((problem) => problem.message);
  } catch (problem) {
    return [problem.message];
  }
}

const schema = buildSchema(current());
let wrong = 0;
for (const file of files) {
  for (const { id, body } of JSON.parse(readFileSync(file, 'utf8')).operations) {
    for (const problem of problems(schema, body)) {
      console.error(`breaks the registered operation ${id} (${file}): ${problem}`);
      wrong++;
    }
  }
}
if (wrong > 0) {
  console.error('Keep what they ask for and mark it @deprecated, or change the manifest and publish it: karuta pq publish');
  process.exit(1);
}
