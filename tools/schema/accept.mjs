// Makes the schema of this working tree the one that clients know. To be run
// with a release, or deliberately, when a breaking change is meant.
import { writeFileSync } from 'node:fs';
import { breakingChanges } from './breaking.mjs';
import { baseline, baselinePath, current } from './schema.mjs';

const next = current();
for (const change of await breakingChanges(baseline(), next)) console.log(`breaks clients: ${change}`);
writeFileSync(baselinePath, next);
console.log('tools/schema/baseline.graphqls is the schema of this working tree now');
