"""Writes nsm.txt: what the NSM is sent and sends, encoded by cbor2 from the shapes that serde gives the AWS library's
types: the name of an operation alone, or a map of one from the name to its fields. Needs cbor2."""
import pathlib
import cbor2

MODULE = "i-0123456789abcdef0-enc0123456789abcdef"
NOTHING = {"user_data": None, "nonce": None, "public_key": None}
good = {
    "request-describe-nsm": "DescribeNSM",
    "request-get-random": "GetRandom",
    "request-describe-pcr-0": {"DescribePCR": {"index": 0}},
    "request-describe-pcr-31": {"DescribePCR": {"index": 31}},
    "request-extend-pcr-16": {"ExtendPCR": {"index": 16, "data": b"\1\2\3"}},
    "request-extend-pcr-16-empty": {"ExtendPCR": {"index": 16, "data": b""}},
    "request-lock-pcr-16": {"LockPCR": {"index": 16}},
    "request-lock-pcrs-20": {"LockPCRs": {"range": 20}},
    "request-attestation-nothing": {"Attestation": NOTHING},
    "request-attestation-empty": {"Attestation": {**NOTHING, "user_data": b""}},
    "request-attestation-all": {"Attestation": {"user_data": b"payments-signer:unprovisioned", "nonce": bytes(range(32)),
                                                "public_key": b"\x30\x82" + bytes(292)}},
    "response-describe-nsm": {"DescribeNSM": {"version_major": 1, "version_minor": 2, "version_patch": 3,
                                              "module_id": MODULE, "max_pcrs": 32, "locked_pcrs": list(range(16)),
                                              "digest": "SHA384"}},
    "response-get-random": {"GetRandom": {"random": bytes(range(256))}},
    "response-describe-pcr": {"DescribePCR": {"lock": True, "data": bytes(range(48))}},
    "response-extend-pcr": {"ExtendPCR": {"data": bytes(range(48))}},
    "response-lock-pcr": "LockPCR",
    "response-lock-pcrs": "LockPCRs",
    "response-attestation": {"Attestation": {"document": b"\x84\x44"}},
    "error-invalid-index": {"Error": "InvalidIndex"},
    "error-input-too-large": {"Error": "InputTooLarge"},
    "error-unheard-of": {"Error": "Secret<script>"},
}
lines = ["# name, CBOR; by make_nsm.py"]
lines += [name + " " + cbor2.dumps(value).hex() for name, value in good.items()]
pathlib.Path(__file__).with_name("nsm.txt").write_text("\n".join(lines) + "\n")
