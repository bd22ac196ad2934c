// SPDX-License-Identifier: MIT
// `component new` of jco, which is a newer wit-component than Debian's wasm-tools has: another layout of the same component.
//
//     build/node/bin/node scripts/component_new.mjs CORE_WITH_WIT COMPONENT [ADAPTER_NAME=ADAPTER]
import { readFileSync, writeFileSync } from 'node:fs';
import { componentNew } from '../build/jco/jco-transpile/dist/wasm-tools.js';

const [from, to, ...adapters] = process.argv.slice(2);
const named = adapters.map((one) => one.split('=')).map(([name, file]) => [name, readFileSync(file)]);
writeFileSync(to, await componentNew(readFileSync(from), named));
