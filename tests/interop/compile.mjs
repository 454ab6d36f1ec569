// compile.mjs FILE.sol: prints {"abi", "bytecode"} of the file's one contract.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { createRequire } from "node:module";

const require = createRequire(process.cwd() + "/");
const solc = require("solc");
const file = process.argv[2];
const name = basename(file);
const input = {
  language: "Solidity",
  sources: { [name]: { content: readFileSync(file, "utf8") } },
  settings: { optimizer: { enabled: true, runs: 200 }, outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } } },
};
const output = JSON.parse(solc.compile(JSON.stringify(input)));
const errors = (output.errors ?? []).filter((e) => e.severity === "error");
if (errors.length > 0) {
  for (const error of errors) console.error(error.formattedMessage);
  process.exit(1);
}
const [contract] = Object.values(output.contracts[name]);
console.log(JSON.stringify({ abi: contract.abi, bytecode: "0x" + contract.evm.bytecode.object }));
