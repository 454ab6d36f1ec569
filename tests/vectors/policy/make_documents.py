"""Writes documents.txt: policy documents, their canonical form, and its SHA-256, by Python's json and hashlib alone.

White space within a document is tabs, because the columns are apart by spaces.

    python3 make_documents.py > documents.txt
"""
import hashlib
import json

LIMITS = ["max_face_value_wei", "max_total_face_value_wei", "max_fund_deposit_wei", "max_gas", "max_fee_per_gas_wei",
          "max_tx_fee_wei"]

EXAMPLE = {
    "version": 1, "chain_id": 42161, "ticket_broker": "0xa8bb618b1520e284046f3dfc448851a1ff26e41b",
    "require_allowlist": True, "allowed_recipients": ["0x" + "22" * 20],
    "max_face_value_wei": "50000000000000000", "max_total_face_value_wei": "200000000000000000",
    "allow_fund_deposit": True, "max_fund_deposit_wei": "100000000000000000",
    "allow_withdraw": False, "treasury": None, "messages": "tickets", "typed_data": "none",
    "max_gas": "3000000", "max_fee_per_gas_wei": "unlimited", "max_tx_fee_wei": "10000000000000000",
    "budget": {"window_seconds": 86400, "start": "full", "max_face_value_wei": "1000000000000000000",
               "max_fund_deposit_wei": "unlimited", "max_fee_wei": "100000000000000000"},
}


def recipients(count):
    return ["0x" + hashlib.sha256(b"recipient %d" % i).hexdigest()[:40] for i in range(count)]


def changed(budget=None, **keys):
    return {**EXAMPLE, **keys, "budget": {**EXAMPLE["budget"], **(budget or {})}}


def canonical(document):
    def number(value):
        return value if value == "unlimited" else str(int(value))

    out = dict(document)
    for key in LIMITS + ["version", "chain_id"]:
        out[key] = number(out[key])
    out["budget"] = {k: v if k == "start" else number(v) for k, v in out["budget"].items()}
    out["ticket_broker"] = out["ticket_broker"].lower()
    out["treasury"] = out["treasury"] and out["treasury"].lower()
    out["allowed_recipients"] = sorted({r.lower() for r in out["allowed_recipients"]})
    return json.dumps(out, sort_keys=True, separators=(",", ":"))


BIG = 2**256 - 1
DOCUMENTS = {
    "example": EXAMPLE,
    "integers-for-strings": changed(**{k: int(EXAMPLE[k]) for k in LIMITS if EXAMPLE[k] != "unlimited"},
                                    budget={"max_face_value_wei": 10**18, "max_fee_wei": 10**17}),
    "strings-for-integers": changed(version="1", chain_id="42161", budget={"window_seconds": "86400"}),
    "upper-case-addresses": changed(ticket_broker="0xA8BB618B1520E284046F3DFC448851A1FF26E41B",
                                    allowed_recipients=["0x" + "AB" * 20], treasury="0x" + "CdEf" * 10),
    "no-allowlist": changed(require_allowlist=False, allowed_recipients=[]),
    "allowlist-not-required": changed(require_allowlist=False),
    "recipients-unsorted-and-twice": changed(allowed_recipients=["0x" + "ff" * 20, "0x" + "0A" * 20, "0x" + "ff" * 20,
                                                                 "0x" + "0a" * 20, "0x" + "00" * 20, "0x" + "FF" * 20]),
    "many-recipients": changed(allowed_recipients=recipients(300) + recipients(40)),
    "withdraw-to-treasury": changed(allow_fund_deposit=False, allow_withdraw=True, treasury="0x" + "77" * 20),
    "messages-any": changed(messages="any", typed_data="any"),
    "messages-none": changed(messages="none"),
    "all-unlimited": changed(**{k: "unlimited" for k in LIMITS},
                             budget={k: "unlimited" for k in EXAMPLE["budget"] if k.endswith("wei")}),
    "all-zero": changed(**{k: 0 for k in LIMITS},
                        budget={k: "0" for k in EXAMPLE["budget"] if k.endswith("wei")} | {"window_seconds": 1}),
    "all-largest": changed(**{k: BIG for k in LIMITS}, chain_id=str(BIG),
                           budget={k: BIG for k in EXAMPLE["budget"] if k.endswith("wei")} |
                                  {"window_seconds": 31536000, "start": "empty"}),
}

print("# name, document, canonical form, its SHA-256; by make_documents.py")
for name, document in DOCUMENTS.items():
    text = json.dumps(dict(reversed(document.items())), indent="\t", separators=(",", ":\t")).replace("\n", "\t")
    form = canonical(document)
    print(name, text, form, hashlib.sha256(form.encode()).hexdigest())
