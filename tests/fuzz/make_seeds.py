"""Writes seeds/NAME.txt, the inputs that the fuzzers begin with: a line is a name and hex (unpack_seeds). What is encoded
is encoded by independent programs (cbor2, eth-account, Python's json, gzip and hashlib), or is text. Lines after the
mark in a file are a fuzzer's own finds (keep_seeds), and stay. Needs cbor2 and eth-account.

    python3 tests/fuzz/make_seeds.py
"""
import base64
import hashlib
import json
import pathlib
import random
import struct
import sys

import cbor2
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_utils import keccak

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scenario"))
import eif_file  # noqa: E402

VECTORS = HERE.parent / "vectors"
MARK = "# found by fuzzing; by keep_seeds"
BROKER = "0xa8bB618B1520E284046F3dFc448851A1Ff26e41B"
ARN = "arn:aws:kms:us-east-2:111122223333:key/12345678-1234-1234-1234-123456789abc"
SENDER = Account.from_key("0x" + "11" * 32)
seeds = {}


def add(fuzzer, name, data):
    seeds.setdefault(fuzzer, []).append((name, data.encode() if isinstance(data, str) else bytes(data)))


def rows(path):
    for line in (VECTORS / path).read_text().splitlines():
        if line and not line.startswith("#"):
            yield line.split(" ")


def word(value):
    return value.to_bytes(32, "big")


def compact(value):
    return json.dumps(value, separators=(",", ":"))


# --- codecs
for i, (name, verdict, text) in enumerate((r[0], r[1], r[-1]) for r in rows("nitro/attestation.txt")):
    if verdict == "reads" and len(text) < 2000 and i < 8:
        add("attestation", name, b"\xff" + bytes.fromhex(text))
DOCUMENT = bytes.fromhex(next(r[-1] for r in rows("nitro/attestation.txt") if r[1] == "reads"))
add("evidence", "bytes", DOCUMENT)
add("evidence", "base64", base64.encodebytes(DOCUMENT))
add("evidence", "json", json.dumps({"document_b64": base64.b64encode(DOCUMENT[:64]).decode(), "more": 1}))
for i, (verdict, text, _) in enumerate(rows("codec/json.txt")):
    if (verdict != "fault" or i % 8 == 0) and i < 400 and len(text) < 400 and text != "-":
        add("json", f"{verdict}-{i}", bytes.fromhex(text))
for name, value in {"map": {"a": [1, -2, b"\1", "t", True, None]}, "large": [2**64 - 1, -2**63], "deep": [[[[[{}]]]]],
                    "tag": cbor2.CBORTag(18, [b"", {}, b"p", b"s"]), "request": {"Attestation": {"nonce": b"n"}}}.items():
    add("cbor", name, cbor2.dumps(value))
add("cbor", "indefinite", bytes.fromhex("bf61619f0102ff6162f6ff"))
for i, (name, text) in enumerate(rows("nitro/nsm.txt")):
    add("nsm", name, bytes([6]) + bytes.fromhex(text))
    for operation in range(6):
        if not name.startswith("request"):
            add("nsm", f"{name}-{operation}", bytes([operation]) + bytes.fromhex(text))
for name, value in {"empty": "c0", "string": "83646f67", "list": "c88363617483646f67", "nested": "c7c0c1c0c3c0c1c0",
                    "long": "b838" + "61" * 56, "u256": "a0" + "ff" * 32, "one": "01"}.items():
    add("rlp", name, bytes.fromhex(value))
for name, body in {"whole": b'{"method":"address"}', "empty": b"", "longest": b"x" * 512}.items():
    add("frame", name, struct.pack(">I", len(body)) + body + b"more"[:len(body) % 5])
add("frame", "too-long", struct.pack(">I", 513))
add("abi", "redeem", bytes([2, 2, 1, 0, 3, 4, 0, 0]) + word(1) + b"a" + bytes(31) + word(2) + b"bc" + bytes(30) + word(0))
add("abi", "words", bytes([0, 1, 3, 4, 64, 0, 0, 0]) + word(5) + word(6) + word(1) + word(64))
for kind, first, start in (("request", 0, "POST / HTTP/1.1"), ("response", 1, "HTTP/1.1 200 OK")):
    add("http1", kind, bytes([first]) + f"{start}\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc".encode())
    add("http1", kind + "-chunked",
        bytes([first]) + f"{start}\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n1\r\nd\r\n0\r\n\r\n".encode())
add("http1", "no-content", b"\1HTTP/1.1 204 No Content\r\n\r\n")
add("http1", "two-framings", b"\1HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n")

# --- Ethereum
TRANSACTIONS = {
    "legacy": {"gasPrice": 10**9},
    "legacy-no-chain": {"gasPrice": 1, "chainId": None},
    "eip2930": {"gasPrice": 10**9, "accessList": [{"address": BROKER, "storageKeys": ["0x" + word(7).hex()]}], "type": 1},
    "eip1559": {"maxFeePerGas": 10**9, "maxPriorityFeePerGas": 1},
    "eip1559-list": {"maxFeePerGas": 2**255, "maxPriorityFeePerGas": 0,
                     "accessList": [{"address": BROKER, "storageKeys": []}]},
    "eip4844": {"maxFeePerGas": 5, "maxPriorityFeePerGas": 1, "maxFeePerBlobGas": 7,
                "blobVersionedHashes": ["0x01" + "ab" * 31]},
    "eip7702": {"maxFeePerGas": 5, "maxPriorityFeePerGas": 1, "authorizationList": []},
}
for i, (name, fields) in enumerate(TRANSACTIONS.items()):
    tx = {"nonce": i, "gas": 21000, "to": BROKER, "value": 2**(i * 17), "data": "0x6caa736b", "chainId": 42161, **fields}
    tx = {key: value for key, value in tx.items() if value is not None}
    if name == "eip7702":
        tx["authorizationList"] = [SENDER.sign_authorization({"chainId": 42161, "address": BROKER, "nonce": 1})]
    add("tx", name, b"\xff" + bytes(SENDER.sign_transaction(tx).raw_transaction))
for kind in range(32):
    add("tx", f"edited-{kind}", bytes([kind % 2, kind, 0, 0, kind, 1]))


def ticket(nonce, face_value=1000, recipient="22" * 20):
    return (bytes.fromhex(recipient) + bytes.fromhex(SENDER.address[2:]) + word(face_value) + word(2**256 - 1) +
            word(nonce) + b"\x5a" * 32 + b"\x5a" * 64)


def ticket_object(packed):
    hexed = ["0x" + part.hex() for part in (packed[:20], packed[20:40], packed[136:168], packed[168:])]
    return {"recipient": hexed[0], "sender": hexed[1], "faceValue": int.from_bytes(packed[40:72], "big"),
            "winProb": "0x" + packed[72:104].hex(), "senderNonce": int.from_bytes(packed[104:136], "big"),
            "recipientRandHash": hexed[2], "auxData": hexed[3]}


def redeem(packed):
    signature = bytes(SENDER.sign_message(encode_defunct(primitive=keccak(packed))).signature)
    return (bytes.fromhex("ec8b3cb6") + word(96) + word(416) + word(456) + bytes(12) + packed[:20] + bytes(12) +
            packed[20:168] + word(224) + word(64) + packed[168:] + word(65) + signature + bytes(31))


for i in range(12):
    add("calldata", f"edited-{i}", bytes([i]))
    add("calldata", f"word-{i}", bytes([i, 0, *(4 + 32 * i).to_bytes(2, "big"), 1]))
    add("typed_data", f"edited-{i}", bytes([i]))
    add("typed_data", f"byte-{i}", bytes([i, 0, 0, 20 * i, 3]))

# --- KMS and AWS
for i in range(8):
    for fuzzer in ("cms", "kms_answer", "attestation", "settings", "key_policy", "sigv4", "policy"):
        add(fuzzer, f"good-{i}", bytes([8 + i]) if fuzzer == "kms_answer" else bytes([i]))
        add(fuzzer, f"changed-{i}", bytes([8 + i, 0] if fuzzer == "kms_answer" else [i]) + bytes([0, 0, 31 * i, 1]))
    add("judge", f"edited-{i}", bytes([i, 0, 0, 19 * i, 1]))
    add("judge", f"added-{i}", bytes([i, 1, 0, 19 * i, 0]))
for name in ("AccessDeniedException", "InvalidCiphertextException", "com.amazonaws.kms#ThrottlingException:http://x/",
             "Unheard", "\\u0041ccessDeniedException"):
    add("kms_answer", name.replace("/", "").replace("\\", "").replace("#", "-").replace(":", "-"),
        b"\0" + ('{"__type":"%s","message":"no"}' % name).encode())
add("kms_answer", "plaintext", b"\1" + compact({"KeyId": ARN, "Plaintext": "AAAA"}).encode())
for name, text in {
        "imds": {"Code": "Success", "AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "s/e+c", "Token": "t/o==",
                 "Expiration": "2036-01-01T00:00:00Z"},
        "expired": {"AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "s", "Token": "t", "Expiration": "2016-01-01T00:00:00Z"},
        "failed": {"Code": "AssumeRoleUnauthorizedAccess"},
        "kmstool": {"AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "secret", "SessionToken": "token"}}.items():
    add("credentials", name, compact(text))
IMDS = compact({"Code": "Success", "AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "s", "Token": "t"}).encode()
for name, role in {"role": b"signer", "two": b"signer\nother\n", "dots": b"..", "path": b"a/../b", "none": b""}.items():
    add("imds", name, b"\0token\0" + role + b"\0" + IMDS)
add("imds", "header", b"\0to\r\nken\0signer\0" + IMDS)
add("imds", "no-role", b"\2token\0signer\0" + IMDS)
add("credentials", "escaped", '{"AccessKeyId":"A","SecretAccessKey":"s\\/e","Token":"t\\/o"}')
for name, extra in {"plain": {}, "bound": {"encryption_context": {"ensign-policy-sha256": "ab" * 32, "a": "b"}},
                    "addressed": {"address": SENDER.address}}.items():
    add("sealed", name, compact({"ciphertext_b64": "AAEC", "key_id": ARN, **extra}))
KEY_POLICY = {"Version": "2012-10-17", "Statement": [
    {"Sid": "Open", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/Instance"}, "Action": "kms:Decrypt",
     "Resource": "*", "Condition": {"StringEqualsIgnoreCase": {
         "kms:RecipientAttestation:PCR0": "a0" * 48, "kms:EncryptionContext:ensign-policy-sha256": "d0" * 32}}}]}
add("key_policy", "text", b"\xff" + compact(KEY_POLICY).encode())
add("verify", "key-policy", compact(KEY_POLICY))
add("verify", "key-policy-in-another-case", compact(KEY_POLICY).replace("PCR0", "pCR0"))
for name, text in {"bare": "", "open": ";mode=open;journal=" + "0" * 64,
                   "strict": f";mode=strict;policy-sha256={'ab' * 32};policy-bound=true;key-origin=imported;kms-key={ARN};"
                             f"sealed-sha256={'cd' * 32};journal={'0' * 64}"}.items():
    add("verify", "user-data-" + name, f"payments-signer:{SENDER.address.lower()}{text}")
    add("verify", "unprovisioned-" + name, f"payments-signer:unprovisioned{text}")

# --- documents
POLICIES = [r for r in rows("policy/documents.txt") if len(r[1]) < 4000]
for i, row in enumerate(POLICIES[:10]):
    add("policy", f"document-{i}", b"\xff" + row[1].encode())
for name, text in {"open": {"mode": "open"}, "strict": {"mode": "strict", "kms_key": ARN},
                   "lease": {"mode": "strict", "kms_key": ARN, "lease_seconds": 60, "allow_reprovision": True},
                   "limits": {"mode": "open", "limits": {"frame_bytes": 4096, "idle_ms": 1}}}.items():
    add("settings", name, b"\xff" + compact(text).encode())
add("allowlist", "flow", "allowlist: [{address: kms.us-east-2.amazonaws.com, port: 443}]\n")
add("allowlist", "block", "# comment\nallowlist:\n- {address: a.example, port: 443}\n- address: \"b.example\"\n  port: 0x1bb\n")
add("allowlist", "anchor", "allowlist:\n- &a {address: a, port: 1}\n- *a\n")

# --- images
START = [(eif_file.KERNEL, b"MZ"), (eif_file.CMDLINE, b"quiet")]
FILES = [("settings.json", 0o100444, b'{"mode":"open"}'), ("ensignd", 0o100755, b"\x7fELF")]
PACKED = (eif_file.RAMDISK, eif_file.archive(FILES))
SIGNATURE = (eif_file.SIGNATURE, b"\x81\xa2\x73signing_certificate\x81\x00\x69signature\x81\x00")
for name, version, sections in (
        ("two", 4, [*START, (eif_file.METADATA, b"{}"), PACKED, PACKED]), ("one", 2, [*START, PACKED]),
        ("three", 3, [*START, PACKED, (eif_file.RAMDISK, b"070701"), PACKED, SIGNATURE]),
        ("signed", 4, [*START, (eif_file.METADATA, b"{}"), PACKED, SIGNATURE])):
    add("eif", name, eif_file.write(sections, version))


def newc(files):
    out = b""
    for number, (name, mode, data) in enumerate([*files, ("TRAILER!!!", 0, b"")], 1):
        text = name.encode() + b"\0"
        entry = b"070701" + "".join(f"{v:08x}" for v in (number, mode, 5, 6, 1, 7, len(data), 1, 2, 3, 4, len(text), 0)).encode()
        entry += text
        out += entry + bytes(-len(entry) % 4) + data + bytes(-len(data) % 4)
    return out


add("cpio", "two", newc(FILES))
add("cpio", "none", newc([]))
add("cpio", "folders", newc([("a", 0o40755, b""), ("a/b", 0o120777, b"c"), ("a/d", 0o100644, bytes(5))]))
add("cpio", "packed", PACKED[1])

# --- what clients and servers say
head, lines = bytes(32), []
for batch in range(3):
    entries, before = [], head
    for i in range(2):
        entry = compact({"hash": "0x" + "00" * 32, "seq": 2 * batch + i + 1})
        head = hashlib.sha256(head + entry.encode()).digest()
        entries.append(entry)
    lines.append('{"entries":[%s],"first":1,"head":"%s","head_before":"%s","last":%d}' % (
        ",".join(entries), head.hex(), before.hex(), 2 * batch + 2))
add("journal", "chain", "\n".join(lines))
add("journal", "restarted", "\n".join(lines + lines[:1]))
add("journal", "lost", "\n".join([lines[0], lines[2].replace('"first":1', '"first":5')]))
CALLS = {
    "address": {"method": "address"}, "status": {"method": "status"}, "policy": {"method": "policy"},
    "journal": {"method": "journal", "params": {"after": 0, "limit": 5}},
    "attestation": {"method": "attestation", "params": {"nonce": "0x" + "6e" * 32}},
    "ticket": {"method": "sign_ticket", "params": {"ticket": ticket_object(ticket(1))}},
    "message": {"method": "sign_message_defunct", "params": {"message_hash": "0x" + keccak(ticket(1)).hex(),
                                                             "ticket": ticket_object(ticket(1))}},
    "redeem": {"method": "sign_transaction", "params": {"tx": {
        "nonce": 1, "gas": 21000, "to": BROKER, "value": 0, "chainId": 42161, "maxFeePerGas": 1, "maxPriorityFeePerGas": 1,
        "data": "0x" + redeem(ticket(1)).hex()}}},
    "deposit": {"method": "sign_transaction", "params": {"tx": {
        "nonce": 1, "gas": 21000, "to": BROKER, "value": 1000, "chainId": 42161, "gasPrice": 1, "data": "0x6caa736b"}}},
    "provision": {"method": "provision", "params": {
        "aws_access_key_id": "AKIA", "aws_secret_access_key": "sk", "aws_session_token": "tok", "region": "us-east-2",
        "ciphertext_b64": "ERERERERERERERERERERERERERERERERERERERERERE=", "encryption_context": {"a": "b"}}},
    "longest": {"method": "generate", "params": {
        "aws_access_key_id": "AKIA", "aws_secret_access_key": "sk", "aws_session_token": "tok", "region": "us-east-2",
        "key_id": "k" * 2048, "encryption_context": {"\x80" * 1000: "\U0001f600" * 1000}}},
    "generate": {"method": "generate", "params": {"aws_access_key_id": "AKIA", "aws_secret_access_key": "sk", "key_id": ARN,
                                                  "aws_session_token": "tok", "region": "us-east-2"}},
}
for name, call in CALLS.items():
    add("bridge", name, compact(call))
    for signer in range(3):
        add("signer", f"{name}-{signer}", bytes([signer]) + compact(call).encode())


def rpc(method, *params, **more):
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params), **more}


TX = {"from": SENDER.address, "to": BROKER, "gas": "0x5208", "nonce": "0x1", "value": "0x0", "gasPrice": "0x1", "data": "0x"}
for name, call in {"accounts": rpc("eth_accounts"), "sign": rpc("eth_sign", SENDER.address, "0x00"), "tx": rpc("eth_signTransaction", TX),
                   "send": rpc("eth_sendTransaction", TX), "personal": rpc("personal_sign", "0x00", SENDER.address),
                   "clef": rpc("account_signTransaction", TX), "batch": [rpc("eth_chainId"), rpc("net_version")],
                   "notification": {"jsonrpc": "2.0", "method": "eth_accounts"}, "object": TX,
                   "1559": {**TX, "gasPrice": None, "maxFeePerGas": "0x2", "maxPriorityFeePerGas": "0x1", "type": "0x2"}}.items():
    add("gateway", name, compact(call))
for name, start in {"page": "GET /upcheck", "metrics": "GET /metrics", "call": "POST /", "question": "OPTIONS /", "web3signer":
                    "POST /api/v1/eth1/sign/0x00"}.items():
    body = compact(rpc("eth_accounts")) if start.startswith("POST") else ""
    for kind, extra in {"": "", "-origin": "Origin: https://wallet.example\r\n", "-stranger": "Origin: https://evil.example\r\n"}.items():
        for token in range(2):
            add("gateway_http", f"{name}{kind}-{token}",
                bytes([token]) + f"{start} HTTP/1.1\r\nHost: localhost:9000\r\n{extra}Authorization: Bearer s3cret-T0ken\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
add("gateway_http", "rebinding", b"\0GET /upcheck HTTP/1.1\r\nHost: evil.example\r\n\r\n")
for name, answer in {"result": {"result": "0x1"}, "error": {"error": {"code": -32000, "message": "no"}}, "null": {"result": None},
                     "both": {"error": None, "result": {}}, "refusal": {"error": {"code": "policy", "message": "no"}},
                     "unprintable": {"error": {"code": "policy", "message": "a\x1b[2J\x7f\u00e9"}},
                     "object": {"result": {"address": "0x00"}}}.items():
    add("remote", name + "-node", b"\0" + compact(answer).encode())
    add("remote", name + "-signer", b"\1" + compact(answer).encode())

# --- what is chosen byte by byte
rng = random.Random(191)
for fuzzer, count in (("gate", 6), ("whole_core", 6)):
    for i in range(count):
        add(fuzzer, f"random-{i}", rng.randbytes(160))


def main():
    for fuzzer, inputs in sorted(seeds.items()):
        path = HERE / "seeds" / f"{fuzzer}.txt"
        found = path.read_text().partition(MARK)[2] if path.exists() else ""
        names = [name for name, _ in inputs]
        assert len(set(names)) == len(names), (fuzzer, names)
        lines = ["# name, input; by make_seeds.py"] + [f"{name} {data.hex() or '-'}" for name, data in inputs]
        path.write_text("\n".join(lines) + "\n" + (MARK + found if found else ""))


main()
