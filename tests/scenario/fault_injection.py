"""Rule 3 at the wire: every string that RPC takes, with line ends, quotes, backslashes, NUL, controls, non-ASCII and broken
Unicode in it. Either it is refused before KMS is asked, or what KMS gets is one request of the headers and members that it
always has, signed as SigV4 computed a second time says, with that string where it belongs and nowhere else."""

import base64
import json

import aws
import ethereum as eth
from expect import claim, done
from played import KEY_ARN, REGION, Play, spki_in
from stack import Stack

MARK = "Injected"
NASTY = {
    "CR LF and a header": f"x\r\n{MARK}: 1", "LF and a header": f"x\n{MARK}: 1", "CR": f"x\r{MARK}", "a request after it":
    f"x\r\n\r\nPOST / HTTP/1.1\r\nHost: {MARK}\r\n\r\n", "a quote and a member": f'x","{MARK}":"1', "a backslash": f"x\\{MARK}",
    "a backslash at the end": f"{MARK}\\", "an escaped quote": f'x\\","{MARK}":"', "NUL": f"x\0{MARK}", "an escape": f"x\x1b[2J{MARK}",
    "DEL": f"x\x7f{MARK}", "a tab": f"x\t{MARK}", "a line separator": f"x\u2028{MARK}", "a next line": f"x\u0085{MARK}",
    "a full-width colon": f"x\uff1a{MARK}", "accents": f"é{MARK}", "an emoji": f"😀{MARK}", "half a surrogate pair": f"\ud83d{MARK}",
    "an overlong host": "evil.example/" + MARK * 500, "a host": f"us-east-2.evil.example#{MARK}", "percent": f"%0d%0a{MARK}",
    "braces": f"{{\"{MARK}\":1}}", "a format": f"%s%n{MARK}", "spaces": f"  {MARK}  x",
}
HEADERS = [b"Host", b"Content-Type", b"X-Amz-Date", b"X-Amz-Target", b"X-Amz-Security-Token", b"Authorization", b"Content-Length",
           b"Connection"]
MEMBERS = {"Decrypt": {"CiphertextBlob", "EncryptionAlgorithm", "EncryptionContext", "KeyId", "Recipient"},
           "GenerateDataKey": {"EncryptionContext", "KeyId", "KeySpec", "Recipient"}}


def good(play):
    return {"region": REGION, "ciphertext_b64": base64.b64encode(b"sealed").decode(), "key_id": KEY_ARN, **play.credentials()}


def wrong_with(request, sent, context):
    """What is not as it should be in a request that KMS got; None when all is."""
    names = [name for name, _ in request.headers]
    if request.line != b"POST / HTTP/1.1" or names != HEADERS:
        return request.line, names
    if request.header("Host") != f"kms.{REGION}.amazonaws.com":
        return request.header("Host")
    if int(request.header("Content-Length")) != len(request.body):
        return "bytes follow the body"
    if any(byte < 0x20 or byte > 0x7E for name, value in request.headers for byte in name + value):
        return request.headers
    operation = request.header("X-Amz-Target").split(".")[1]
    if not set(request.json) <= MEMBERS[operation] or request.json.get("EncryptionContext", {}) != context:
        return request.json
    if set(request.json["Recipient"]) != {"AttestationDocument", "KeyEncryptionAlgorithm"} or request.spki is None:
        return request.json["Recipient"]
    signed = {name.decode(): value.decode() for name, value in request.headers
              if name not in (b"Authorization", b"Content-Length", b"Connection")}
    again = aws.authorization(signed, request.body, sent["aws_access_key_id"], sent["aws_secret_access_key"].strip(), REGION, "kms",
                              request.header("X-Amz-Date"))
    return None if request.header("Authorization") == again else (request.header("Authorization"), again)


def tell(play, method, params, context=None):
    """One call; the reason why it was wrong, or None. A text may be in the context that was asked for, and in the session
    token's header when all of it is of a token's characters."""
    asked, documents = len(play.kms.requests), len(play.nsm.requests)
    answer = play.ask(method, **params)
    said = json.dumps(answer)
    if "error" not in answer or not answer["error"]["message"].isprintable():
        return answer
    new = play.kms.requests[asked:]
    if not new:
        return None if len(play.nsm.requests) == documents else "refused, but the NSM was asked"
    if len(new) > 1:
        return "asked twice"
    token = params["aws_session_token"].strip().encode()
    elsewhere = new[0].raw.replace(b"X-Amz-Security-Token: " + token + b"\r\n", b"")
    if MARK.encode() in elsewhere and not context:
        return elsewhere
    return wrong_with(new[0], params, context or {})


with Play(settings={"allow_reprovision": True}) as play:
    play.kms.talk = lambda k, r: k.http({"__type": "AccessDeniedException"}, b"400 Bad Request")
    claim("a plain request is as it should be", tell(play, "provision", good(play)) is None)
    for method, fields in (("provision", ["region", "ciphertext_b64", "key_id", "aws_access_key_id", "aws_secret_access_key",
                                          "aws_session_token", "proxy_port", "encryption_algorithm", "expected_address"]),
                           ("generate", ["region", "key_id", "key_spec", "aws_access_key_id", "aws_secret_access_key",
                                         "aws_session_token", "proxy_port"])):
        for field in fields:
            asked, wrong = len(play.kms.requests), {}
            for name, text in NASTY.items():
                if field == "expected_address" and len(play.kms.requests) - asked == 5:
                    break  # it is compared with what KMS's answer opens to, and goes nowhere
                found = tell(play, method, {**good(play), field: text})
                if found is not None:
                    wrong[name] = found
            told = f"{len(play.kms.requests) - asked} of {len(NASTY)} texts asked KMS"
            claim(f"{method}'s {field} injects nothing: {told}", not wrong, wrong or "")

    passed, wrong = 0, {}
    for name, text in NASTY.items():
        asked, context = len(play.kms.requests), {text: "value", "name": text}
        found = tell(play, "provision", {**good(play), "encryption_context": context}, context)
        passed += len(play.kms.requests) > asked
        if found is not None:
            wrong[name] = found
    claim(f"encryption_context is carried as it was given, or refused: {passed} of {len(NASTY)} carried", not wrong and passed > 5, wrong)
    for name in ("ensign-policy-sha256", "ENSIGN-x", "Ensign-Policy-SHA256"):
        asked = len(play.kms.requests)
        refused = play.provision(encryption_context={name: "0" * 64})
        claim(f"a name of ours is refused: {name}", "ensign-" in refused["error"]["message"] and len(play.kms.requests) == asked)

    # In a policy, whose digest is all of it that KMS sees.
    for field in ("ticket_broker", "max_face_value_wei", "messages", "typed_data", "treasury", "max_gas"):
        wrong = {}
        for name, text in NASTY.items():
            asked = len(play.kms.requests)
            answer = play.provision(**{**good(play), "policy": Stack.policy(**{field: text}), "bind_policy": True})
            if "error" not in answer or not answer["error"]["message"].isprintable() or len(play.kms.requests) != asked:
                wrong[name] = answer
        claim(f"policy.{field} is refused before anybody is asked", not wrong, wrong or "")

    # What the others take: they ask no KMS, and one of them the NSM.
    play.kms.plaintext, play.kms.talk = bytes(31) + b"\x07", type(play.kms).honest
    claim("provisioned", "result" in play.provision())
    asked, wrong = len(play.kms.requests), {}
    address = play.ask("address")["result"]["address"]
    ticket, tx = eth.ticket(address), {"chainId": 1, "nonce": 0, "gas": 21000, "gasPrice": 1, "to": address, "value": 1, "data": "0x"}
    for name, text in NASTY.items():
        calls = [("attestation", {"nonce": text}), ("sign_message_defunct", {"message_hash": text}), (text, {}), ("status", {text: text}),
                 ("policy", {text: text}), ("sealed", {text: text}), ("journal", {"after": text}), ("address", {text: text}),
                 *(("sign_ticket", {"ticket": {**ticket, field: text}}) for field in ticket),
                 *(("sign_transaction", {"tx": {**tx, field: text}}) for field in tx),
                 ("sign_typed_data", {"typed_data": {"types": {"EIP712Domain": [], text: []}, "primaryType": text, "domain": {}, "message": {}}})]
        for method, params in calls:
            try:
                answer = play.ask(method, **params)
            except Exception as why:  # noqa: BLE001 - whatever it was, it is wrong
                wrong[name, method] = why
                continue
            if "error" in answer and not answer["error"]["message"].isprintable():
                wrong[name, method] = answer
            if method == "attestation" and "result" in answer and spki_in(base64.b64decode(answer["result"]["document_b64"])):
                wrong[name, method] = "a document for people with a public key"
    claim("no other method lets a text through to KMS, and every refusal is plain text", not wrong and len(play.kms.requests) == asked, wrong or "")
    claim("and the signer still signs", "result" in play.ask("sign_ticket", ticket=ticket))
done()
