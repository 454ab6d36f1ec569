"""Rule 11: a document got by RPC carries no public key, so KMS answers it nothing; each provisioning uses a new one."""

import base64
import json

from expect import claim, done, refusal
from stack import PCR0, Stack
from aws import Kms, KmsError

with Stack(mode="strict", policy=Stack.policy()) as stack:
    signer = stack.provision()
    nonce = "0x" + "5a" * 32
    document = base64.b64decode(signer.call("attestation", nonce=nonce)["document_b64"])
    at = document.index(b"jpublic_key") if b"jpublic_key" in document else -1
    claim("the document by RPC has no public key", at < 0 or document[at + 11] == 0xF6)
    claim("it carries the nonce", b"\x5a" * 32 in document)
    claim("and the image's PCR0", bytes.fromhex(PCR0) in document)
    told = document[document.index(b"payments-signer:"):].split(b"enonce")[0]
    claim("user_data is the grammar, in order", b";mode=strict;policy-sha256=" + stack.digest().encode()
          + b";policy-bound=true;key-origin=imported;kms-key=" + stack.key_arn.encode() + b";sealed-sha256=" in told
          and b";trust-roots=custom" in told and told.startswith(b"payments-signer:" + signer.address.lower().encode()), told[:200])
    signer.call("attestation", nonce=nonce)
    credentials = stack.role_credentials()
    role = Kms({**stack.env, **credentials})
    try:
        role.call("Decrypt", CiphertextBlob=stack.sealed["ciphertext_b64"], KeyId=stack.key_arn,
                  EncryptionContext={"ensign-policy-sha256": stack.digest()},
                  Recipient={"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256",
                             "AttestationDocument": base64.b64encode(document).decode()})
        claim("KMS refuses the document by RPC", False)
    except KmsError as refused:
        claim("KMS refuses the document by RPC", True, f"{refused.name}: {refused.message}")
    refusal("a nonce over 32 bytes", signer.refused("attestation", nonce="0x" + "00" * 33), "input", "nonce must be <= 32 bytes")

done()
