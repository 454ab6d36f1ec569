// send_by_ethers.mjs URL TO COUNT: ethers' JsonRpcProvider and its signer have COUNT transactions sent at once by
// eth_sendTransaction, wait for them, sign a message, and print what they saw as JSON.
import { createRequire } from "node:module";
import { join } from "node:path";

const load = createRequire(join(process.env.ENSIGN_NODE_FOLDER, "package.json"));
const { ethers } = load("ethers");
const [url, to, count] = process.argv.slice(2);
const provider = new ethers.JsonRpcProvider(url, undefined, { polling: true, pollingInterval: 100, cacheTimeout: -1 });
const signer = await provider.getSigner();
const sent = await Promise.all(
  Array.from({ length: Number(count) }, (_, i) => signer.sendTransaction({ to, value: 1000n + BigInt(i) })));
const receipts = await Promise.all(sent.map((tx) => tx.wait(1, 20000)));
const message = "who signs";
const signature = await signer.signMessage(message);
console.log(JSON.stringify({
  address: await signer.getAddress(),
  nonces: sent.map((tx) => tx.nonce),
  statuses: receipts.map((receipt) => receipt.status),
  recovered: ethers.verifyMessage(message, signature),
}));
provider.destroy();
