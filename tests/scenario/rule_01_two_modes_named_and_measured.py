"""Rule 1: settings must exist, parse, name a mode and hold no unknown key, or ensignd exits; in strict mode nothing sent
over RPC loosens anything; in no mode does RPC name a host."""

import json
import subprocess

from expect import claim, done, refusal
from stack import BUILD, Stack

with Stack(mode="strict", policy=Stack.policy()) as stack:
    good = stack.settings
    for sentence, text, fragments in (
            ("no settings file", None, ["settings"]),
            ("settings that are not JSON", "{", ["settings"]),
            ("settings without a mode", json.dumps({k: v for k, v in good.items() if k != "mode"}), ["mode"]),
            ("an unknown mode", json.dumps({**good, "mode": "lenient"}), ["mode", "lenient"]),
            ("an unknown key", json.dumps({**good, "kms_keys": 1}), ["kms_keys"]),
            ("a mode named twice", json.dumps(good)[:-1] + ', "mode": "open"}', ["mode"]),
            ("strict without a pinned key", json.dumps({k: v for k, v in good.items() if k != "kms_key"}), ["kms_key"]),
            ("strict with an alias for a key", json.dumps({**good, "kms_key": "alias/signer"}), ["kms_key"])):
        path = stack.folder / "bad-settings.json"
        path.unlink(missing_ok=True)
        if text is not None:
            path.write_text(text)
        run = subprocess.run([BUILD / "ensignd", "--settings", path, "--listen", f"unix:{stack.folder}/never.sock"],
                             capture_output=True, text=True, timeout=10, env={})
        claim(f"ensignd exits: {sentence}", run.returncode not in (0, -6, -11)
              and all(f in run.stderr for f in fragments), run.stderr.strip()[-160:])

    signer = stack.signer
    credentials = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "s" * 40,
                   "aws_session_token": "t" * 40}
    base = {"region": stack.env["AWS_REGION"], "ciphertext_b64": stack.seal()["ciphertext_b64"], **credentials}
    refusal("strict: another policy over RPC", signer.refused("provision", **base, policy=Stack.policy(messages="any")),
            "policy", "policy")
    refusal("strict: flat policy keys over RPC", signer.refused("provision", **base, chain_id=1), "policy", "policy")
    refusal("strict: unbinding over RPC", signer.refused("provision", **base, bind_policy=False), "policy", "bind_policy")
    for region in ("us-east-2.evil.example", "us-east-2/", "us-east-2\r\nHost: evil.example", "US-EAST-2", "127.0.0.1"):
        refusal(f"a region that steers the host name: {region!r}", signer.refused("provision", **{**base, "region": region}),
                "input", "region")
    status = signer.call("status")
    claim("still strict and unprovisioned", status["mode"] == "strict" and status["provisioned"] is False)
    claim("the right provisioning still works", stack.provision().address.startswith("0x"))

with Stack(mode="open") as stack:
    refusal("open: a region that steers the host name", stack.signer.refused(
        "provision", **{**base, "region": "us-east-2.evil.example"}), "input", "region")

done()
