// Stands before binaryen's wasm-opt. A library of a library exports streams that the page never opens, and what is exported
// is never left out: so these exports are removed first. They weigh 1.3 KB in brotli.
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import binaryen from "../node_modules/binaryen/index.js";

const UNUSED = /^(__wbg_)?intounderlying/;

const { BulkMemory, BulkMemoryOpt, Multivalue, MutableGlobals, NontrappingFPToInt, ReferenceTypes, SignExt } =
  binaryen.Features;

const args = process.argv.slice(2);
const place = args.findIndex((arg, index) => arg.endsWith(".wasm") && !arg.startsWith("-") && args[index - 1] !== "-o");

// `wasm-opt --version` reads nothing.
if (place < 0) process.exit(run(args));
const used = `${args[place]}.used`;
strip(args[place], used);
args[place] = used;
const status = run(args);
rmSync(used);
process.exit(status);

function run(args) {
  const program = fileURLToPath(new URL("../node_modules/binaryen/bin/wasm-opt", import.meta.url));
  return spawnSync(process.execPath, [program, ...args], { stdio: "inherit" }).status ?? 1;
}

function strip(from, to) {
  const module = binaryen.readBinary(readFileSync(from));
  // As rustc's wasm32 has them: with more, the code is written in another way.
  module.setFeatures(
    BulkMemory | BulkMemoryOpt | Multivalue | MutableGlobals | NontrappingFPToInt | ReferenceTypes | SignExt,
  );
  const names = Array.from({ length: module.getNumExports() }, (_, index) => {
    return binaryen.getExportInfo(module.getExportByIndex(index)).name;
  });
  for (const name of names.filter((name) => UNUSED.test(name))) module.removeExport(name);
  // The names of functions: like ones are laid side by side.
  binaryen.setDebugInfo(true);
  writeFileSync(to, module.emitBinary());
}
