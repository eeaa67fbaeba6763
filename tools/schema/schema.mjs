// The contract as one text, and the one that was last released.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSchema, lexicographicSortSchema, printSchema } from 'graphql';

const folder = fileURLToPath(new URL('../../schema', import.meta.url));

export const baselinePath = fileURLToPath(new URL('baseline.graphqls', import.meta.url));

/** The schema of this working tree, sorted, with its descriptions. */
export function current() {
  const files = readdirSync(folder).filter((name) => name.endsWith('.graphqls')).sort();
  const text = files.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');
  return `${printSchema(lexicographicSortSchema(buildSchema(text)))}\n`;
}

/** The schema that clients know. */
export const baseline = () => readFileSync(baselinePath, 'utf8');
