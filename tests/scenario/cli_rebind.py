"""ensign rebind: a sealed key moved to a new policy inside KMS while its signer goes on signing, the old ciphertext ended by
the key policy, for a key that was sealed and for one that was generated; and what it refuses."""

import json
import sys

from cli import FakeHttp, make_certificate
from expect import claim, done
from stack import Stack

ACCOUNT = "111122223333"
ROLE, ADMIN = f"arn:aws:iam::{ACCOUNT}:role/EnsignInstance", f"arn:aws:iam::{ACCOUNT}:role/KmsAdmin"
OLD, NEW = Stack.policy(), Stack.policy(max_face_value_wei="10000000000000000")
KEY = "0x4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"


def ticket(face_value):
    return {"recipient": "0x" + "c3" * 20, "faceValue": face_value, "winProb": "1", "senderNonce": 1,
            "recipientRandHash": "0x" + "11" * 32, "auxData": "0x" + "22" * 64}


class World:
    def __init__(self, s):
        self.s, self.old, self.new = s, s.folder / "old.json", s.folder / "new.json"
        self.old.write_text(json.dumps(OLD))
        self.new.write_text(json.dumps(NEW))
        self.generate = False

    def put(self, *policies):
        arguments = ["kms-policy", "--pcr0", self.s.pcr0, "--role", ROLE, "--admin", ADMIN]
        arguments += ["--generate"] if self.generate else ["--sealer", ADMIN]
        arguments += ["--rollover"] if len(policies) > 1 else []
        for policy in policies:
            arguments += ["--policy", policy]
        policy = json.loads(self.s.ensign(*arguments).stdout)["key_policy"]
        self.s.admin.call("PutKeyPolicy", KeyId=self.s.key_arn, PolicyName="default", Policy=json.dumps(policy))

    def rebind(self, sealed, *more, old=None, new=None, env=None, check=True):
        path = self.s.folder / "rebind-this.json"
        path.write_text(sealed if isinstance(sealed, str) else json.dumps(sealed))
        return self.s.ensign("rebind", "--from", old or self.old, "--to", new or self.new, path, *more,
                             env=env or self.s.admin_env, check=check)

    def signer(self, name, policy):
        return self.s.start_signer(settings={**self.s.settings, "policy": policy}, name=name)

    def provision(self, signer, sealed, check=True):
        self.s.signer = signer
        return self.s.provision({"ciphertext_b64": sealed["ciphertext_b64"]}, check=check)

    def end(self, process):
        process.terminate()
        process.wait(10)


def rollover(world, sealed, address, name):
    """Both sign while it lasts; afterwards only the new one opens."""
    s = world.s
    old = world.signer(f"{name}-old", OLD)
    old_process = s.ensignd
    world.provision(old, sealed)
    world.put(world.old, world.new)
    run = world.rebind(sealed)
    moved = json.loads(run.stdout)
    claim(f"{name}: the new one names the new policy", moved["encryption_context"] == {"ensign-policy-sha256": s.digest(NEW)}
          and moved["key_id"] == s.key_arn and moved["ciphertext_b64"] != sealed["ciphertext_b64"], moved)
    claim(f"{name}: its address goes with it", moved.get("address") == sealed.get("address"))
    claim(f"{name}: and what is left to do is said", s.digest(OLD) in run.stderr and "kms-policy" in run.stderr, run.stderr)
    new = world.signer(f"{name}-new", NEW)
    new_process = s.ensignd
    run = world.provision(new, sealed, check=False)
    claim(f"{name}: the old ciphertext does not open under the new policy", run.returncode == 1 and
          "InvalidCiphertext" in run.stderr, run.stderr)
    world.provision(new, moved)
    claim(f"{name}: the key is the same one", new.call("address")["address"] == old.call("address")["address"] == address)
    small, large = ticket("1000000000000000"), ticket("40000000000000000")
    claim(f"{name}: both sign while both are there, the same to the byte",
          old.call("sign_ticket", ticket=small)["signature"] == new.call("sign_ticket", ticket=small)["signature"])
    claim(f"{name}: each by its own policy", "signature" in old.call("sign_ticket", ticket=large) and
          new.refused("sign_ticket", ticket=large).code == "policy")
    world.put(world.new)
    claim(f"{name}: the old enclave signs on until its lease ends", "signature" in old.call("sign_ticket", ticket=ticket("2")))
    run = world.provision(old, sealed, check=False)
    claim(f"{name}: but cannot renew it", run.returncode == 1 and "AccessDenied" in run.stderr, run.stderr)
    world.end(old_process)
    again = world.signer(f"{name}-again", OLD)
    run = world.provision(again, sealed, check=False)
    claim(f"{name}: nor open the old ciphertext in a new boot", run.returncode == 1 and "AccessDenied" in run.stderr, run.stderr)
    world.end(s.ensignd)
    world.end(new_process)
    world.provision(world.signer(f"{name}-restarted", NEW), moved)
    claim(f"{name}: the new one opens after a restart", s.signer.call("address")["address"] == address)
    world.end(s.ensignd)
    return moved


def refusals(world, sealed, moved):
    s = world.s
    for sentence, run, code, fragment in [
            ("another policy than the one it is bound to", world.rebind(moved, check=False), 4, "is bound to the policy"),
            ("the same policy twice", world.rebind(sealed, new=world.old, check=False), 4, "nothing to move"),
            ("a ciphertext that is bound to nothing", world.rebind({**sealed, "encryption_context": {}}, check=False), 4,
             "bound to no policy"),
            ("no ciphertext", world.rebind({**sealed, "ciphertext_b64": "%"}, check=False), 4, "ciphertext_b64"),
            ("an alias for a key", world.rebind({**sealed, "key_id": "alias/x"}, check=False), 4, "key_id"),
            ("no JSON", world.rebind("nothing", check=False), 4, "rebind-this.json"),
            ("a key of another Region", world.rebind(sealed, "--kms-key-id", s.key_arn.replace("us-east-2", "eu-west-1"),
                                                     check=False), 4, "one Region"),
            ("a pair beside a file that says its own", world.rebind(sealed, "--encryption-context", "a=b", check=False), 4,
             "leave out"),
            ("no --to", s.ensign("rebind", "--from", world.old, "x", check=False), 2, "--to"),
            ("the enclave's own pair", world.rebind({k: v for k, v in sealed.items() if k != "encryption_context"},
                                                    "--encryption-context", "Ensign-policy-sha256=00", check=False), 4,
             "ensign-")]:
        claim(f"{sentence} is exit {code}", run.returncode == code and fragment in run.stderr and run.stdout == "",
              f"{run.returncode} {run.stderr}")
    world.put(world.old, world.new)
    role = {**s.env, **s.role_credentials()}
    run = world.rebind(sealed, env=role, check=False)
    claim("the instance's role may not: KMS refuses", run.returncode == 1 and "AccessDenied" in run.stderr, run.stderr)
    forged = {**moved, "encryption_context": {"ensign-policy-sha256": s.digest(OLD)}}
    run = world.rebind(forged, check=False)
    claim("a file that lies about its policy is refused by KMS", run.returncode == 1 and "InvalidCiphertext" in run.stderr,
          run.stderr)
    run = world.rebind({**sealed, "key_id": s.key_arn[:-12] + "000000000000"}, check=False)
    claim("a key that is not there", run.returncode == 1, run.stderr)


def other_answers(world, sealed):
    """KMS, or somebody with its name, that answers something else than what was asked."""
    s = world.s
    answer = {"CiphertextBlob": "AAAA", "KeyId": s.key_arn, "SourceKeyId": s.key_arn}
    certificate = make_certificate()
    for sentence, said, fragment in [
            ("another source key", {**answer, "SourceKeyId": s.key_arn + "0"}, "another key"),
            ("another destination key", {**answer, "KeyId": s.key_arn + "0"}, "another key"),
            ("no ciphertext", {**answer, "CiphertextBlob": ""}, "CiphertextBlob")]:
        server = FakeHttp(lambda *_, said=said: (200, json.dumps(said).encode()), certificate)
        run = world.rebind(sealed, env={**s.admin_env, "AWS_ENDPOINT_URL_KMS": server.url, "AWS_CA_BUNDLE": str(certificate)},
                           check=False)
        claim(f"an answer with {sentence} is exit 3", run.returncode == 3 and fragment in run.stderr and run.stdout == "",
              run.stderr)
        asked = json.loads(server.asked[-1][3])
        claim("and it was asked for exactly this", asked["SourceKeyId"] == asked["DestinationKeyId"] == s.key_arn and
              asked["SourceEncryptionContext"] == {"ensign-policy-sha256": s.digest(OLD)} and
              asked["DestinationEncryptionContext"] == {"ensign-policy-sha256": s.digest(NEW)})


def to_another_key(world, sealed, address):
    s, first = world.s, world.s.key_arn
    policy = s.admin.call("GetKeyPolicy", KeyId=first, PolicyName="default")["Policy"]
    second = s.admin.call("CreateKey", Policy=policy)["KeyMetadata"]["Arn"]
    moved = json.loads(world.rebind(sealed, "--kms-key-id", second).stdout)
    claim("to another KMS key, in the same step", moved["key_id"] == second)
    s.settings["kms_key"] = second
    world.provision(world.signer("second", NEW), moved)
    claim("which then opens it", s.signer.call("address")["address"] == address)
    world.end(s.ensignd)
    s.settings["kms_key"] = first


def with_pairs(world):
    """Further pairs of the context go on as they were."""
    s = world.s
    s.context = {"app": "payments"}
    sealed = s.seal(KEY)
    moved = json.loads(world.rebind(sealed).stdout)
    claim("further pairs go on unchanged", moved["encryption_context"] == {"app": "payments",
                                                                           "ensign-policy-sha256": s.digest(NEW)})
    bare = {k: v for k, v in sealed.items() if k != "encryption_context"}
    run = world.rebind(bare, check=False)
    claim("where the file does not say them, KMS refuses without", run.returncode == 1 and "InvalidCiphertext" in run.stderr,
          run.stderr)
    claim("and takes them from the command line", world.rebind(bare, "--encryption-context", "app=payments").returncode == 0)
    s.context = {}


def main():
    with Stack(policy=OLD) as s:
        world = World(s)
        s.stop_signer()
        world.put(world.old)
        sealed = s.seal(KEY)
        moved = rollover(world, sealed, sealed["address"], "sealed")
        refusals(world, sealed, moved)
        other_answers(world, sealed)
        to_another_key(world, sealed, sealed["address"])
        with_pairs(world)

        world.generate = True
        world.put(world.old)
        mother = world.signer("mother", OLD)
        s.ensign("provision", "--endpoint", mother.endpoint, "--region", s.env["AWS_REGION"], "--generate", "--kms-key-id",
                 s.key_arn)
        generated = json.loads(s.ensign("sealed", "--endpoint", mother.endpoint).stdout)
        address = mother.call("address")["address"]
        world.end(s.ensignd)
        rollover(world, generated, address, "generated")
    done()


if __name__ == "__main__":
    sys.exit(main())
