import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

// The build script says where to; by hand it goes beside the sources.
const outDir = process.env.SLUIS_PAGE_OUT ?? 'dist';

// Where `npm run dev` finds a gateway.
const gateway = process.env.SLUIS_GATEWAY ?? '127.0.0.1:8080';

/** The token file is served as it is, so that a university can put its own in its place. */
const theme = (): Plugin => ({
  name: 'theme',
  configureServer(server) {
    server.middlewares.use('/theme.css', (_, answer) => {
      answer.setHeader('content-type', 'text/css');
      answer.end(readFileSync('src/styles/tokens.css'));
    });
  },
  generateBundle() {
    const source = readFileSync('src/styles/tokens.css');
    this.emitFile({ type: 'asset', fileName: 'theme.css', source });
  },
});

/** Each file once more as brotli and gzip, made here and never while somebody waits. */
const compressed = (): Plugin => ({
  name: 'compressed',
  apply: 'build',
  closeBundle() {
    const params = { [constants.BROTLI_PARAM_QUALITY]: 11 };
    const each = (folder: string): void => {
      for (const name of readdirSync(folder)) {
        const path = join(folder, name);
        if (statSync(path).isDirectory()) each(path);
        else {
          const bytes = readFileSync(path);
          writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params }));
          writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
        }
      }
    };
    each(outDir);
  },
});

export default defineConfig({
  plugins: [theme(), compressed()],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir,
    emptyOutDir: true,
    target: 'es2022',
    // As the tokens need them: both colours of a token stand in one `light-dark()`.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    assetsInlineLimit: 0, // the content security policy knows no data: scripts or styles
    modulePreload: false, // each part is small and asks for its own at once
  },
  server: {
    proxy: {
      // With the page's own host, which the gateway compares with the origin.
      '/api': { target: `http://${gateway}`, changeOrigin: false },
      '/ws': { target: `ws://${gateway}`, ws: true },
    },
  },
  test: { include: ['tests/**/*.test.ts'], environment: 'node' },
});
