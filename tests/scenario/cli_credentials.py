"""AWS credentials of ensign provision: the environment, a container's endpoint, the metadata service, in that order and
each with its rules. What a signer would get is looked at on its socket."""

import json

from cli import FOLDER, TEMPORARY, FakeHttp, FakeSigner, ensign, write
from expect import claim, done

GIVEN = {"AccessKeyId": "ASIAFROMHTTPSERVER00", "SecretAccessKey": "secretFromHttp/+", "Token": "tokenFromHttp==",
         "Expiration": "2999-01-01T00:00:00Z"}
signer = FakeSigner(lambda request: {"result": {"address": "0x" + "00" * 20}})


def sent(env):
    """The credentials that reach the signer, or the failed run."""
    before = len(signer.requests)
    run = ensign("provision", "--endpoint", signer.endpoint, "--region", "us-east-2", "--ciphertext-b64", "AQID", env=env)
    if run.returncode != 0 or len(signer.requests) == before:
        return run
    params = signer.last["params"]
    return params["aws_access_key_id"], params["aws_secret_access_key"], params["aws_session_token"]


def failed(run, code, *fragments):
    return not isinstance(run, tuple) and run.returncode == code and all(f in run.stderr for f in fragments) and \
        "secretFromHttp" not in run.stderr and "tokenFromHttp" not in run.stderr


def found(run):
    return str(run) if isinstance(run, tuple) else f"{run.returncode} {run.stderr.strip()}"


HTTP = (GIVEN["AccessKeyId"], GIVEN["SecretAccessKey"], GIVEN["Token"])
OFF = {"AWS_EC2_METADATA_DISABLED": "true"}


class Imds:
    """IMDSv2 as AWS describes it; anything may be changed by a test."""

    def __init__(self, **changes):
        self.role, self.given, self.token_status, self.given_status = "signer-role", {"Code": "Success", **GIVEN}, 200, 200
        self.__dict__.update(changes)
        self.http = FakeHttp(self.handle)
        self.env = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": self.http.url}

    def handle(self, method, path, headers, body):
        if (method, path) == ("PUT", "/latest/api/token"):
            ttl = headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
            return (self.token_status, b"the-token") if ttl.isdigit() and 1 <= int(ttl) <= 21600 else (400, b"")
        if headers.get("X-aws-ec2-metadata-token") != "the-token" or "X-Forwarded-For" in headers:
            return 401, b""
        base = "/latest/meta-data/iam/security-credentials/"
        if path == base:
            return (200, self.role.encode()) if self.role is not None else (404, b"")
        if path == base + "signer-role":
            return self.given_status, self.given if isinstance(self.given, bytes) else json.dumps(self.given).encode()
        return 404, b""


claim("the environment, when all three are there", sent({**TEMPORARY, **OFF}) == tuple(TEMPORARY.values()))
imds = Imds()
passed_over = {}
for name in TEMPORARY:
    for blank in (None, "", "  "):
        env = {**TEMPORARY, **imds.env, name: blank}
        passed_over[name, blank] = sent({k: v for k, v in env.items() if v is not None})
claim("not when one of them is missing or blank: then the metadata service", all(r == HTTP for r in passed_over.values()), str({k: found(r) for k, r in passed_over.items() if r != HTTP}))
claim("which is asked by version 2 alone", [(m, p) for m, p, *_ in imds.http.asked[:3]] == [
    ("PUT", "/latest/api/token"), ("GET", "/latest/meta-data/iam/security-credentials/"),
    ("GET", "/latest/meta-data/iam/security-credentials/signer-role")])
result = sent({**imds.env, "http_proxy": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9"})
claim("past every proxy", result == HTTP, found(result))
claim("with a slash at the endpoint's end", sent({"AWS_EC2_METADATA_SERVICE_ENDPOINT": imds.http.url + "/"}) == HTTP)
claim("the role's name is its first line", sent(Imds(role="signer-role\nsecond\n").env) == HTTP)
for what, broken, fragments in [
        ("switched off here", {**imds.env, **OFF}, ["AWS_EC2_METADATA_DISABLED"]),
        ("no role", Imds(role=None).env, ["no role"]),
        ("a role that would change the path", Imds(role="../../x").env, ["no such name"]),
        ("a role with a query", Imds(role="a?b").env, ["no such name"]),
        ("token refused", Imds(token_status=403).env, ["403", "switched off"]),
        ("version 1 only", Imds(token_status=404).env, ["404"]),
        ("credentials refused", Imds(given_status=500).env, ["500"]),
        ("Code other than Success", Imds(given={**GIVEN, "Code": "AssumeRoleUnauthorizedAccess"}).env, ["Code"]),
        ("no Token", Imds(given={k: v for k, v in GIVEN.items() if k != "Token"}).env, ["no Token"]),
        ("expired", Imds(given={**GIVEN, "Expiration": "2001-01-01T00:00:00Z"}).env, ["expired"]),
        ("HTML", Imds(given=b"<html>secretFromHttp</html>").env, ["no JSON object"]),
        ("an endless answer", Imds(given=b" " * 1_000_000).env, ["16384"]),
        ("nobody there", {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:9"}, ["AWS_ACCESS_KEY_ID", "hop limit"]),
        ("no URL", {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "file:///etc/passwd"}, ["no AWS credentials"])]:
    result = sent(broken)
    claim(f"metadata service: {what} is exit 4 and told", failed(result, 4, *fragments), found(result))


class Container:
    def __init__(self, failures=0, token=None, answer=None):
        self.failures, self.token, self.answer = failures, token, answer
        self.http = FakeHttp(self.handle)
        self.env = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": self.http.url + "/v1/credentials", **OFF}

    def handle(self, method, path, headers, body):
        if self.failures > 0:
            self.failures -= 1
            return 503, b""
        if self.token is not None and headers.get("Authorization") != self.token:
            return 401, b""
        return 200, json.dumps(self.answer or GIVEN).encode()


plain = Container()
claim("a container's endpoint", sent(plain.env) == HTTP)
claim("asked for JSON", plain.http.asked[0][2].get("Accept") == "application/json")
claim("the environment comes before it", sent({**TEMPORARY, **plain.env}) == tuple(TEMPORARY.values()))
claim("and it before the metadata service", sent({**plain.env, **Imds(given={**GIVEN, "Token": "other"}).env,
                                                  "AWS_EC2_METADATA_DISABLED": "false"}) == HTTP)
claim("with a token", sent({**Container(token="Bearer abc").env, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "Bearer abc"}) == HTTP)
token_file = write("token", "Bearer from-file")
claim("the token's file is preferred", sent({**Container(token="Bearer from-file").env, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "Bearer abc",
                                             "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token_file)}) == HTTP)
claim("past every proxy", sent({**plain.env, "http_proxy": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9"}) == HTTP)
claim("three tries", sent(Container(failures=2).env) == HTTP)
result = sent(Container(failures=3).env)
claim("not four", failed(result, 4, "503"), found(result))
for what, env, fragments in [
        ("a token with a line end", {**plain.env, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "a\r\nX-Evil: 1"}, ["authorization token"]),
        ("a token file with a line end", {**plain.env, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(write("t2", "a\n"))}, ["authorization token"]),
        ("a token file that is not there", {**plain.env, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": f"{FOLDER}/none"}, ["TOKEN_FILE"]),
        ("plain http elsewhere", {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.1/x", **OFF}, ["192.0.2.1", "https"]),
        ("a host that only begins like ours", {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://localhost.example.invalid/x", **OFF}, ["localhost.example"]),
        ("a URL with a user", {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://user:secretFromHttp@127.0.0.1/x", **OFF}, ["URL"]),
        ("another scheme", {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "file:///etc/passwd", **OFF}, ["URL"]),
        ("a relative URI that is none", {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "@127.0.0.1/x", **plain.env}, ["slash"]),
        ("a wrong token", {**Container(token="right").env, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "wrong"}, ["401"])]:
    result = sent(env)
    claim(f"container: {what} is exit 4 and told", failed(result, 4, *fragments), found(result))
named = len(imds.http.asked)
result = sent({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/x", **imds.env})
claim("a container's endpoint that fails is the end: the metadata service is not asked", failed(result, 4) and len(imds.http.asked) == named, found(result))
done()
