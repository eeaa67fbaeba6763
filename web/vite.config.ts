import { defineConfig } from 'vite';

const page = (path: string) => new URL(`src/${path}`, import.meta.url).pathname;

// Every page of src/pages and src/graphiql keeps its place in dist; what they
// load goes to dist/assets under names that carry a hash.
export default defineConfig({
  root: 'src',
  base: '/',
  publicDir: false,
  logLevel: 'warn',
  build: {
    outDir: '../dist',
    emptyOutDir: false, // build.sh clears it and spares the checked-in placeholder
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 5000,
    rollupOptions: {
      // "use client" marks components for servers; a bundle has none.
      onwarn: (warning, warn) => warning.code !== 'MODULE_LEVEL_DIRECTIVE' && warn(warning),
      input: {
        landing: page('pages/index.html'),
        graphiql: page('graphiql/index.html'),
        signin: page('graphiql/signin.html'),
        denied: page('graphiql/denied.html'),
      },
    },
  },
  worker: { format: 'es' },
});
