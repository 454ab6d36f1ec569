"""Rule 3: the enclave sends the policy's digest as encryption context; names beginning ensign- never come from outside;
no RPC string can inject JSON or a header."""

import json

from expect import claim, done, refusal
from stack import Refused, Stack

TIGHT = Stack.policy()
LOOSE = Stack.policy(messages="any", max_face_value_wei="unlimited")

with Stack(mode="strict", policy=TIGHT, policy_in_settings=False) as stack:
    sealed = stack.seal()
    tight, loose = stack.folder / "tight.json", stack.folder / "loose.json"
    tight.write_text(json.dumps(TIGHT))
    loose.write_text(json.dumps(LOOSE))
    done_ = stack.provision(sealed, "--policy", loose, check=False)
    claim("the ciphertext does not open under a looser policy",
          done_.returncode == 1 and "kmstool decrypt failed (exit 255)" in done_.stderr, done_.stderr.strip()[-200:])
    digest = stack.digest(TIGHT)
    for name in ("ensign-policy-sha256", "ENSIGN-policy-sha256", "Ensign-anything"):
        done_ = stack.provision(sealed, "--policy", loose, "--encryption-context", f"{name}={digest}", check=False)
        claim(f"the tool refuses the context name {name}", done_.returncode != 0 and "ensign-" in done_.stderr.lower())
        credentials = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "s" * 40,
                       "aws_session_token": "t" * 40}
        refusal(f"the enclave refuses the context name {name}", stack.signer.refused(
            "provision", region=stack.env["AWS_REGION"], ciphertext_b64=sealed["ciphertext_b64"], **credentials,
            policy=LOOSE, encryption_context={name: digest}), "input", "ensign-")
    base = {"region": stack.env["AWS_REGION"], "ciphertext_b64": sealed["ciphertext_b64"], "policy": TIGHT,
            "aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "s" * 40, "aws_session_token": "t" * 40}
    for key, value in (("aws_session_token", "t\r\nX-Amz-Target: TrentService.Encrypt"), ("aws_access_key_id", 'AKIA"},"x":{"'),
                       ("aws_secret_access_key", "s\u0000s"), ("ciphertext_b64", 'AAAA","KeyId":"x'),
                       ("key_id", 'x","EncryptionContext":{"ensign-policy-sha256":"0"},"y":"'),
                       ("region", "us-east-2\r\nX: y")):
        refused = stack.signer.refused("provision", **{**base, key: value})
        claim(f"no injection through {key}", refused.code in ("input", "policy") and value not in refused.message,
              f"{refused.code}: {refused.message}")
    address = stack.provision(sealed, "--policy", tight).address
    claim("and it opens under its own policy", address == sealed["address"], address)
    claim("the document in force is the one that was sealed", stack.signer.call("policy")["policy_sha256"] == digest)

with Stack(mode="open") as stack:
    refused = stack.signer.refused("provision", **{k: v for k, v in base.items() if k != "policy"},
                                   encryption_context={"ensign-x": "y"})
    refusal("open mode refuses reserved names too", refused, "input", "ensign-")
    sealed = stack.seal(context={"service": "payments-signer"})
    wrong = stack.provision(sealed, "--encryption-context", "service=other", check=False)
    claim("a context of the operator's own must match", wrong.returncode == 1, wrong.stderr.strip()[-160:])
    claim("and opens when it does",
          stack.provision(sealed, "--encryption-context", "service=payments-signer").address == sealed["address"])

done()
