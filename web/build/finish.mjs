// After Vite: adds the plotly bundle and a .gz beside every file worth packing.
import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { constants, gzipSync } from 'node:zlib';

const dist = new URL('../dist/', import.meta.url).pathname;
const worthPacking = 1024;

const plotly = createRequire(import.meta.url).resolve('plotly.js-strict-dist-min');
copyFileSync(plotly, join(dist, 'assets', 'plotly.min.js'));

for (const name of readdirSync(join(dist, 'assets'))) {
  const file = join(dist, 'assets', name);
  if (name.endsWith('.gz') || statSync(file).size < worthPacking) continue;
  const packed = gzipSync(readFileSync(file), { level: constants.Z_BEST_COMPRESSION });
  writeFileSync(`${file}.gz`, packed);
}
