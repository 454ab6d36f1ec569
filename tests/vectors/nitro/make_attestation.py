"""Writes attestation.txt: documents of the right form, and documents wrong in one way, encoded by cbor2. Their signatures
and certificates are only of the right length: who believes them is another test's question. Needs cbor2."""
import pathlib
import cbor2

PROTECTED = cbor2.dumps({1: -35})
FIELDS = {
    "module_id": "i-0123456789abcdef0-enc0123456789abcdef",
    "digest": "SHA384",
    "timestamp": 1795359600123,
    "pcrs": {0: b"\1" * 48, 4: bytes(48)},
    "certificate": b"\x30" * 20,
    "cabundle": [b"\x31" * 21, b"\x32" * 22, b"\x33" * 23],
    "public_key": b"\x35" * 24,
    "user_data": None,
    "nonce": b"\x36" * 32,
}
NOT_THERE = object()


def encoded_map(pairs, endless=False):
    """A map header of one's choice, so that keys can stand twice."""
    body = b"".join(cbor2.dumps(key) + (value if isinstance(value, Raw) else cbor2.dumps(value)) for key, value in pairs)
    return b"\xbf" + body + b"\xff" if endless else bytes([0xa0 + len(pairs)]) + body


class Raw(bytes):
    """Already CBOR."""


def payload(endless=False, order=None, extra=(), last=b"", **changes):
    fields = {**FIELDS, **changes}
    pairs = [(key, fields[key]) for key in (order or FIELDS) if fields[key] is not NOT_THERE]
    return encoded_map([*pairs, *extra], endless) + last


def document(body=None, protected=PROTECTED, unprotected=None, signature=b"\x37" * 96, last=b"", **options):
    body = payload(**options) if body is None else body
    return cbor2.dumps([protected, unprotected or {}, body, signature]) + last


def pcrs(*pairs):
    return Raw(encoded_map(pairs))


P = b"\1" * 48
cases = [
    ("definite", "reads", document()),
    ("indefinite", "reads", document(endless=True)),
    ("of-real-sizes", "reads", document(pcrs={i: bytes([i + 1]) * 48 for i in range(16)}, certificate=b"c" * 640,
                                        cabundle=[b"c" * n for n in (533, 700, 790, 640)], public_key=b"k" * 294)),
    ("tagged", "reads", b"\xd2" + document()),
    ("reordered", "reads", document(order=list(reversed(FIELDS)))),
    ("options-absent", "reads", document(public_key=NOT_THERE, user_data=NOT_THERE, nonce=NOT_THERE)),
    ("options-null", "reads", document(public_key=None, user_data=None, nonce=None)),
    ("options-empty", "reads", document(user_data=b"", nonce=b"")),
    ("options-longest", "reads", document(public_key=b"k" * 1024, user_data=b"u" * 1024, nonce=b"n" * 1024)),
    ("certificates-longest", "reads", document(certificate=b"c" * 1024, cabundle=[b"c" * 1024] * 8)),
    ("certificates-shortest", "reads", document(certificate=b"c", cabundle=[b"c"])),
    ("pcr-lengths", "reads", document(pcrs={0: P[:32], 1: P, 31: P + P[:16]})),
    ("inner-indefinite", "reads", document(pcrs=Raw(encoded_map([(0, P)], True)),
                                           cabundle=Raw(b"\x9f" + cbor2.dumps(b"c") + b"\xff"))),
    ("debug", "reads", document(pcrs={0: bytes(48), 3: P})),
    ("empty", "COSE_Sign1", b""),
    ("not-an-array", "COSE_Sign1", cbor2.dumps({1: 2})),
    ("cut-by-one", "COSE_Sign1", document()[:-1]),
    ("byte-after-it", "COSE_Sign1", document(last=b"\0")),
    ("another-tag", "COSE_Sign1", b"\xd1" + document()),
    ("three-parts", "COSE_Sign1", cbor2.dumps([PROTECTED, {}, payload()])),
    ("five-parts", "COSE_Sign1", cbor2.dumps([PROTECTED, {}, payload(), b"\x37" * 96, b""])),
    ("three-parts-and-one-more", "COSE_Sign1", b"\x83" + document()[1:]),
    ("five-parts-of-which-one-is-missing", "COSE_Sign1", b"\x85" + document()[1:]),
    ("indefinite-array", "COSE_Sign1", b"\x9f" + document()[1:] + b"\xff"),
    ("payload-null", "COSE_Sign1", cbor2.dumps([PROTECTED, {}, None, b"\x37" * 96])),
    ("protected-as-text", "COSE_Sign1", cbor2.dumps(["\1", {}, payload(), b"\x37" * 96])),
    ("es256", "ES384", document(protected=cbor2.dumps({1: -7}))),
    ("no-algorithm", "ES384", document(protected=b"")),
    ("a-second-protected", "ES384", document(protected=cbor2.dumps({1: -35, 4: b"x"}))),
    ("unprotected", "unprotected", document(unprotected={1: -7})),
    ("signature-95", "signature", document(signature=b"\x37" * 95)),
    ("signature-97", "signature", document(signature=b"\x37" * 97)),
    ("payload-empty", "one_whole_map", document(body=b"")),
    ("payload-array", "one_whole_map", document(body=cbor2.dumps(list(FIELDS)))),
    ("payload-without-its-break", "one_whole_map", document(body=payload(endless=True)[:-1])),
    ("payload-byte-after-it", "one_whole_map", document(last=b"", body=payload(last=b"\0"))),
    ("payload-one-pair-short", "malformed", document(body=payload()[:-34])),
    ("payload-key-as-number", "one_whole_map", document(extra=[(7, 7)])),
    ("unknown-key", "not_one_of_the_nine", document(extra=[("more", 1)])),
    ("upper-case-key", "not_one_of_the_nine", document(extra=[("Nonce", None)])),
]
for field in FIELDS:
    cases.append((field + "-twice", field + "_stands_twice", document(extra=[(field, FIELDS[field])])))
for field in "module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle":
    cases.append((field + "-missing", field + "_is_missing", document(**{field: NOT_THERE})))
    cases.append((field + "-null", field + "_is_malformed", document(**{field: None})))
cases += [
    ("module-id-empty", "module_id", document(module_id="")),
    ("module-id-long", "module_id", document(module_id="i" * 129)),
    ("module-id-control", "module_id", document(module_id="i-\n")),
    ("module-id-bytes", "module_id_is_malformed", document(module_id=b"i-0")),
    ("digest-sha256", "digest", document(digest="SHA256")),
    ("timestamp-zero", "timestamp_is_zero", document(timestamp=0)),
    ("timestamp-negative", "timestamp_is_malformed", document(timestamp=-1)),
    ("timestamp-float", "timestamp_is_malformed", document(timestamp=1795359600.5)),
    ("timestamp-beyond-64-bits", "timestamp_is_malformed", document(timestamp=2 ** 64)),
    ("pcrs-empty", "pcrs_is_empty", document(pcrs={})),
    ("pcr-32", "beyond_31", document(pcrs={0: P, 32: P})),
    ("pcr-negative", "pcrs_is_malformed", document(pcrs={0: P, -1: P})),
    ("pcr-by-name", "pcrs_is_malformed", document(pcrs={"0": P})),
    ("pcr-twice", "a_PCR_stands_twice", document(pcrs=pcrs((0, P), (0, P)))),
    ("pcr-47", "length_of_a_PCR", document(pcrs={0: P[:47]})),
    ("pcr-empty", "length_of_a_PCR", document(pcrs={0: b""})),
    ("certificate-empty", "certificate", document(certificate=b"")),
    ("certificate-1025", "certificate", document(certificate=b"c" * 1025)),
    ("cabundle-empty", "cabundle_is_empty", document(cabundle=[])),
    ("cabundle-of-9", "more_than_8", document(cabundle=[b"c"] * 9)),
    ("cabundle-with-an-empty", "in_cabundle", document(cabundle=[b"c", b""])),
    ("cabundle-with-1025", "in_cabundle", document(cabundle=[b"c" * 1025])),
    ("cabundle-of-text", "cabundle_is_malformed", document(cabundle=["c"])),
    ("public-key-empty", "public_key", document(public_key=b"")),
    ("public-key-1025", "public_key", document(public_key=b"k" * 1025)),
    ("public-key-text", "public_key_is_malformed", document(public_key="k")),
    ("user-data-1025", "user_data", document(user_data=b"u" * 1025)),
    ("nonce-1025", "nonce", document(nonce=b"n" * 1025)),
    ("nonce-number", "nonce_is_malformed", document(nonce=7)),
]
lines = ["# name, \"reads\" or a part of the refusal (_ for a space), document; by make_attestation.py"]
lines += [" ".join([name, want, data.hex() or "-"]) for name, want, data in cases]
pathlib.Path(__file__).with_name("attestation.txt").write_text("\n".join(lines) + "\n")
