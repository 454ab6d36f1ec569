"""Writes sigv4.txt: requests to KMS signed by botocore's own signer. Needs botocore."""
import datetime
import json
import pathlib
import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

JSON = "application/x-amz-json-1.1"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "IQoJb3JpZ2luX2VjEXAMPLE" + "Abc+/9" * 200 + "=="
ARN = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"

cases = [
    ("20261122T150000Z", "eu-central-1", "kms.eu-central-1.amazonaws.com", "Decrypt", TOKEN,
     {"CiphertextBlob": "AQICAHh=", "EncryptionAlgorithm": "SYMMETRIC_DEFAULT", "KeyId": ARN}),
    ("20240229T235959Z", "us-gov-west-1", "kms.us-gov-west-1.amazonaws.com", "GenerateDataKey", TOKEN,
     {"EncryptionContext": {"n\u00e4me": "\u20ac"}, "KeyId": ARN, "KeySpec": "AES_256"}),
    ("20000101T000000Z", "cn-north-1", "kms.cn-north-1.amazonaws.com.cn", "Decrypt", None, {"CiphertextBlob": "AAAA"}),
    ("20991231T010203Z", "us-east-1", "127.0.0.1:8443", "Encrypt", "short", {}),
]

lines = ["# date, region, host, operation, access key id:secret, session token, body in hex, Authorization in hex;"
         " by make_sigv4.py"]
for date, region, host, operation, token, body in cases:
    moment = datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ")
    botocore.auth.get_current_datetime = lambda *args, moment=moment, **kwargs: moment
    data = json.dumps(body).encode()
    request = AWSRequest("POST", f"https://{host}/", data=data,
                         headers={"Content-Type": JSON, "X-Amz-Target": "TrentService." + operation, "Host": host})
    signer = botocore.auth.SigV4Auth(Credentials("AKIDEXAMPLE", SECRET, token), "kms", region)
    signer.add_auth(request)
    assert request.headers["X-Amz-Date"] == date
    assert "SignedHeaders=content-type;host;x-amz-date;" in request.headers["Authorization"]
    lines.append(" ".join([date, region, host, operation, "AKIDEXAMPLE:" + SECRET, token or "-", data.hex(),
                           request.headers["Authorization"].encode().hex()]))
pathlib.Path(__file__).with_name("sigv4.txt").write_text("\n".join(lines) + "\n")
