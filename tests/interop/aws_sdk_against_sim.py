"""AWS's own clients against ensign-sim: boto3 (whose botocore signs, and reads errors by AWS's models) and the AWS CLI,
with nothing but the environment that `ensign-sim up` writes. Credentials of the instance come from its IMDS, by botocore's
own fetcher. Needs boto3 and awscli beside this interpreter."""

import base64
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import boto3
import botocore
from botocore.config import Config
from botocore.exceptions import ClientError

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scenario"))
from stack import BUILD, CLEAN, read_env  # noqa: E402

PCR0 = "7a" * 48


def client(env, **credentials):
    """With credentials, those; without, what botocore finds at the IMDS."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            del os.environ[name]
    os.environ.update({name: value for name, value in env.items() if name.startswith("AWS_")})
    os.environ.update(AWS_EC2_METADATA_DISABLED="false", AWS_SHARED_CREDENTIALS_FILE="/nonexistent",
                      AWS_CONFIG_FILE="/nonexistent")
    return boto3.session.Session(**credentials).client("kms", config=Config(retries={"total_max_attempts": 1}))


def refused(name, call, **arguments):
    try:
        answer = call(**arguments)
    except ClientError as refusal:
        error = refusal.response["Error"]
        assert error["Code"] == name, error
        assert refusal.response["ResponseMetadata"]["HTTPStatusCode"] == 400
        return error["Message"]
    raise AssertionError(f"not refused with {name}: {answer}")


def key_policy(admin_arn, role_arn):
    """The shape of the runbook's key policy, Sids and all."""
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Sid": "AllowKmsAdmin", "Effect": "Allow", "Principal": {"AWS": admin_arn},
         "Action": ["kms:Create*", "kms:Describe*", "kms:Enable*", "kms:List*", "kms:Put*", "kms:Update*", "kms:Revoke*",
                    "kms:Disable*", "kms:Get*", "kms:Delete*", "kms:TagResource", "kms:UntagResource",
                    "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion"], "Resource": "*"},
        {"Sid": "AllowEncryptFromInstanceRole", "Effect": "Allow", "Principal": {"AWS": role_arn},
         "Action": ["kms:Encrypt"], "Resource": "*"},
        {"Sid": "AllowDecryptOnlyFromEnclaveMeasurement", "Effect": "Allow", "Principal": {"AWS": role_arn},
         "Action": ["kms:Decrypt"], "Resource": "*",
         "Condition": {"StringEqualsIgnoreCase": {"kms:RecipientAttestation:PCR0": PCR0.upper()}}}]})


def boto3_works(env, admin_env):
    admin = client(env, aws_access_key_id=admin_env["AWS_ACCESS_KEY_ID"],
                   aws_secret_access_key=admin_env["AWS_SECRET_ACCESS_KEY"],
                   aws_session_token=admin_env["AWS_SESSION_TOKEN"])
    made = admin.create_key(Description="by boto3")["KeyMetadata"]
    assert made["KeyState"] == "Enabled" and made["EncryptionAlgorithms"] == ["SYMMETRIC_DEFAULT"]
    assert made["CreationDate"].year >= 2024
    key = made["Arn"]
    context = {"purpose": "test", "ünïcode": "é\n\"quoted\""}
    sealed = admin.encrypt(KeyId=key, Plaintext=b"\x00\xff secret", EncryptionContext=context)
    opened = admin.decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=dict(reversed(context.items())))
    assert opened["Plaintext"] == b"\x00\xff secret" and opened["KeyId"] == key
    refused("InvalidCiphertextException", admin.decrypt, CiphertextBlob=sealed["CiphertextBlob"])
    refused("InvalidCiphertextException", admin.decrypt, CiphertextBlob=b"not one of ours")
    data_key = admin.generate_data_key(KeyId=made["KeyId"], KeySpec="AES_256")
    assert admin.decrypt(CiphertextBlob=data_key["CiphertextBlob"])["Plaintext"] == data_key["Plaintext"]
    assert len(data_key["Plaintext"]) == 32
    assert len(admin.generate_random(NumberOfBytes=17)["Plaintext"]) == 17
    other = admin.create_key()["KeyMetadata"]["Arn"]
    refused("IncorrectKeyException", admin.decrypt, CiphertextBlob=sealed["CiphertextBlob"], KeyId=other)
    moved = admin.re_encrypt(CiphertextBlob=sealed["CiphertextBlob"], SourceEncryptionContext=context,
                             DestinationKeyId=other)
    assert moved["SourceKeyId"] == key and moved["KeyId"] == other
    assert admin.decrypt(CiphertextBlob=moved["CiphertextBlob"])["Plaintext"] == b"\x00\xff secret"
    pages = admin.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 1})
    assert {one["KeyArn"] for page in pages for one in page["Keys"]} >= {key, other}
    admin.disable_key(KeyId=other)
    assert "is disabled" in refused("DisabledException", admin.encrypt, KeyId=other, Plaintext=b"x")
    admin.schedule_key_deletion(KeyId=other, PendingWindowInDays=7)
    refused("KMSInvalidStateException", admin.encrypt, KeyId=other, Plaintext=b"x")
    refused("NotFoundException", admin.describe_key, KeyId="00000000-0000-0000-0000-000000000000")
    refused("NotFoundException", admin.describe_key, KeyId="alias/none")
    refused("MalformedPolicyDocumentException", admin.put_key_policy, KeyId=key, PolicyName="default", Policy="{}")
    policy = key_policy(env["KMS_ADMIN_ROLE_ARN"], env["INSTANCE_ROLE_ARN"])
    admin.put_key_policy(KeyId=key, PolicyName="default", Policy=policy)
    assert json.loads(admin.get_key_policy(KeyId=key, PolicyName="default")["Policy"]) == json.loads(policy)
    refused("AccessDeniedException", admin.decrypt, CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=context)

    instance = client(env)
    sealed = instance.encrypt(KeyId=key, Plaintext=b"by the instance")
    said = refused("AccessDeniedException", instance.decrypt, CiphertextBlob=sealed["CiphertextBlob"])
    assert "assumed-role/EnsignInstance/i-" in said and "kms:Decrypt" in said, said
    refused("ValidationException", instance.decrypt, CiphertextBlob=sealed["CiphertextBlob"],
            Recipient={"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256", "AttestationDocument": b"no document"})
    stranger = client(env, aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="x" * 40)
    refused("UnrecognizedClientException", stranger.list_keys)
    forger = client(env, aws_access_key_id=admin_env["AWS_ACCESS_KEY_ID"], aws_secret_access_key="x" * 40,
                    aws_session_token=admin_env["AWS_SESSION_TOKEN"])
    refused("InvalidSignatureException", forger.list_keys)
    print(f"boto3 {boto3.__version__} with botocore {botocore.__version__}: accepted, and refused where it must be")


def aws_cli_works(folder, env, admin_env):
    beside = pathlib.Path(sys.executable).with_name("aws")
    aws = str(beside) if beside.exists() else shutil.which("aws")
    assert aws, "there is no AWS CLI beside this interpreter or in PATH"
    everything = {**CLEAN, **env, **admin_env, "HOME": str(folder), "AWS_PAGER": ""}

    def run(*arguments, expect=0, **changes):
        done = subprocess.run([aws, "kms", *arguments, "--output", "json"], env={**everything, **changes},
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == expect or (expect and done.returncode), (arguments, done.stdout, done.stderr)
        return done.stderr if expect else json.loads(done.stdout or "null")

    (folder / "policy.json").write_text(key_policy(env["KMS_ADMIN_ROLE_ARN"], env["INSTANCE_ROLE_ARN"]))
    (folder / "key.txt").write_text("0x" + "42" * 32)
    key = run("create-key", "--policy", f"file://{folder}/policy.json")["KeyMetadata"]["Arn"]
    assert run("describe-key", "--key-id", key)["KeyMetadata"]["Arn"] == key
    assert key in [one["KeyArn"] for one in run("list-keys")["Keys"]]
    # The runbook's step 5, as the instance: without these two, the CLI asks the IMDS.
    role = {name: "" for name in admin_env}
    sealed = run("encrypt", "--key-id", key, "--plaintext", f"fileb://{folder}/key.txt", **role)["CiphertextBlob"]
    (folder / "blob").write_bytes(base64.b64decode(sealed))
    said = run("decrypt", "--ciphertext-blob", f"fileb://{folder}/blob", expect=1, **role)
    assert "AccessDeniedException" in said and "not authorized to perform: kms:Decrypt" in said, said
    said = run("encrypt", "--key-id", key, "--plaintext", f"fileb://{folder}/key.txt", expect=1)
    assert "AccessDeniedException" in said, said
    version = subprocess.run([aws, "--version"], capture_output=True, text=True, env=everything).stdout.split()[0]
    print(f"{version}: the runbook's commands work, and decrypting outside an enclave is refused")


def main():
    with tempfile.TemporaryDirectory(prefix="ensign-aws-") as temporary:
        folder = pathlib.Path(temporary)
        sim = subprocess.Popen([BUILD / "ensign-sim", "up", folder / "sim", "--pcr0", PCR0],
                               stdout=subprocess.DEVNULL, stderr=open(folder / "log", "w"))
        try:
            deadline = time.monotonic() + 20
            while not (folder / "sim/env").exists():
                assert sim.poll() is None and time.monotonic() < deadline, (folder / "log").read_text()
                time.sleep(0.02)
            env, admin_env = read_env(folder / "sim/env"), read_env(folder / "sim/admin-env")
            boto3_works(env, admin_env)
            aws_cli_works(folder, env, admin_env)
        finally:
            sim.send_signal(signal.SIGTERM)
            sim.wait(10)


main()
