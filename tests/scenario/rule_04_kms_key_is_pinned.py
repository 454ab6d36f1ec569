"""Rule 4: in strict mode any other KMS key, name for it, or region is refused before a byte leaves."""

import socket
import threading

from expect import claim, done, refusal
from stack import Stack

with Stack(mode="strict", policy=Stack.policy()) as stack:
    sealed = stack.seal()
    stack.stop_signer()
    calls = []
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(stack.folder / "kms-count.sock"))
    listener.listen(8)

    def count():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            calls.append(1)
            connection.close()

    threading.Thread(target=count, daemon=True).start()
    real = stack.env["ENSIGND_ARGS"]
    stack.env["ENSIGND_ARGS"] = real.replace(str(stack.folder / "sim/kms.sock"), str(stack.folder / "kms-count.sock"))
    claim("the relay in between is ours", stack.env["ENSIGND_ARGS"] != real)
    signer = stack.start_signer(name="counted")
    arn = stack.key_arn
    other = arn[:-12] + "0" * 12
    base = {"region": stack.env["AWS_REGION"], "ciphertext_b64": sealed["ciphertext_b64"],
            "aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "s" * 40, "aws_session_token": "t" * 40}
    for sentence, change in (
            ("another key", {"key_id": other}), ("an alias", {"key_id": "alias/signer"}),
            ("a bare key id", {"key_id": arn.split("/")[-1]}),
            ("a multi-Region key", {"key_id": arn.replace("key/", "key/mrk-")}),
            ("another account's key", {"key_id": arn.replace(arn.split(":")[4], "999999999999")}),
            ("another region", {"region": "eu-west-1"}),
            ("another algorithm", {"encryption_algorithm": "RSAES_OAEP_SHA_256"})):
        refusal(f"refused: {sentence}", signer.refused("provision", **{**base, **change}), "input" if "algorithm" in sentence else "policy")
    refusal("refused for generating too: another key", signer.refused(
        "generate", **{k: v for k, v in base.items() if k != "ciphertext_b64"}, key_id=other), "policy", "kms_key")
    claim("and not one connection was made to KMS", len(calls) == 0, f"{len(calls)} connections")
    listener.close()

    stack.stop_signer()
    stack.env["ENSIGND_ARGS"] = real
    stack.start_signer(name="again")
    claim("naming the pinned key itself is fine", stack.provision(sealed, "--kms-key-id", arn).address == sealed["address"])

with Stack(mode="strict", policy=Stack.policy()) as stack:
    # A ciphertext under another key of the same account, which the role may use: KMS would open it, the pin does not.
    role, admin = stack.env["INSTANCE_ROLE_ARN"], stack.env["KMS_ADMIN_ROLE_ARN"]
    import json
    stack_arn, stack.key_arn = stack.key_arn, stack.admin.call(
        "CreateKey", Policy=json.dumps(stack.key_policy(role, admin)))["KeyMetadata"]["Arn"]
    foreign = stack.seal()
    stack.key_arn = stack_arn
    answer = stack.provision(foreign, check=False)
    claim("a ciphertext of another key is refused by its KeyId", answer.returncode == 1
          and "IncorrectKeyException" in answer.stderr, answer.stderr.strip()[-200:])

done()
