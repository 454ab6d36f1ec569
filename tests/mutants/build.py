"""Builds the programs and their tests with every mutant inside: the repository's own build, over copies of its sources."""

import json
import os
import pathlib
import shutil
import subprocess

import schemata


def put(path, content, mode=0o644):
    """Writes what has changed only, so that ninja builds what has changed only."""
    if not path.exists() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    path.chmod(mode)


def copy_sources(root, folder, mutants):
    by_file = {}
    for number, mutant in enumerate(mutants, 1):
        by_file.setdefault("src/" + mutant.file, []).append((number, mutant))
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=root, check=True,
                            capture_output=True).stdout.decode().split("\0")
    kept = {folder / name for name in listed if (root / name).is_file()}
    for path in kept:
        original = root / path.relative_to(folder)
        numbered = by_file.get(str(path.relative_to(folder)), [])
        put(path, schemata.rewritten(original.read_bytes(), numbered), original.stat().st_mode & 0o777)
    for path in folder.rglob("*"):
        if path.is_file() and path not in kept:
            path.unlink()


def run(log, *command):
    with open(log, "wb") as out:
        if subprocess.run(command, stdout=out, stderr=out).returncode != 0:
            raise SystemExit(f"mutants: {' '.join(map(str, command))} failed:\n" + pathlib.Path(log).read_text()[-4000:])


def build(root, folder, mutants):
    """The build folder. The switch is added by options, so the repository's build knows nothing of it."""
    source, out, here = folder / "source", folder / "build", pathlib.Path(__file__).resolve().parent
    copy_sources(root, source, mutants)
    switch = folder / "switch.o"
    before = switch.read_bytes() if switch.exists() else b""
    run(folder / "switch.log", "gcc", "-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIE", "-c", "-o",
        switch, here / "switch.c")
    if switch.read_bytes() != before:  # which ninja does not watch
        shutil.rmtree(out, ignore_errors=True)
    if not (out / "build.ninja").exists():
        run(folder / "setup.log", "meson", "setup", out, source, "-Dwerror=false", "-Dwarning_level=0",
            f"-Dc_args=-w -include {here / 'switch.h'}", f"-Dc_link_args={switch}")
    run(folder / "build.log", "ninja", "-C", out)
    return out


def introspect(out, what):
    return json.loads(subprocess.run(["meson", "introspect", out, "--" + what], check=True, capture_output=True,
                                     env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}).stdout)
