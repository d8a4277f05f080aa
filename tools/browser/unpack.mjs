// Unpacks the browser into TMPDIR, with the libraries that a bare machine lacks, and writes a script that starts it.
import { spawnSync } from "node:child_process";
import { createReadStream, createWriteStream, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { createBrotliDecompress } from "node:zlib";
import chromium from "@sparticuz/chromium";

const target = process.env.TMPDIR;
const packed = join(dirname(fileURLToPath(import.meta.resolve("@sparticuz/chromium"))), "..", "bin");
const libraries = join(target, "libraries");
mkdirSync(libraries, { recursive: true });
const archive = join(target, "libraries.tar");
const found = [join(packed, "al2023.tar.br"), join(packed, "..", "..", "bin", "al2023.tar.br")];
for (const path of found) {
  try {
    await pipeline(createReadStream(path), createBrotliDecompress(), createWriteStream(archive));
    break;
  } catch (error) {
    if (path === found.at(-1)) throw error;
  }
}
const untar = spawnSync("tar", ["-xf", archive, "-C", libraries], { stdio: "inherit" });
if (untar.status !== 0) process.exit(1);
const binary = await chromium.executablePath();
writeFileSync(
  join(target, "chromium.sh"),
  `#!/bin/sh\nLD_LIBRARY_PATH="${libraries}/lib\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" exec "${binary}" "$@"\n`,
  { mode: 0o755 },
);
