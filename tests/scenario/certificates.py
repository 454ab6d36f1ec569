"""Certificates for servers that scenarios play, by the openssl command."""

import pathlib
import shutil
import subprocess

from scene import skip

HOST = "kms.us-east-2.amazonaws.com"


def openssl(*arguments, stdin=None):
    if shutil.which("openssl") is None:
        skip("the openssl command makes the certificates")
    done = subprocess.run(["openssl", *map(str, arguments)], input=stdin, capture_output=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def make_root(folder, name):
    """A root's certificate; its key stands beside it, with .key for .pem."""
    key, certificate = pathlib.Path(folder) / f"{name}.key", pathlib.Path(folder) / f"{name}.pem"
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out",
            certificate, "-days", 30, "-subj", f"/CN={name}")
    return certificate


def make_leaf(folder, name, root, names=f"DNS:{HOST}", usage="serverAuth", more="basicConstraints=CA:FALSE", days=10):
    """A certificate and its key in one file, signed by `root`; by itself when root is None. It begins now; one of no days
    has ended."""
    key, csr, certificate = (pathlib.Path(folder) / f"{name}.{end}" for end in ("key", "csr", "crt"))
    extensions = pathlib.Path(folder) / f"{name}.ext"
    extensions.write_text(f"subjectAltName={names}\nextendedKeyUsage={usage}\n{more}\n")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", csr, "-subj",
            f"/CN={HOST}")
    signer = ["-CA", root, "-CAkey", root.with_suffix(".key"), "-CAcreateserial"] if root else ["-signkey", key]
    openssl("x509", "-req", "-in", csr, *signer, "-days", days, "-extfile", extensions, "-out", certificate)
    both = pathlib.Path(folder) / f"{name}.both"
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    return both
