"""ensign kms-policy: every statement that it prints is enforced by ensign-sim's KMS, tried by the attack that it is for,
with the statement and without it; and what --check says of policies that leave something open."""

import base64
import hashlib
import json
import subprocess
import sys

from aws import Kms, KmsError
from expect import claim, done
from stack import BUILD, CLEAN, Stack, read_env

OTHER = hashlib.sha384(b"another image").hexdigest()
ACCOUNT = "111122223333"
ROLE, ADMIN, SEALER = (f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("EnsignInstance", "KmsAdmin", "Sealer"))


def ensign(*arguments, stdin=None):
    return subprocess.run([BUILD / "ensign", *map(str, arguments)], input=stdin, capture_output=True, text=True, timeout=60,
                          env=CLEAN)


class World:
    """A stack, and everybody who could call KMS."""

    def __init__(self, s):
        self.s, folder = s, s.folder / "sim"
        allow_all = s.folder / "allow-all.json"
        allow_all.write_text(json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]}))
        for name in ("Sealer", "Stranger"):
            self.sim("role", "--dir", folder, "--name", name, "--policy", allow_all)
        # Whoever attaches IAM policies gives the role everything that IAM can give.
        self.sim("role", "--dir", folder, "--name", "EnsignInstance", "--policy", allow_all)
        self.people = {"admin": s.admin, "role": Kms({**s.env, **s.role_credentials()})}
        for name in ("Sealer", "Stranger"):
            env = s.folder / f"{name}.env"
            env.write_text(self.sim("credentials", "--dir", folder, "--role", name))
            self.people[name.lower()] = Kms({**s.env, **read_env(env)})
        self.context = {"ensign-policy-sha256": s.digest()}

    def sim(self, *arguments):
        done = subprocess.run([BUILD / "ensign-sim", *map(str, arguments)], capture_output=True, text=True, env=CLEAN)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def put(self, policy):
        self.people["admin"].call("PutKeyPolicy", KeyId=self.s.key_arn, PolicyName="default", Policy=json.dumps(policy),
                                  BypassPolicyLockoutSafetyCheck=True)

    def ask(self, who, operation, **body):
        """KMS's error name, or "" when it did as asked."""
        try:
            self.people[who].call(operation, **body)
        except KmsError as refusal:
            return refusal.name
        return ""

    def attack(self, who, operation):
        """One that would be done, were it allowed, or that this KMS says it would allow."""
        key, text = self.s.key_arn, base64.b64encode(b"x" * 32).decode()
        body = {"Encrypt": {"KeyId": key, "Plaintext": text, "EncryptionContext": self.context},
                "Decrypt": {"KeyId": key, "CiphertextBlob": self.sealed, "EncryptionContext": self.context},
                "GenerateDataKey": {"KeyId": key, "KeySpec": "AES_256", "EncryptionContext": self.context},
                "GenerateDataKeyWithoutPlaintext": {"KeyId": key, "KeySpec": "AES_256", "EncryptionContext": self.context},
                "ReEncrypt": {"CiphertextBlob": self.sealed, "SourceEncryptionContext": self.context,
                              "DestinationKeyId": key, "DestinationEncryptionContext": {}},
                "PutKeyPolicy": {"KeyId": key, "PolicyName": "default", "Policy": self.current,
                                 "BypassPolicyLockoutSafetyCheck": True},
                "ScheduleKeyDeletion": {"KeyId": key, "PendingWindowInDays": 7}}.get(operation, {"KeyId": key})
        answer = self.ask(who, operation, **body)
        if operation == "DisableKey" and answer == "":
            self.people["admin"].call("EnableKey", KeyId=key)
        if operation == "ScheduleKeyDeletion" and answer == "":
            self.people["admin"].call("CancelKeyDeletion", KeyId=key)
            self.people["admin"].call("EnableKey", KeyId=key)
        return answer


# What each Deny is for: by whom, what.
OPENING = [(who, what) for who in ("role", "admin", "stranger", "sealer")
           for what in ("Decrypt", "GenerateDataKey", "GenerateDataKeyPair", "DeriveSharedSecret")]
ATTACKS = {
    "DenyOtherPrograms": OPENING,
    "DenyWaysAround": [(who, what) for who in ("role", "admin", "stranger")
                       for what in ("CreateGrant", "ReplicateKey", "UpdatePrimaryRegion", "ImportKeyMaterial",
                                    "GenerateDataKeyWithoutPlaintext", "GenerateDataKeyPairWithoutPlaintext")],
    "DenyAllButTheAdministrator": [(who, what) for who in ("role", "stranger", "sealer")
                                   for what in ("ReEncrypt", "PutKeyPolicy", "DisableKey", "ScheduleKeyDeletion")],
    "DenyAllButTheSealer": [(who, "Encrypt") for who in ("role", "admin", "stranger")],
}
EVERYTHING = {"Sid": "Careless", "Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}


def without(policy, *sids):
    return {**policy, "Statement": [x for x in policy["Statement"] if x["Sid"] not in sids]}


def with_careless(policy):
    return {**policy, "Statement": [EVERYTHING, *policy["Statement"]]}


def printed(s, *more):
    run = ensign("kms-policy", "--pcr0", s.pcr0, "--policy", s.folder / "policy.json", "--role", ROLE, "--admin", ADMIN,
                 "--kms-key", s.key_arn, *more)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout), run.stderr


def attacks_fail(s, world):
    both, said = printed(s, "--sealer", SEALER)
    policy = both["key_policy"]
    claim("it says where PCR3 comes from", "PCR3: computed from --role" in said, said)
    world.sealed = s.seal()["ciphertext_b64"]
    world.current = json.dumps(policy)
    world.put(policy)
    every = [pair for pairs in ATTACKS.values() for pair in pairs]
    for who, what in every:
        answer = world.attack(who, what)
        claim(f"{who} may not {what}", answer == "AccessDeniedException", answer or "done")
    world.put(with_careless(policy))
    world.current = json.dumps(with_careless(policy))
    wrong = [pair for pair in every if world.attack(*pair) != "AccessDeniedException"]
    claim("a careless Allow for everyone beside it opens nothing of that: the Denies hold alone", not wrong, wrong)
    for sid, pairs in ATTACKS.items():
        loose = with_careless(without(policy, sid, *(["DenyOtherPolicies"] if sid == "DenyOtherPrograms" else [])))
        world.put(loose)
        world.current = json.dumps(loose)
        kept = [pair for pair in pairs if world.attack(*pair) == "AccessDeniedException"]
        claim(f"without {sid} each of its {len(pairs)} attacks goes through", not kept, kept)
        world.put(policy)
    return policy


def enclaves(s, world, policy):
    """What needs a document: the right program opens, another does not, nor one elsewhere, nor under another policy."""
    sealer = {**s.env, "AWS_ACCESS_KEY_ID": world.people["sealer"].access_key_id,
              "AWS_SECRET_ACCESS_KEY": world.people["sealer"].secret, "AWS_SESSION_TOKEN": world.people["sealer"].token}
    looser = Stack.policy(max_face_value_wei="unlimited")
    (s.folder / "looser.json").write_text(json.dumps(looser))
    world.put(with_careless(without(policy, "DenyAllButTheSealer", "DenyOtherPolicies")))
    old = json.loads(s.ensign("encrypt", "--kms-key-id", s.key_arn, "--policy", s.folder / "looser.json", "--new",
                              env=s.admin_env).stdout)
    world.put(policy)
    answer = world.ask("sealer", "Encrypt", KeyId=s.key_arn, Plaintext=base64.b64encode(b"x").decode())
    claim("the sealer seals under this policy alone", answer == "AccessDeniedException", answer)
    sealed = s.seal(env=sealer)
    s.provision(sealed)
    claim("the enclave opens what the sealer sealed", s.signer.address == sealed["address"])
    def with_pcr(index, value, name):
        device = s.folder / f"{name}.nsm.sock"
        nsm = s.start(f"{name}-nsm", BUILD / "ensign-sim", "nsm", "--listen", f"unix:{device}", "--pcr",
                      f"0={value if index == 0 else s.pcr0}", *(("--pcr", f"{index}={value}") if index else ()), "--pki", s.folder / "sim")
        s.wait_for("the NSM", device.exists, nsm)
        kept = s.env["ENSIGND_ARGS"]
        s.env["ENSIGND_ARGS"] = kept.replace(str(s.folder / "sim/nsm.sock"), str(device))
        s.stop_signer()
        s.start_signer(name=name)
        run = s.provision(sealed, check=False)
        s.env["ENSIGND_ARGS"] = kept
        return run

    run = with_pcr(0, OTHER, "changed")
    claim("another image does not", run.returncode == 1 and "AccessDenied" in run.stderr, run.stderr)
    run = with_pcr(3, OTHER, "elsewhere")
    claim("the same image on an instance of another role does not", run.returncode == 1 and "AccessDenied" in run.stderr,
          run.stderr)
    any_instance, said = printed(s, "--sealer", SEALER, "--any-instance")
    claim("--any-instance drops PCR3, and says what that means", "PCR3" not in json.dumps(any_instance) and
          "any instance" in said, said)
    world.put(any_instance["key_policy"])
    run = with_pcr(3, OTHER, "anywhere")
    claim("and then that one opens", run.returncode == 0, run.stderr)
    fixed, _ = printed(s, "--sealer", SEALER, "--any-instance", "--pcr4", OTHER, "--pcr8", OTHER, "--image-sha384")
    condition = [x for x in fixed["key_policy"]["Statement"] if x["Sid"] == "OpenInTheEnclave"][0]["Condition"]
    claim("PCR4, PCR8 and ImageSha384 are written when asked for", condition["StringEqualsIgnoreCase"] == {
        "kms:RecipientAttestation:ImageSha384": s.pcr0, "kms:RecipientAttestation:PCR4": OTHER,
        "kms:RecipientAttestation:PCR8": OTHER}, condition)
    world.put(fixed["key_policy"])
    run = with_pcr(4, OTHER, "unsigned")
    claim("the right PCR4 without the PCR8 does not open", run.returncode == 1 and "AccessDenied" in run.stderr, run.stderr)

    world.put(policy)
    s.stop_signer()
    s.start_signer(settings={**s.settings, "policy": looser}, name="looser")
    run = s.provision({"ciphertext_b64": old["ciphertext_b64"]}, check=False)
    claim("the same image under the older, looser policy does not open the older ciphertext",
          run.returncode == 1 and "AccessDenied" in run.stderr, run.stderr)
    world.put(with_careless(without(policy, "DenyOtherPolicies")))
    run = s.provision({"ciphertext_b64": old["ciphertext_b64"]}, check=False)
    claim("and does as soon as DenyOtherPolicies is out and somebody was careless", run.returncode == 0, run.stderr)
    world.put(with_careless(policy))
    s.stop_signer()
    s.start_signer(settings={**s.settings, "policy": looser}, name="looser-again")
    run = s.provision({"ciphertext_b64": old["ciphertext_b64"]}, check=False)
    claim("with it the carelessness opens nothing", run.returncode == 1 and "AccessDenied" in run.stderr, run.stderr)


def generating(s, world):
    both, _ = printed(s, "--generate")
    world.put(both["key_policy"])
    s.stop_signer()
    s.start_signer(name="mother")
    run = s.ensign("provision", "--endpoint", s.signer.endpoint, "--region", s.env["AWS_REGION"], "--generate",
                   "--kms-key-id", s.key_arn, check=False)
    claim("in generate mode the enclave makes a key", run.returncode == 0, run.stderr)
    for who in world.people:
        answer = world.attack(who, "Encrypt")
        claim(f"and {who} may not Encrypt", answer == "AccessDeniedException", answer or "done")
    answer = world.attack("role", "GenerateDataKey")
    claim("nor the role GenerateDataKey without a document", answer == "AccessDeniedException", answer or "done")

    live, said = printed(s, "--generate", "--endpoint", s.signer.endpoint, "--root", s.env["ENSIGN_SIM_NSM_ROOT"])
    claim("PCR3 from a live document is the one that was computed", live == both and "verified" in said, said)
    run = ensign("kms-policy", "--pcr0", s.pcr0, "--policy", s.folder / "policy.json", "--role", ROLE, "--admin", ADMIN,
                 "--generate", "--endpoint", s.signer.endpoint)
    claim("a document under a root that is not AWS's is not believed", run.returncode == 1 and "root" in run.stderr,
          run.stderr)
    run = ensign("kms-policy", "--pcr0", OTHER, "--policy", s.folder / "policy.json", "--role", ROLE, "--admin", ADMIN,
                 "--generate", "--endpoint", s.signer.endpoint, "--root", s.env["ENSIGN_SIM_NSM_ROOT"])
    claim("nor one of another image", run.returncode == 1 and "another image" in run.stderr and run.stdout == "", run.stderr)
    run = ensign("kms-policy", "--pcr0", s.pcr0, "--policy", s.folder / "policy.json", "--role", SEALER, "--admin", ADMIN,
                 "--generate", "--endpoint", s.signer.endpoint, "--root", s.env["ENSIGN_SIM_NSM_ROOT"])
    claim("one of another role's instance is taken with a warning", run.returncode == 0 and "not the one computed" in run.stderr,
          run.stderr)
    role_policy = s.folder / "role-policy.json"
    role_policy.write_text(json.dumps(both["iam_policy"]))
    world.sim("role", "--dir", s.folder / "sim", "--name", "EnsignInstance", "--policy", role_policy)
    account = {"Version": "2012-10-17", "Statement": [
        {"Sid": "Account", "Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "kms:*", "Resource": "*"}]}
    world.put(account)
    for what in ("Decrypt", "GenerateDataKey", "Encrypt"):
        answer = world.attack("role", what)
        claim(f"where the key policy leaves it to IAM, the IAM policy keeps the role from {what}",
              answer == "AccessDeniedException", answer or "done")
    s.stop_signer()
    s.start_signer(name="by-iam")
    run = s.ensign("provision", "--endpoint", s.signer.endpoint, "--region", s.env["AWS_REGION"], "--generate",
                   "--kms-key-id", s.key_arn, check=False)
    claim("and lets the enclave", run.returncode == 0, run.stderr)


# --- the lint

def statement(action, sid="S", principal=ROLE, effect="Allow", **condition):
    made = {"Sid": sid, "Effect": effect, "Principal": principal if principal == "*" else {"AWS": principal},
            "Action": action, "Resource": "*"}
    return {**made, **({"Condition": condition} if condition else {})}


PCR = "kms:RecipientAttestation:"
DIGEST = {"kms:EncryptionContext:ensign-policy-sha256": "11" * 32}
GOOD = {"StringEqualsIgnoreCase": {PCR + "PCR0": OTHER}, "StringEquals": DIGEST}
KEEPER = statement(["kms:PutKeyPolicy", "kms:ReEncrypt*", "kms:DisableKey"], "Admin", ADMIN)


def opens(**condition):
    return [KEEPER, statement("kms:Decrypt", **condition)]


def lint():
    def check(document, *more):
        run = ensign("kms-policy", "--check", "-", *more, stdin=json.dumps(document))
        if run.returncode not in (0, 1):
            return run, None
        found = json.loads(run.stdout)
        claim_ok = found["sound"] == (not found["findings"]) == (run.returncode == 0)
        return run, sorted({f["rule"] for f in found["findings"]}) if claim_ok else None

    rows = [
        ("by image and policy", opens(**GOOD), [], []),
        ("by ImageSha384", opens(StringEquals={PCR + "ImageSha384": OTHER, **DIGEST}), [], []),
        ("nothing", opens(), [], ["no-measurement"]),
        ("the policy alone", opens(StringEquals=DIGEST), [], ["no-measurement"]),
        ("the image alone", opens(StringEqualsIgnoreCase={PCR + "PCR0": OTHER}), [], ["no-context"]),
        ("zeros", opens(StringEquals={PCR + "PCR0": "0" * 96, **DIGEST}), [], ["zeros"]),
        ("a placeholder", opens(StringEquals={PCR + "PCR0": "PCR0_HEX", **DIGEST}), [], ["not-hex"]),
        ("two images", opens(StringEquals={PCR + "PCR0": [OTHER, "ab" * 48], **DIGEST}), [], ["many-images"]),
        ("two images in a rollover", opens(StringEquals={PCR + "PCR0": [OTHER, "ab" * 48], **DIGEST}), ["--rollover"], []),
        ("three in a rollover", opens(StringEquals={PCR + "PCR0": [OTHER, "ab" * 48, "cd" * 48], **DIGEST}), ["--rollover"],
         ["many-images"]),
        ("two policies", opens(StringEquals={PCR + "PCR0": OTHER, **{k: [v, "22" * 32] for k, v in DIGEST.items()}}), [],
         ["many-policies"]),
        ("PCR1", opens(StringEquals={PCR + "PCR1": OTHER, **DIGEST}), [], ["pcr1-pcr2"]),
        ("PCR2", opens(StringEquals={PCR + "PCR2": OTHER, **DIGEST}), [], ["pcr1-pcr2"]),
        ("PCR8", opens(StringEquals={PCR + "PCR8": OTHER, **DIGEST}), [], ["pcr8-alone"]),
        ("PCR3 and PCR4", opens(StringEquals={PCR + "PCR3": OTHER, PCR + "PCR4": OTHER, **DIGEST}), [], ["no-image"]),
        ("PCR8 beside the image", opens(StringEquals={PCR + "PCR0": OTHER, PCR + "PCR8": OTHER, **DIGEST}), [], []),
        ("IfExists", opens(StringEqualsIfExists={PCR + "PCR0": OTHER}, StringEquals=DIGEST), [],
         ["no-measurement", "not-judged"]),
        ("Like", opens(StringLike={PCR + "PCR0": "*"}, StringEquals=DIGEST), [], ["no-measurement", "not-judged"]),
        ("NotEquals", opens(StringNotEquals={PCR + "PCR0": OTHER}, StringEquals=DIGEST), [], ["no-measurement", "not-judged"]),
        ("an address range", opens(StringEquals={"aws:SourceIp": "10.0.0.1"}), [], ["no-measurement", "not-judged"]),
        ("everyone", [KEEPER, statement("kms:Decrypt", principal="*", **GOOD)], [], ["anyone"]),
        ("a data key", [KEEPER, statement("kms:GenerateDataKey")], [], ["no-measurement"]),
        ("a wildcard", [KEEPER, statement("kms:De*")], [], ["no-measurement"]),
        ("nobody", [KEEPER], [], ["nobody"]),
        ("a Deny for the unattested", [*opens(), statement("kms:*crypt", "D", "*", "Deny", Null={PCR + "PCR0": "true"})], [],
         ["no-context", "no-image"]),
        ("a Deny for other images and other policies", [*opens(), statement("kms:*", "D", "*", "Deny", StringNotEquals={
            PCR + "PCR0": OTHER}), statement("kms:Decrypt", "E", "*", "Deny", StringNotEquals=DIGEST)], [], []),
        ("a Deny of two conditions is none", [*opens(), statement("kms:*", "D", "*", "Deny", StringNotEquals={
            PCR + "PCR0": OTHER, "aws:PrincipalArn": ADMIN})], [], ["no-measurement"]),
        ("a Deny for one role is none", [*opens(), statement("kms:*", "D", ADMIN, "Deny")], [], ["no-measurement"]),
        ("a Deny IfExists is none", [*opens(), statement("kms:*", "D", "*", "Deny", StringNotEqualsIfExists={
            PCR + "PCR0": OTHER})], [], ["no-measurement"]),
        ("grants for the administrator", [*opens(**GOOD), statement("kms:Create*", "G", ADMIN)], [], ["grants"]),
        ("grants, denied", [*opens(**GOOD), statement("kms:Create*", "G", ADMIN), statement(
            "kms:CreateGrant", "D", "*", "Deny")], [], []),
        ("replicas", [*opens(**GOOD), statement("kms:ReplicateKey", "R", ADMIN)], [], ["copies"]),
        ("an import", [*opens(**GOOD), statement("kms:Import*", "R", ADMIN)], [], ["copies"]),
        ("the role changes the policy", [*opens(**GOOD), statement("kms:Put*", "P")], [], ["policy-change"]),
        ("the role re-encrypts", [*opens(**GOOD), statement("kms:ReEncryptFrom", "P")], [], ["re-encrypt"]),
        ("the role seals", [*opens(**GOOD), statement("kms:Encrypt", "P")], [], ["encrypt"]),
        ("the role deletes", [*opens(**GOOD), statement("kms:ScheduleKeyDeletion", "P")], [], ["stop"]),
        ("another seals", [*opens(**GOOD), statement("kms:Encrypt", "P", SEALER)], [], []),
        ("NotPrincipal", [*opens(**GOOD), {"Effect": "Allow", "NotPrincipal": {"AWS": ROLE}, "Action": "kms:*",
                                           "Resource": "*"}], [], ["not-judged"]),
        ("the image given", opens(**GOOD), ["--pcr0", OTHER, "--policy-sha256", "11" * 32], []),
        ("another image given", opens(**GOOD), ["--pcr0", "ab" * 48], ["other-image"]),
        ("another policy given", opens(**GOOD), ["--policy-sha256", "22" * 32], ["other-policy"]),
        ("another administrator given", opens(**GOOD), ["--admin", SEALER], ["policy-change", "re-encrypt", "stop"]),
    ]
    for name, statements, more, wanted in rows:
        run, rules = check({"Version": "2012-10-17", "Statement": statements}, *more)
        claim(f"--check: {name}: {wanted or 'nothing to say'}", rules == wanted, f"{rules} {run.stdout if rules != wanted else ''}")

    run, rules = check({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}})
    claim("AWS's default policy: IAM decides about everything", rules == [
        "copies", "encrypt", "grants", "no-measurement", "policy-change", "re-encrypt", "stop"], rules)
    run, rules = check({"Version": "2012-10-17", "Statement": [
        statement(["kms:Create*", "kms:Describe*", "kms:Enable*", "kms:List*", "kms:Put*", "kms:Update*", "kms:Revoke*",
                   "kms:Disable*", "kms:Get*", "kms:Delete*", "kms:TagResource", "kms:UntagResource",
                   "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion"], "AllowKmsAdmin", "KMS_ADMIN_ROLE_ARN"),
        statement(["kms:Encrypt"], "AllowEncryptFromInstanceRole", "INSTANCE_ROLE_ARN"),
        statement(["kms:Decrypt"], "AllowDecryptOnlyFromEnclaveMeasurement", "INSTANCE_ROLE_ARN",
                  StringEqualsIgnoreCase={PCR + "PCR0": "PCR0_HEX_FROM_EIF_BUILD"})]})
    claim("the original runbook's template: grants, the parent seals, no policy, a placeholder",
          rules == ["copies", "encrypt", "grants", "no-context", "not-hex"], rules)
    claim("and it says so in sentences", "root on the parent" in run.stdout and "older ciphertext" in run.stdout, run.stdout)
    for name, document in [("a list", []), ("no statement", {"Version": "2012-10-17"}), ("statements of numbers",
                                                                                      {"Statement": [7]})]:
        run, _ = check(document)
        claim(f"--check: {name} is exit 4", run.returncode == 4 and run.stdout == "", run.stderr)


def printed_are_sound():
    base = ["kms-policy", "--pcr0", OTHER, "--policy-sha256", "11" * 32, "--role", ROLE, "--admin", ADMIN]
    for name, more, checked in [("sealing", ["--sealer", SEALER], []), ("generating", ["--generate"], []),
                                ("any instance", ["--generate", "--any-instance"], []),
                                ("ImageSha384", ["--generate", "--image-sha384"], []),
                                ("one instance", ["--generate", "--instance-id", "i-0123456789abcdef0"], []),
                                ("a rollover", ["--sealer", SEALER, "--rollover", "--pcr0", "ab" * 48], ["--rollover"])]:
        run = ensign(*base, *more)
        policy = json.dumps(json.loads(run.stdout)["key_policy"])
        claim(f"what is printed for {name} has no IfExists", "IfExists" not in policy and "Null" not in policy)
        run = ensign("kms-policy", "--check", "-", "--pcr0", OTHER, "--policy-sha256", "11" * 32, "--admin", ADMIN, *checked,
                     stdin=policy)
        claim("and nothing is to be said of it", run.returncode == 0, run.stdout + run.stderr)
    for sentence, arguments, fragment in [
            ("no image", [*base[:1], *base[3:], "--generate"], "which program"),
            ("no policy", [*base[:3], *base[5:], "--generate"], "signing policy"),
            ("neither sealer nor generate", base, "--sealer ARN"),
            ("both", [*base, "--generate", "--sealer", SEALER], "--sealer ARN"),
            ("two images without --rollover", [*base, "--generate", "--pcr0", "ab" * 48], "--rollover"),
            ("zeros", [*base[:2], "00" * 48, *base[3:], "--generate"], "zeros"),
            ("the role as administrator", [*base[:-1], ROLE, "--generate"], "neither"),
            ("the role as sealer", [*base, "--sealer", ROLE], "neither"),
            ("a wildcard", [*base[:-1], f"arn:aws:iam::{ACCOUNT}:role/*", "--generate"], "ARN of a role"),
            ("a session", [*base[:-1], f"arn:aws:sts::{ACCOUNT}:assumed-role/a/b", "--generate"], "ARN of a role"),
            ("a multi-Region key", [*base, "--generate", "--kms-key",
                                    f"arn:aws:kms:us-east-2:{ACCOUNT}:key/mrk-1234abcd12ab34cd56ef1234567890ab"],
             "single-Region"),
            ("an instance of no id", [*base, "--generate", "--instance-id", "i-xyz"], "17 hex"),
            ("--check with --role", ["kms-policy", "--check", "-", "--role", ROLE], "leave out --role")]:
        run = ensign(*arguments, stdin="")
        claim(f"{sentence} is a mistake of the command line", run.returncode == 2 and fragment in run.stderr and
              run.stdout == "", run.stderr)


def main():
    lint()
    printed_are_sound()
    with Stack(policy=Stack.policy()) as s:
        (s.folder / "policy.json").write_text(json.dumps(s.policy_document))
        world = World(s)
        out, iam = s.folder / "out.json", s.folder / "iam.json"
        run = ensign("kms-policy", "--pcr0", s.pcr0, "--policy", s.folder / "policy.json", "--role", ROLE, "--admin", ADMIN,
                     "--sealer", SEALER, "--kms-key", s.key_arn, "--out", out, "--iam-out", iam)
        both, _ = printed(s, "--sealer", SEALER)
        claim("--out and --iam-out write what is printed", run.returncode == 0 and run.stdout == "" and
              json.loads(out.read_text()) == both["key_policy"] and json.loads(iam.read_text()) == both["iam_policy"])
        policy = attacks_fail(s, world)
        enclaves(s, world, policy)
        generating(s, world)
    done()


if __name__ == "__main__":
    sys.exit(main())
