// ensignd and ethers sign the same: random transactions of every type, messages and typed data, byte for byte.
// Run in the folder that has ethers in node_modules. Usage: node ethers_agrees.mjs [SEED]
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const { ethers } = createRequire(process.cwd() + "/")("ethers");
const TRANSACTIONS = 2400, MESSAGES = 300, TYPED_DATA = 700;
const KEY = "0x" + "5d".repeat(32);
const seed = Number(process.argv[2] ?? 20);
const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const build = process.env.ENSIGN_DEV_BUILD || join(root, "build-dev");
const key = new ethers.SigningKey(KEY);

// -- random values: mulberry32, so that a seed says all --

let state = seed >>> 0;
function random(below) {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % below;
}
const choose = (list) => list[random(list.length)];
const bytes = (n) => Uint8Array.from({ length: n }, () => random(256));
const hex = (n) => ethers.hexlify(bytes(n));
const address = () => ethers.getAddress(hex(20));
function integer(bits) {
  const top = 1n << BigInt(bits);
  if (random(6) === 0) return choose([0n, 1n, 127n, 128n, 255n, 256n, top - 1n, top >> 1n]) % top;
  return ethers.toBigInt(bytes(32)) % (random(3) === 0 ? top : 1n << BigInt(1 + random(Math.min(bits, 72))));
}
const data = () => hex(choose([0, 0, 1, 4, 31, 32, 33, 55, 56, 57, 100, 255, 256, 257, 600]));

// JSON whose integers are BigInts: bare numbers or strings, as `form` says of each.
function stringify(value, form) {
  if (typeof value === "bigint") return form(value);
  if (Array.isArray(value)) return "[" + value.map((item) => stringify(item, form)).join(",") + "]";
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return "{" + Object.entries(value).map(([name, item]) => JSON.stringify(name) + ":" + stringify(item, form)).join(",") + "}";
}
const transactionForm = (n) => (random(2) ? n.toString() : `"0x${n.toString(16)}"`);
const typedForm = (n) => choose([`${n}`, `"${n}"`, n < 0n ? `${n}` : `"0x${n.toString(16)}"`]);

// -- the signer --

const folder = mkdtempSync(join(tmpdir(), "ensign-"));
writeFileSync(join(folder, "key"), KEY);
const path = join(folder, "signer.sock");
const child = spawn(join(build, "ensignd"), ["--insecure-key-file", join(folder, "key"), "--listen", `unix:${path}`],
                    { env: {}, stdio: ["ignore", "ignore", "inherit"] });

async function connect() {
  for (let tries = 0; tries < 600; tries++) {
    const socket = await new Promise((done) => {
      const attempt = createConnection(path, () => done(attempt));
      attempt.once("error", () => done(null));
    });
    if (socket) return socket;
    if (child.exitCode !== null) break;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error("ensignd does not listen");
}

let received = Buffer.alloc(0), wake = () => {};
const socket = await connect();
socket.on("data", (part) => { received = Buffer.concat([received, part]); wake(); });
socket.on("close", () => { received = null; wake(); });

async function call(body) {
  const frame = Buffer.alloc(4 + Buffer.byteLength(body));
  frame.writeUInt32BE(Buffer.byteLength(body));
  frame.write(body, 4);
  socket.write(frame);
  for (;;) {
    if (received === null) throw new Error(`closed after ${body}`);
    if (received.length >= 4 && received.length >= 4 + received.readUInt32BE()) break;
    await new Promise((done) => { wake = done; });
  }
  const answer = received.subarray(4, 4 + received.readUInt32BE());
  received = received.subarray(4 + answer.length);
  return JSON.parse(answer.toString());
}

async function expect(what, method, params, member, theirs) {
  const answer = await call(`{"method":"${method}","params":${params}}`);
  const ours = answer.result?.[member] ?? JSON.stringify(answer);
  if (ours !== theirs) throw new Error(`ethers_agrees: ${what} differs (seed ${seed})\ngiven:  ${params}\nours:   ${ours}\ntheirs: ${theirs}`);
}

// -- transactions: `dictionary` is ensignd's dialect, `tx` ethers' --

function accessList() {
  return Array.from({ length: choose([0, 1, 2, 4]) },
                    () => ({ address: address(), storageKeys: Array.from({ length: choose([0, 1, 3]) }, () => hex(32)) }));
}

function authorization() {
  const entry = { address: address(), nonce: integer(53), chainId: integer(64) };
  const signature = new ethers.SigningKey(hex(32)).sign(ethers.hashAuthorization(entry));
  const json = { ...entry, yParity: BigInt(signature.yParity), r: BigInt(signature.r), s: BigInt(signature.s) };
  return { tx: { ...entry, signature }, json };
}

function transaction(type) {
  const tx = { type, nonce: Number(integer(53)), gasLimit: integer(64), value: integer(256), data: data() };
  if (type >= 3 || random(5) > 0) tx.to = address();
  if (type > 0 || random(3) > 0) tx.chainId = type > 0 ? integer(64) : 1n + integer(64);
  const dictionary = { nonce: BigInt(tx.nonce), gas: tx.gasLimit, value: tx.value, data: tx.data };
  if (tx.to) dictionary.to = tx.to;
  if (tx.chainId !== undefined) dictionary.chainId = tx.chainId;
  if (type < 2) dictionary.gasPrice = tx.gasPrice = integer(256);
  if (type > 0) dictionary.accessList = tx.accessList = accessList();
  if (type >= 2) {
    tx.maxFeePerGas = integer(256);
    tx.maxPriorityFeePerGas = tx.maxFeePerGas === 0n ? 0n : integer(256) % tx.maxFeePerGas;
    dictionary.maxFeePerGas = tx.maxFeePerGas;
    dictionary.maxPriorityFeePerGas = tx.maxPriorityFeePerGas;
  }
  if (type === 3) {
    dictionary.maxFeePerBlobGas = tx.maxFeePerBlobGas = integer(256);
    dictionary.blobVersionedHashes = tx.blobVersionedHashes =
        Array.from({ length: choose([1, 2, 6]) }, () => "0x01" + hex(31).slice(2));
  }
  if (type === 4) {
    const list = Array.from({ length: choose([1, 1, 3]) }, authorization);
    tx.authorizationList = list.map((entry) => entry.tx);
    dictionary.authorizationList = list.map((entry) => entry.json);
  }
  return { tx, dictionary };
}

function signed(tx) {
  const made = ethers.Transaction.from(tx);
  made.signature = key.sign(made.unsignedHash);
  return made.serialized;
}

// -- typed data: each struct needs the next, so that the first needs all; at most 16 deep, as ensignd takes it --

function suffixes() {
  return Array.from({ length: choose([0, 0, 0, 1, 1, 2, 3]) }, () => choose(["[]", "[]", `[${1 + random(3)}]`])).join("");
}
const elementary = () => choose(["address", "bool", "string", "bytes", "uint256", `bytes${1 + random(32)}`,
                                 `uint${8 * (1 + random(32))}`, `int${8 * (1 + random(32))}`]);

function value(types, type) {
  const array = type.match(/^(.*)\[(\d*)\]$/);
  if (array) return Array.from({ length: array[2] ? Number(array[2]) : random(4) }, () => value(types, array[1]));
  if (types[type]) return Object.fromEntries(types[type].map((field) => [field.name, value(types, field.type)]));
  if (type === "address") return address();
  if (type === "bool") return random(2) === 1;
  if (type === "string") return Array.from({ length: random(12) }, () => choose(["a", "Z", " ", "é", "日", "🚀", "\n", "\"", "\\"])).join("");
  if (type === "bytes") return hex(choose([0, 1, 31, 32, 33, 135, 136, 137, 300]));
  if (type.startsWith("bytes")) return hex(Number(type.slice(5)));
  const bits = Number(type.replace(/\D/g, "")), n = integer(bits);
  return type.startsWith("int") ? BigInt.asIntN(bits, n) : n;
}

function typedData() {
  const names = ["Order", "Item", "Person", "Asset", "a_b"].slice(random(4)), types = {};
  names.forEach((name, i) => {
    const wanted = Array.from({ length: 1 + random(5) }, () => elementary() + suffixes());
    if (i + 1 < names.length) wanted.splice(random(wanted.length), 0, names[i + 1] + choose(["", "[]", "[2]", "[1][]"]));
    types[name] = wanted.map((type, j) => ({ name: `${choose(["a", "b", "z"])}${j}`, type }));
  });
  const all = { name: "string", version: "string", chainId: "uint256", verifyingContract: "address", salt: "bytes32" };
  const fields = Object.keys(all).filter(() => random(3) > 0);
  const domain = Object.fromEntries(fields.map((name) => [name, value({}, all[name])]));
  const domainTypes = { EIP712Domain: fields.map((name) => ({ name, type: all[name] })) };
  const message = value(types, names[0]);
  const document = { types: random(2) ? { ...domainTypes, ...types } : types, primaryType: names[0], domain, message };
  return { types, domain, message, document };
}

// ---

try {
  for (let i = 0; i < TRANSACTIONS; i++) {
    const { tx, dictionary } = transaction(i % 5);
    await expect(`transaction ${i}`, "sign_transaction", `{"tx":${stringify(dictionary, transactionForm)}}`, "raw_tx", signed(tx));
  }
  for (let i = 0; i < MESSAGES; i++) {
    const message = bytes(choose([0, 1, 9, 10, 32, 32, 99, 100, 1000]));
    await expect(`message ${i}`, "sign_message_defunct", JSON.stringify({ message_hash: ethers.hexlify(message) }), "signature",
                 key.sign(ethers.hashMessage(message)).serialized);
  }
  for (let i = 0; i < TYPED_DATA; i++) {
    const { types, domain, message, document } = typedData();
    await expect(`typed data ${i}`, "sign_typed_data", `{"typed_data":${stringify(document, typedForm)}}`, "signature",
                 key.sign(ethers.TypedDataEncoder.hash(domain, types, message)).serialized);
  }
  console.log(`ethers agrees: ${TRANSACTIONS} transactions, ${MESSAGES} messages, ${TYPED_DATA} typed data`);
} catch (failure) {
  console.error(failure.message);
  process.exitCode = 1;
} finally {
  socket.destroy();
  child.kill();
  rmSync(folder, { recursive: true });
}
