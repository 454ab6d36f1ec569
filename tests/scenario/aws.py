"""KMS over HTTPS with Signature Version 4, written from AWS's description and independent of the C code, for what an
administrator does: create keys, put policies, encrypt. Standard library only."""

import datetime
import hashlib
import hmac
import http.client
import json
import ssl
import urllib.parse


class KmsError(Exception):
    def __init__(self, status, name, message):
        super().__init__(f"{name} ({status}): {message}")
        self.status, self.name, self.message = status, name, message


def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def authorization(headers, body, access_key_id, secret, region, service, date):
    """The Authorization header for a POST to / with these headers, all of which are signed."""
    names = sorted(name.lower() for name in headers)
    lower = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    canonical = "\n".join(
        ["POST", "/", "", *(f"{name}:{lower[name]}" for name in names), "", ";".join(names),
         hashlib.sha256(body).hexdigest()])
    scope = f"{date[:8]}/{region}/{service}/aws4_request"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = b"AWS4" + secret.encode()
    for part in (date[:8], region, service, "aws4_request"):
        key = _hmac(key, part)
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    return (f"AWS4-HMAC-SHA256 Credential={access_key_id}/{scope}, SignedHeaders={';'.join(names)}, "
            f"Signature={signature}")


class Kms:
    """One principal's view of a KMS endpoint. `env` has the AWS_… variables that the AWS CLI would read."""

    def __init__(self, env):
        self.url = urllib.parse.urlparse(env["AWS_ENDPOINT_URL_KMS"])
        self.region = env.get("AWS_REGION") or env["AWS_DEFAULT_REGION"]
        self.access_key_id, self.secret = env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"]
        self.token = env.get("AWS_SESSION_TOKEN")
        self.context = ssl.create_default_context(cafile=env["AWS_CA_BUNDLE"])

    def call(self, operation, **body):
        text = json.dumps(body).encode()
        date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        headers = {"Host": self.url.netloc, "Content-Type": "application/x-amz-json-1.1",
                   "X-Amz-Target": f"TrentService.{operation}", "X-Amz-Date": date}
        if self.token:
            headers["X-Amz-Security-Token"] = self.token
        headers["Authorization"] = authorization(headers, text, self.access_key_id, self.secret, self.region, "kms", date)
        connection = http.client.HTTPSConnection(self.url.hostname, self.url.port, context=self.context, timeout=10)
        try:
            connection.request("POST", "/", text, headers)
            response = connection.getresponse()
            answer = json.loads(response.read() or b"{}")
        finally:
            connection.close()
        if response.status != 200:
            raise KmsError(response.status, answer.get("__type", "?").split("#")[-1],
                           answer.get("message", answer.get("Message", "")))
        return answer
