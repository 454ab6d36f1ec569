"""The whole of it with the enclave booted: ensign-sim's KMS and IMDS on this machine, and ensignd in an image under QEMU,
whose security module signs under the stand-in's root."""

import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scenario"))
from machine import Machine  # noqa: E402
from stack import BUILD, CLEAN, Signer, Stack, read_env  # noqa: E402
from aws import Kms  # noqa: E402

PREFIX = pathlib.Path(os.environ["ENSIGN_MACHINE"])
PARTS = BUILD / "image-parts"


def build_image(out, settings_text, **replaced):
    """An image with these settings; its PCR0 as `ensign image build` printed it."""
    settings = pathlib.Path(f"{out}.settings.json")
    settings.write_text(settings_text)
    parts = {"kernel": PARTS / "bzImage", "kernel-info": PARTS / "kernel.json", "init": PARTS / "init",
             "ensignd": PARTS / "ensignd", "settings": settings, "out": out, **replaced}
    done = subprocess.run([BUILD / "ensign", "image", "build", *(str(x) for k, v in parts.items() for x in (f"--{k}", v))],
                          capture_output=True, text=True, env=CLEAN, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["Measurements"]["PCR0"]


class BootedStack(Stack):
    """A Stack whose signer is in a booted enclave. The key policy names the PCR0 of the very image."""

    def __init__(self, memory=64, **arguments):
        super().__init__(**arguments)
        self.memory, self.machine, self.patience = memory, None, 60

    def _up(self):
        sim = self.start("sim", BUILD / "ensign-sim", "up", self.folder / "sim", "--pcr0", "00" * 48)
        self.wait_for("ensign-sim up", (self.folder / "sim/env").exists, sim)
        self.env = read_env(self.folder / "sim/env")
        self.admin_env = {**self.env, **read_env(self.folder / "sim/admin-env")}
        self.admin = Kms(self.admin_env)
        self.chain = self.folder / "chain"
        subprocess.run([HERE / "make-chain", self.folder / "sim", self.chain], check=True)
        role, admin = self.env["INSTANCE_ROLE_ARN"], self.env["KMS_ADMIN_ROLE_ARN"]
        self.key_arn = self.admin.call("CreateKey", Policy=json.dumps(self.key_policy(role, admin)))["KeyMetadata"]["Arn"]
        self.settings = {"mode": self.mode, "kms_trust_roots":
                         json.loads((self.folder / "sim/settings.json").read_text())["kms_trust_roots"]}
        if self.mode == "strict":
            self.settings["kms_key"] = self.key_arn
            if self.policy_in_settings and self.policy_document is not None:
                self.settings["policy"] = self.policy_document
        self.settings.update(self.extra_settings)
        self.eif = self.folder / "enclave.eif"
        self.pcr0 = self.make_image(self.eif)
        self.admin.call("PutKeyPolicy", KeyId=self.key_arn, PolicyName="default",
                        Policy=json.dumps(self.key_policy(role, admin)))
        self.boot(self.eif)

    def make_image(self, out):
        """Puts the image with the stack's settings there; its PCR0."""
        return build_image(out, json.dumps(self.settings))

    def boot(self, eif, folder="machine"):
        self.machine = Machine(PREFIX, self.folder / folder, eif, kms=self.folder / "sim/kms.sock", chain=self.chain,
                               memory=self.memory).start()
        self.socket = self.machine.vsock
        self.signer = Signer(self.machine.vsock, port=5000)
        self.machine.wait_serving(self.patience)
        self.machine.wait(lambda: self.signer.call("status")["ready_to_provision"], "ready_to_provision", 60)
        return self.signer

    def provision_changed_image(self, sealed, policy_file):
        """One byte more in the settings (white space at the end, so that they mean the same)."""
        changed = self.folder / "changed.eif"
        assert build_image(changed, json.dumps(self.settings) + "\n") != self.pcr0
        kept = self.machine, self.socket, self.signer
        self.boot(changed, "changed")
        said = self.provision(sealed, "--policy", policy_file, check=False).stderr
        self.machine.stop()
        self.machine, self.socket, self.signer = kept
        return said

    def anonymous_kib(self):
        return None  # the guest's books are the guest's

    def __exit__(self, kind, *rest):
        if self.machine is not None:
            self.machine.stop()
            if kind is not None:
                print(f"--- console\n{self.machine.console_text()[-4000:]}", file=sys.stderr)
        super().__exit__(kind, *rest)
