"""ensign encrypt against a KMS of the test's own, which checks every signature with an independent implementation of
Signature Version 4 and looks at what it was asked to encrypt."""

import base64
import json
import subprocess

import ethereum as eth
from aws import authorization
from cli import CLEAN, ENSIGN, FOLDER, TEMPORARY, FakeHttp, ensign, make_certificate, write
from expect import claim, done

ARN = "arn:aws:kms:us-east-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
ADDRESS = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
BROKER = "0xa8bb618b1520e284046f3dfc448851a1ff26e41b"


class Kms:
    def __init__(self, **changes):
        self.status, self.error, self.answer, self.secret, self.problems = 200, None, {}, TEMPORARY["AWS_SECRET_ACCESS_KEY"], []
        self.__dict__.update(changes)
        self.http = FakeHttp(self.handle, CERTIFICATE)
        self.env = {"AWS_ENDPOINT_URL_KMS": self.http.url, "AWS_CA_BUNDLE": str(FOLDER / "cert.pem"),
                    "AWS_EC2_METADATA_DISABLED": "true", "no_proxy": "*"}

    def handle(self, method, path, headers, body):
        given = headers["Authorization"]
        scope = given.split("Credential=")[1].split(",")[0].split("/")
        names = given.split("SignedHeaders=")[1].split(",")[0].split(";")
        signed = {name: headers[name] for name in names}
        wanted = authorization(signed, body, scope[0], self.secret, scope[2], "kms", headers["X-Amz-Date"])
        if given != wanted:
            self.problems.append(f"signature\n  {given}\n  {wanted}")
        for name in ("host", "x-amz-date", "x-amz-target", "content-type", *(["x-amz-security-token"] if "X-Amz-Security-Token" in headers else [])):
            if name not in names:
                self.problems.append(f"{name} is not signed")
        if (method, path, headers["X-Amz-Target"], headers["Content-Type"]) != ("POST", "/", "TrentService.Encrypt", "application/x-amz-json-1.1"):
            self.problems.append(f"{method} {path} {headers['X-Amz-Target']}")
        self.request = json.loads(body)
        self.headers = dict(headers)
        if self.error is not None:
            return self.status, self.error
        return 200, json.dumps({"CiphertextBlob": base64.b64encode(b"sealed").decode(), "KeyId": ARN,
                                "EncryptionAlgorithm": "SYMMETRIC_DEFAULT", **self.answer}).encode()


CERTIFICATE = make_certificate()
kms = Kms()
policy = write("policy.json", ensign("policy", "new", "--chain-id", "42161", "--ticket-broker", BROKER, "--allowed-recipient", BROKER).stdout)
digest = ensign("policy", "digest", policy).stdout.strip()

key_file = write("key.txt", KEY.upper().replace("0X", "0x") + "\n")
key_file.chmod(0o600)
run = ensign("encrypt", "--kms-key-id", ARN, "--policy", policy, "--key-file", key_file, env={**TEMPORARY, **kms.env})
claim("a key from a file is sealed", run.returncode == 0 and not kms.problems, run.stderr + "\n".join(kms.problems))
claim("as 0x and 64 lower-case digits, under the policy's context",
      kms.request == {"EncryptionContext": {"ensign-policy-sha256": digest}, "KeyId": ARN, "Plaintext": base64.b64encode(KEY.encode()).decode()})
claim("the session token is sent", kms.headers.get("X-Amz-Security-Token") == TEMPORARY["AWS_SESSION_TOKEN"])
claim("the answer is told with address and context", json.loads(run.stdout) == {
    "address": ADDRESS, "ciphertext_b64": base64.b64encode(b"sealed").decode(), "encryption_context": {"ensign-policy-sha256": digest},
    "key_id": ARN}, run.stdout)
claim("the key and the credentials are shown nowhere", not any(s.lower() in (run.stdout + run.stderr).lower() for s in (
    KEY[2:], TEMPORARY["AWS_SECRET_ACCESS_KEY"], TEMPORARY["AWS_SESSION_TOKEN"])))
claim("no warning about a file of its owner's alone", "warning" not in run.stderr, run.stderr)
key_file.chmod(0o644)
run = ensign("encrypt", "--kms-key-id", ARN, "--policy", policy, "--key-file", key_file, env={**TEMPORARY, **kms.env})
claim("one about a file that others can read", "chmod 600" in run.stderr, run.stderr)

run = ensign("encrypt", "--kms-key-id", ARN, "--key-file", "-", "--encryption-context", "service=payments", stdin=KEY[2:] + "\n",
             env={**kms.env, **{k: v for k, v in TEMPORARY.items() if "TOKEN" not in k}})
claim("from standard input, with long-lived credentials", run.returncode == 0 and not kms.problems
      and kms.request["EncryptionContext"] == {"service": "payments"} and "X-Amz-Security-Token" not in kms.headers
      and base64.b64decode(kms.request["Plaintext"]).decode() == KEY, run.stderr + "\n".join(kms.problems))
claim("a key without a policy is warned about", "without --policy" in run.stderr, run.stderr)

made = set()
for _ in range(2):
    run = ensign("encrypt", "--kms-key-id", ARN, "--policy", policy, "--new", env={**TEMPORARY, **kms.env})
    plaintext = base64.b64decode(kms.request["Plaintext"]).decode()
    made.add(plaintext)
    claim("a new key: its address is the one shown, itself it is not", run.returncode == 0
          and json.loads(run.stdout)["address"] == eth.address_of_key(bytes.fromhex(plaintext[2:]))
          and plaintext[2:] not in run.stdout + run.stderr, run.stderr)
claim("another each time", len(made) == 2)

run = ensign("encrypt", "--kms-key-id", "alias/payments", "--region", "eu-west-1", "--new", env={**TEMPORARY, **kms.env})
claim("an alias with a region", run.returncode == 0 and "/eu-west-1/kms/" in kms.headers["Authorization"], run.stderr)

asked = len(kms.http.asked)
for what, arguments, stdin, code, fragment in [
        ("a key as an operand", ["--kms-key-id", ARN, KEY], None, 2, "operands"),
        ("an alias without a region", ["--kms-key-id", "alias/payments", "--new"], None, 2, "region"),
        ("no KMS key", ["--new"], None, 2, "--kms-key-id"),
        ("no key", ["--kms-key-id", ARN], None, 2, "--key-file"),
        ("two keys", ["--kms-key-id", ARN, "--new", "--key-file", key_file], None, 2, "not two"),
        ("an empty key", ["--kms-key-id", ARN, "--key-file", "-"], "", 4, "empty"),
        ("63 digits", ["--kms-key-id", ARN, "--key-file", "-"], KEY[:-1], 4, "63"),
        ("the zero key", ["--kms-key-id", ARN, "--key-file", "-"], "0x" + "00" * 32, 4, "zero"),
        ("a file that is too long", ["--kms-key-id", ARN, "--key-file", "-"], KEY * 100, 4, "longer"),
        ("a policy that is none", ["--kms-key-id", ARN, "--new", "--policy", key_file], None, 4, "key.txt"),
        ("the enclave's context name", ["--kms-key-id", ARN, "--new", "--encryption-context", "ensign-x=1"], None, 4, "ensign-")]:
    run = ensign("encrypt", *arguments, stdin=stdin, env={**TEMPORARY, **kms.env})
    claim(f"{what} is exit {code}", run.returncode == code and fragment in run.stderr and "ac0974" not in run.stderr.lower(),
          f"{run.returncode} {run.stderr.strip()}")
claim("and none of them reached KMS", len(kms.http.asked) == asked)

# A /dev of our own, in a mount namespace of our own, is how a machine that runs enclaves looks.
parent = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /dev && touch /dev/nitro_enclaves && exec "$@"', "sh"]
if subprocess.run([*parent, "true"], capture_output=True).returncode == 0:
    at_parent = [*parent, ENSIGN, "encrypt", "--kms-key-id", ARN, "--policy", policy, "--new"]
    env = {**CLEAN, **TEMPORARY, **kms.env}
    run = subprocess.run(at_parent, capture_output=True, text=True, env=env, timeout=30)
    claim("on a machine that runs enclaves it refuses, and says why", run.returncode == 4 and "/dev/nitro_enclaves" in run.stderr
          and "--here" in run.stderr and len(kms.http.asked) == asked, run.stderr)
    run = subprocess.run([*at_parent, "--here"], capture_output=True, text=True, env=env, timeout=30)
    claim("unless told to", run.returncode == 0, run.stderr)
else:
    print("skipped: the refusal on a machine that runs enclaves; wanted are rights to make a mount namespace")

denied = Kms(status=400, error=json.dumps({"__type": "AccessDeniedException", "Message": "User: secret-detail is not authorized"}).encode())
run = ensign("encrypt", "--kms-key-id", ARN, "--new", env={**TEMPORARY, **denied.env})
claim("KMS's refusal is exit 1, its name told and not its text", run.returncode == 1 and "AccessDeniedException" in run.stderr
      and "secret-detail" not in run.stderr, run.stderr)
for what, changed in [("no ciphertext", {"CiphertextBlob": None}), ("ciphertext that is no base64", {"CiphertextBlob": "*"}),
                      ("another key", {"KeyId": ARN.replace("1234abcd", "9999abcd")}), ("no key", {"KeyId": "k"})]:
    run = ensign("encrypt", "--kms-key-id", ARN, "--new", env={**TEMPORARY, **Kms(answer=changed).env})
    claim(f"an answer with {what} is exit 3", run.returncode == 3 and run.stdout == "", f"{run.returncode} {run.stderr.strip()}")
run = ensign("encrypt", "--kms-key-id", ARN, "--new", env={**TEMPORARY, **Kms(status=503, error=b"<html>busy</html>").env})
claim("HTML is no reason to fail otherwise", run.returncode == 1 and "UnknownError" in run.stderr, run.stderr)
run = ensign("encrypt", "--kms-key-id", ARN, "--new", env={**TEMPORARY, **kms.env, "AWS_CA_BUNDLE": "/etc/ssl/certs/ca-certificates.crt"})
claim("a certificate that nobody vouches for is exit 3", run.returncode == 3 and "certificate" in run.stderr.lower(), run.stderr)
run = ensign("encrypt", "--kms-key-id", ARN, "--new", env={**TEMPORARY, **kms.env, "AWS_ENDPOINT_URL_KMS": kms.http.url.replace("https", "http")})
claim("a key goes over https only", run.returncode == 4 and "https" in run.stderr, run.stderr)
general = {k: v for k, v in kms.env.items() if k != "AWS_ENDPOINT_URL_KMS"}
run = ensign("encrypt", "--kms-key-id", ARN, "--new", env={**TEMPORARY, **general, "AWS_ENDPOINT_URL": kms.http.url})
claim("AWS_ENDPOINT_URL will do", run.returncode == 0, run.stderr)
done()
