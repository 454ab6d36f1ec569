"""The docker way without docker: what the Dockerfile copies and runs, in a fresh Debian 12 root; then the file tree that it
leaves, laid out as nitro-cli does, booted under an init in the shape of AWS's, provisioned, and asked for a signature."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from booted import BootedStack, PARTS  # noqa: E402
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


def fresh_debian(folder):
    """What `FROM debian:12` begins with: a minimal bookworm, kept packed in the cache."""
    cache = pathlib.Path(subprocess.run([ROOT / "tools/cache-dir", "debian-12"], capture_output=True, text=True, check=True).stdout.strip())
    packed = cache / "minbase.tar"
    if not packed.exists():
        mirror = subprocess.run("apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1",
                                shell=True, capture_output=True, text=True).stdout.strip()
        subprocess.run(["debootstrap", "--variant=minbase", "bookworm", folder, mirror], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["tar", "-C", folder, "-cf", f"{packed}.new", "."], check=True)
        os.rename(f"{packed}.new", packed)
    else:
        subprocess.run(["tar", "-C", folder, "-xpf", packed], check=True)
    shutil.copy("/etc/resolv.conf", folder / "etc/resolv.conf")


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
    clean = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
    clean.update({name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")})
    for command in instruction("RUN"):
        done = subprocess.run(["chroot", root, "/bin/sh", "-c", command], env=clean, capture_output=True, text=True)
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
        fresh_debian(root)
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


if os.geteuid() != 0:
    skip("the docker way (needs root, for a Debian root of its own)")
if shutil.which("debootstrap") is None:
    skip("the docker way (debootstrap is not installed)")
with DockerStack(mode="strict", policy=Stack.policy()) as stack:
    claim("under an init in AWS's shape it serves", stack.signer.call("status")["mode"] == "strict")
    signer = stack.provision()
    signature = signer.call("sign_ticket", ticket=eth.ticket(signer.address, number=1, face_value=1))["signature"]
    claim("is provisioned by a key policy with that image's PCR0, and signs", len(signature) == 132, signature)
    stack.machine.stop()
done()
