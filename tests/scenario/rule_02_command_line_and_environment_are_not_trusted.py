"""Rule 2, as far as it is the program's: no environment variable changes anything, and no argument loosens what the
settings say. (What init and the image do about it is tested with the image.)"""

import subprocess

from expect import claim, done, refusal
from stack import BUILD, Signer, Stack

with Stack(mode="strict", policy=Stack.policy()) as stack:
    stack.stop_signer()
    path, listen = stack.folder / "signer.settings.json", stack.folder / "env.sock"
    process = stack.start("env", BUILD / "ensignd", "--settings", path, "--listen", f"unix:{listen}",
                          env={"SIGNER_PRIVATE_KEY": "0x" + "11" * 32, "SIGNER_ALLOW_REPROVISION": "1",
                               "KMSTOOL_ENCLAVE_CLI": "/bin/true", "OPENSSL_CONF": "/nonexistent",
                               "SSL_CERT_FILE": "/dev/null", "ENSIGN_MODE": "open", "LD_PRELOAD": "/nonexistent.so"})
    stack.wait_for("ensignd", listen.exists, process)
    signer = Signer(listen)
    refusal("a key in the environment is not taken", signer.refused("address"), "state", "not provisioned")
    claim("the mode in the environment is not taken", signer.call("status")["mode"] == "strict")
    for argument in ("--mode=open", "--insecure-key-file=/dev/null", "--kms-endpoint=https://evil.example", "--policy=x",
                     "ensign.mode=open"):
        run = subprocess.run([BUILD / "ensignd", "--settings", path, "--listen", f"unix:{stack.folder}/never.sock", argument],
                             capture_output=True, text=True, timeout=10, env={})
        claim(f"refused as an argument: {argument}", run.returncode == 2 and run.stderr.strip() != "",
              run.stderr.strip()[-120:])

done()
