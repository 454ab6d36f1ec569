"""What stands in deploy/compose and deploy/kubernetes, against the schemas of those who read it: Compose's own, as dclint
brings it, and those that Kubernetes publishes of its API, strictly, at its oldest and newest version in kubernetes-validate.
Each judge is shown a manifest that is wrong in one way, and must refuse it. And what no schema knows: that commands and
flags are ensign's, that configuration is read, that nobody is given more than he needs."""

import copy
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import jsonschema
import kubernetes_validate
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENSIGN = pathlib.Path(os.environ.get("ENSIGN_BUILD") or ROOT / "build") / "ensign"
COMPOSE = json.loads((pathlib.Path(os.environ["ENSIGN_NODE_FOLDER"])
                      / "node_modules/dclint/schemas/compose.schema.json").read_text())
VERSIONS = ["1.29", "1.37"]
wrong = claims = 0


def claim(sentence, truth, found=""):
    global wrong, claims
    claims += 1
    wrong += not truth
    if not truth:
        print(f"WRONG {sentence}  [{found}]")


def compose_says(document):
    """The first complaint, or None."""
    return next((error.message for error in jsonschema.Draft7Validator(COMPOSE).iter_errors(document)), None)


def kubernetes_says(document, version):
    try:
        kubernetes_validate.validate(document, version, strict=True)
    except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as refusal:
        return str(refusal)
    return None


def spoiled(document, *path, **change):
    """A copy with members replaced or added, at the end of the path."""
    made = copy.deepcopy(document)
    at = made
    for step in path:
        at = at[step]
    for name, value in change.items():
        at[name] = value
    return made


def ensign_takes(where, words):
    """A command line of ensign's: the command is one, its flags are its own."""
    told = subprocess.run([ENSIGN, words[0], "--help"], capture_output=True, text=True)
    claim(f"{where}: ensign has {words[0]}", told.returncode == 0, told.stderr)
    for word in words[1:]:
        if word.startswith("--"):
            claim(f"{where}: ensign {words[0]} has {word}", re.search(rf"  {word}\b", told.stdout), told.stdout)


def compose():
    base = yaml.safe_load((ROOT / "deploy/compose/compose.yaml").read_text())
    over = yaml.safe_load((ROOT / "deploy/compose/compose.vsock.yaml").read_text())
    for name, document in [("compose.yaml", base), ("compose.vsock.yaml", over)]:
        claim(f"{name} is a compose file", compose_says(document) is None, compose_says(document))
        ensign_takes(name, document["services"]["signer"]["command"])
    signer, backend = base["services"]["signer"], base["services"]["backend"]
    ensign_takes("the health check", signer["healthcheck"]["test"][2:])
    claim("in compose.yaml nobody gives up a seccomp profile", "seccomp" not in json.dumps(base))
    claim("in the other the bridge alone does", list(over["services"]) == ["signer"])
    for name, service in base["services"].items():
        claim(f"{name} has no capability and gets no privileges",
              service["cap_drop"] == ["ALL"] and "no-new-privileges:true" in service["security_opt"])
        claim(f"{name} has no device, no host network, no privilege",
              not {"privileged", "devices", "pid", "cap_add"} & set(service) and service.get("network_mode") != "host")
    claim("the backend reaches the bridge by a loopback of theirs", backend["network_mode"] == "service:signer"
          and backend["environment"]["PAYMENTS_SIGNER_ENDPOINT"] == "tcp://127.0.0.1:5000" == signer["command"][2])
    for document in (spoiled(base, "services", "signer", comand=["bridge"]), spoiled(base, "services", "signer", read_only=[]),
                     spoiled(base, "services", "backend", depends_on={"signer": {"condition": "healthy"}}),
                     spoiled(base, service={})):
        claim("a compose file that is wrong in one way is refused", compose_says(document) is not None)


def pod_has_no_more_than_it_needs(pod):
    for container in pod["containers"]:
        name, security = container["name"], container["securityContext"]
        claim(f"{name} has no capability and gets no privileges", security["capabilities"] == {"drop": ["ALL"]}
              and security["allowPrivilegeEscalation"] is False and not security.get("privileged"))
        claim(f"{name} is of a named version", re.search(r":\d+\.\d+\.\d+$", container["image"]), container["image"])
        limits = container.get("resources", {}).get("limits", {})
        claim(f"{name}: the enclave's device is the enclave's alone", ("aws.ec2.nitro/nitro_enclaves" in limits)
              == (name == "enclave"))
        text = json.dumps(container)
        speaks = "vsock://" in text or name in ("enclave", "proxy", "provisioner")
        claim(f"{name} gives up its seccomp profile only if it speaks vsock",
              security["seccompProfile"]["type"] == ("Unconfined" if speaks else "RuntimeDefault"))
        claim(f"{name} is root only if it must be",
              name in ("enclave", "provisioner", "backend") or security["runAsNonRoot"] is True)
        claim(f"{name} listens on loopback alone", not re.search(r"0\.0\.0\.0|allow-remote|hostPort", text))
        if "/ensign:" in container["image"]:
            ensign_takes(name, container["args"])
            claim(f"{name} writes nothing", security["readOnlyRootFilesystem"] is True)
    resources = next(c for c in pod["containers"] if c["name"] == "enclave")["resources"]
    for name in ("aws.ec2.nitro/nitro_enclaves", "hugepages-2Mi"):
        claim(f"{name}: as much is asked for as is allowed", resources["requests"][name] == resources["limits"][name])
    claim("nobody gets into the host", not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
          and not any("hostPath" in volume for volume in pod["volumes"]))


def provisioner_reads(secret):
    """The configuration in the secret is one."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for key, text in secret["stringData"].items():
            (folder / key).write_text(text.replace("@/etc/ensign/", f"@{folder}/"))
            (folder / key).chmod(0o400)
        run = subprocess.run([ENSIGN, "provisioner", "--check", "--config", folder / "provision.conf"], capture_output=True,
                             text=True)
        claim("the provisioner reads what stands in the secret", run.returncode == 0, run.stderr)


def kubernetes():
    documents = [document for name in ("signer.yaml", "provision-secret.example.yaml")
                 for document in yaml.safe_load_all((ROOT / "deploy/kubernetes" / name).read_text())]
    kinds = {document["kind"]: document for document in documents}
    claim("all is there", sorted(kinds) == ["Deployment", "Namespace", "NetworkPolicy", "Secret", "ServiceAccount"], kinds.keys())
    deployment = kinds["Deployment"]
    containers = ("spec", "template", "spec", "containers")
    for version in VERSIONS:
        for document in documents:
            claim(f"{document['kind']} is Kubernetes {version}'s", kubernetes_says(document, version) is None,
                  kubernetes_says(document, version))
        for document in (spoiled(deployment, *containers, 0, securityContex={}), spoiled(deployment, "spec", replicas="one"),
                         spoiled(deployment, *containers, 1, args="proxy"),
                         spoiled(deployment, *containers, 0, "securityContext", seccompProfile="Unconfined"),
                         spoiled(kinds["NetworkPolicy"], "spec", podSelector=[]), spoiled(deployment, kind="Deploiment")):
            claim(f"a manifest that is wrong in one way is refused, {version}", kubernetes_says(document, version) is not None)
    pod_has_no_more_than_it_needs(deployment["spec"]["template"]["spec"])
    provisioner_reads(kinds["Secret"])
    claim("nobody comes in", kinds["NetworkPolicy"]["spec"]["ingress"] == [])


compose()
kubernetes()
print(f"{claims - wrong} of {claims} claims about deploy/ hold")
sys.exit(1 if wrong else 0)
