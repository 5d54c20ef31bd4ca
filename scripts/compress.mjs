// Writes .br and .gz beside each compressible file of a folder, so that the server never compresses at run time.
// A copy that is already as new as its file is left alone.
import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const COMPRESSIBLE = /\.(js|css|wasm|svg|json|webmanifest|html|txt)$/;

function compress(file) {
  const { mtime } = statSync(file);
  const current = (copy) => {
    const existing = statSync(copy, { throwIfNoEntry: false });
    // Setting a time may lose its microseconds.
    return existing !== undefined && Math.abs(existing.mtimeMs - mtime.getTime()) < 1;
  };
  const bytes = readFileSync(file);
  const write = (copy, make) => {
    if (current(copy)) return;
    writeFileSync(copy, make());
    // The copy gets the modification time of its file, which the next run compares.
    utimesSync(copy, mtime, mtime);
  };
  write(`${file}.br`, () =>
    brotliCompressSync(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: 11,
        [constants.BROTLI_PARAM_LGWIN]: 24,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    }),
  );
  write(`${file}.gz`, () => gzipSync(bytes, { level: 9 }));
}

const site = process.argv[2];
if (site === undefined) throw new Error("usage: compress.mjs FOLDER");
for (const entry of readdirSync(site, { recursive: true, withFileTypes: true })) {
  if (entry.isFile() && COMPRESSIBLE.test(entry.name)) compress(join(entry.parentPath ?? entry.path, entry.name));
}
