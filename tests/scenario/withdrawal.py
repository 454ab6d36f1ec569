"""docs/withdrawal.md, step by step: the page's own commands and transaction, on a key that was at work under another
policy; and what the withdrawal policy still refuses."""

import json
import re
import shlex
import sys

import ethereum as eth
from expect import claim, done, refusal
from stack import ROOT, Stack

TREASURY, UNLOCK, WITHDRAW = "0x" + "77" * 20, "0xa69df4b5", "0x3ccfd60b"
ROLES = ["--role", "arn:aws:iam::111122223333:role/EnsignInstance", "--admin", "arn:aws:iam::111122223333:role/KmsAdmin",
         "--sealer", "arn:aws:iam::111122223333:role/KmsAdmin"]


def page():
    """The page's shell commands that are whole, one each, and its transaction."""
    text = (ROOT / "docs/withdrawal.md").read_text()
    blocks = [re.sub(r"\\\n\s*", "", block).strip() for block in re.findall(r"```sh\n(.*?)```", text, re.S)]
    transaction = json.loads(re.search(r"```json\n(.*?)```", text, re.S).group(1))
    return blocks, transaction


def main():
    blocks, transaction = page()
    new_policy, rebind, sign = (shlex.split(block) for block in blocks)
    with Stack(policy=Stack.policy(), policy_in_settings=False) as s:
        files = {name: s.folder / name for name in ("policy.json", "withdrawal.json", "sealed.json", "unlock.json")}
        files["policy.json"].write_text(json.dumps(s.policy_document))
        sealed = s.seal()
        files["sealed.json"].write_text(json.dumps(sealed))
        old = s.provision(sealed, "--policy", files["policy.json"])
        claim("the control: the everyday policy signs tickets", "signature" in old.call("sign_ticket", ticket=eth.ticket(old.address)))
        refusal("and no withdrawal", old.refused("sign_transaction", tx=eth.broker_tx(WITHDRAW)), "policy", "withdraw")

        def here(words):
            return [files.get(word, word) for word in words[1:]]

        s.ensign(*here(new_policy))
        policy = s.ensign("kms-policy", "--pcr0", s.pcr0, "--policy", files["policy.json"], "--policy",
                          files["withdrawal.json"], "--rollover", *ROLES).stdout
        s.admin.call("PutKeyPolicy", KeyId=s.key_arn, PolicyName="default", Policy=json.dumps(json.loads(policy)["key_policy"]))
        at = rebind.index(">")
        moved = json.loads(s.ensign(*here(rebind[:at]), env=s.admin_env).stdout)
        s.start_signer(name="withdrawal")
        new = s.provision(moved, "--policy", files["withdrawal.json"], "--expected-address", sealed["address"])
        claim("the same address, under the withdrawal policy", new.address == old.address)
        run = s.ensign("verify", "--endpoint", new.endpoint, "--pcr0", s.pcr0, "--address", new.address, "--policy",
                 files["withdrawal.json"], "--kms-key", s.key_arn, "--custom-roots", "--root", s.env["ENSIGN_SIM_NSM_ROOT"], check=False)
        claim("and verified", run.returncode == 0, run.stderr)

        files["unlock.json"].write_text(json.dumps(transaction))
        signed = json.loads(s.ensign(*here(sign), env={"ENSIGN_ENDPOINT": new.endpoint}).stdout)["raw_tx"]
        claim("unlock(), the page's own transaction, is signed", transaction["data"] == UNLOCK and eth.sender_of(signed) == new.address)
        withdraw = {**transaction, "nonce": 8, "data": WITHDRAW}
        claim("withdraw() is signed", eth.sender_of(new.call("sign_transaction", tx=withdraw)["raw_tx"]) == new.address)
        send = {**transaction, "nonce": 9, "to": eth.checksum(bytes.fromhex("77" * 20)), "value": 3 * 10**18, "data": "0x"}
        claim("the transfer to the treasury is signed", eth.sender_of(new.call("sign_transaction", tx=send)["raw_tx"]) == new.address)
        for sentence, tx, fragment in [
                ("to somebody else", {**send, "to": eth.checksum(bytes.fromhex("78" * 20))}, "tx.to"),
                ("to the treasury with data", {**send, "data": "0x00"}, "data"),
                ("a deposit, which would cancel the unlock", {**transaction, "data": "0x6caa736b", "value": 1}, "fundDeposit"),
                ("unlock() with value", {**transaction, "value": 1}, "value"),
                ("withdraw() with something after it", {**withdraw, "data": WITHDRAW + "00"}, "withdraw")]:
            refusal(f"refused: {sentence}", new.refused("sign_transaction", tx=tx), "policy", fragment)
        refusal("refused: a new ticket", new.refused("sign_ticket", ticket=eth.ticket(new.address)), "policy", "messages")
    done()


if __name__ == "__main__":
    sys.exit(main())
