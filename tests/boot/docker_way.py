"""The docker way without docker: what the Dockerfile copies and runs, in a fresh Debian 12 root; then the file tree that it
leaves, laid out as nitro-cli does, booted under an init in the shape of AWS's, provisioned, and asked for a signature."""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from booted import BootedStack, PARTS  # noqa: E402
import debian_root  # noqa: E402
import eif_file  # noqa: E402
import ethereum as eth  # noqa: E402
from expect import claim, done, skip  # noqa: E402
from stack import BUILD, ROOT, Stack  # noqa: E402

DOCKERFILE = (ROOT / "enclave/Dockerfile").read_text()
# Docker gives an image without ENV this one variable.
DOCKER_ENV = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
NITRO_CLI_DIRECTORIES = ("dev", "run", "sys", "var", "proc", "tmp")


def instruction(name, text=DOCKERFILE):
    return re.findall(rf"^{name} (.*)$", text, re.M)


def builder_stage(root, settings):
    """Context, COPY and RUN of the builder stage; the tree that the final stage copies."""
    context = root.parent / "context"
    context.mkdir()
    subprocess.run([ROOT / "tools/docker-context", settings, context], check=True, stdout=subprocess.DEVNULL)
    for name in ("Dockerfile", "build.sh"):
        shutil.copy(ROOT / "enclave" / name, context)
    *sources, destination = instruction("COPY")[0].split()
    for name in sources:
        shutil.copy(context / name, root / destination.strip("/"))
    for command in instruction("RUN"):
        done = debian_root.run(root, command)
        claim(f"the builder stage runs: {command}", done.returncode == 0, (done.stdout + done.stderr)[-1500:] if done.returncode else "")
    return root / re.match(r"--from=builder /(\S+?)/? /$", instruction("COPY")[1]).group(1)


def nitro_cli_layout(tree, command):
    """Ramdisks 0 and 1 as nitro-cli packs a docker image."""
    init = (BUILD / "tests/boot/aws_shaped_init").read_bytes()
    zero = [("dev", 0o40755, b""), ("init", 0o100755, init)]
    one = [("cmd", 0o100644, "".join(f"{word}\n" for word in command).encode()), ("env", 0o100644, DOCKER_ENV.encode()),
           ("rootfs", 0o40755, b"")]
    one += [(f"rootfs/{name}", 0o40755, b"") for name in NITRO_CLI_DIRECTORIES]
    one += [(f"rootfs/{path.relative_to(tree)}", path.stat().st_mode, path.read_bytes() if path.is_file() else b"")
            for path in sorted(tree.rglob("*"))]
    return eif_file.archive(zero), eif_file.archive(one)


class DockerStack(BootedStack):
    def make_image(self, out):
        settings = self.folder / "settings.json"
        settings.write_text(json.dumps(self.settings))
        root = pathlib.Path(tempfile.mkdtemp(dir=self.folder)) / "root"
        root.mkdir()
        debian_root.unpack(root)
        tree = builder_stage(root, settings)
        files = sorted(str(p.relative_to(tree)) for p in tree.rglob("*"))
        claim("the final stage holds ensignd and settings.json, and nothing else", files == ["ensignd", "settings.json"], str(files))
        final = DOCKERFILE[DOCKERFILE.index("FROM scratch"):]
        command = json.loads(instruction("CMD", final)[0])
        claim("hole 09: CMD, and no ENTRYPOINT", command == ["/ensignd"] and "ENTRYPOINT" not in final, str(command))
        # The emulated machine's parent is CID 2.
        ramdisks = nitro_cli_layout(tree, [*command, "--parent-cid", "2"])
        kernel = (PARTS / "bzImage").read_bytes()
        line = eif_file.read((BUILD / "ensign.eif").read_bytes())[1][1]
        out.write_bytes(eif_file.write([(eif_file.KERNEL, kernel), (eif_file.CMDLINE, line), (eif_file.METADATA, b'{"ImageName":"enclave-signer"}'),
                                        *((eif_file.RAMDISK, ramdisk) for ramdisk in ramdisks)]))
        return json.loads(self.ensign("image", "measure", out, "--json").stdout)["Measurements"]["PCR0"]


if debian_root.missing():
    skip(f"the docker way ({debian_root.missing()})")
with DockerStack(mode="strict", policy=Stack.policy()) as stack:
    claim("under an init in AWS's shape it serves", stack.signer.call("status")["mode"] == "strict")
    signer = stack.provision()
    signature = signer.call("sign_ticket", ticket=eth.ticket(signer.address, number=1, face_value=1))["signature"]
    claim("is provisioned by a key policy with that image's PCR0, and signs", len(signature) == 132, signature)
    stack.machine.stop()
done()
