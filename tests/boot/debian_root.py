"""A fresh Debian 12 in a folder: what `FROM debian:12` begins with, and what packages are tried in."""

import os
import pathlib
import shutil
import subprocess

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def missing():
    """Why there can be none here; None when there can."""
    if os.geteuid() != 0:
        return "needs root, for a Debian root of its own"
    return "debootstrap is not installed" if shutil.which("debootstrap") is None else None


def cache(name):
    folder = subprocess.run([TOOLS / "cache-dir", "debian-12"], capture_output=True, text=True, check=True).stdout.strip()
    return pathlib.Path(folder) / name


def unpack(folder):
    """A minimal bookworm into the empty folder; kept packed in the cache."""
    packed = cache("minbase.tar")
    if not packed.exists():
        mirror = subprocess.run("apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | head -n 1",
                                shell=True, capture_output=True, text=True).stdout.strip()
        subprocess.run(["debootstrap", "--variant=minbase", "bookworm", folder, mirror], check=True, stdout=subprocess.DEVNULL)
        pack(folder, packed)
    else:
        subprocess.run(["tar", "-C", folder, "-xpf", packed], check=True)
    shutil.copy("/etc/resolv.conf", folder / "etc/resolv.conf")


def pack(folder, packed):
    subprocess.run(["tar", "-C", folder, "-cf", f"{packed}.new", "."], check=True)
    os.rename(f"{packed}.new", packed)


def run(folder, command, **more):
    """A shell command with that root; with an environment of its own, but for proxies."""
    clean = {"PATH": PATH, "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive"}
    clean.update({name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")})
    return subprocess.run(["chroot", folder, "/bin/sh", "-c", command], env=clean, capture_output=True, text=True, **more)
