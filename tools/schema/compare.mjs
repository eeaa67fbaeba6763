// Fails where the schema of this working tree breaks clients of the last release.
import { breakingChanges } from './breaking.mjs';
import { baseline, current } from './schema.mjs';

const broken = await breakingChanges(baseline(), current());
for (const change of broken) console.error(`breaks clients: ${change}`);
if (broken.length > 0) {
  console.error('Keep the old field and mark it @deprecated, or accept the change: npm --prefix tools/schema run accept');
  process.exit(1);
}
