"""Writes signed.txt: an attestation document with a chain of certificates in the shape of AWS's, signed by its leaf, all
by pyca/cryptography and cbor2. The keys are thrown away. Needs cbor2 and cryptography."""
import datetime
import hashlib

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.x509.oid import NameOID

NOW = datetime.datetime(2026, 11, 22, 15, 0, 0, tzinfo=datetime.timezone.utc)
DER = serialization.Encoding.DER


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "US"), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Amazon"),
                      x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "AWS"), x509.NameAttribute(NameOID.COMMON_NAME, text)])


def usage(ca):
    return x509.KeyUsage(digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
                         key_agreement=False, key_cert_sign=ca, crl_sign=ca, encipher_only=False, decipher_only=False)


def certificate(subject, key, issuer, issuer_key, days, path):
    builder = x509.CertificateBuilder(issuer_name=name(issuer), subject_name=name(subject), public_key=key.public_key(),
                                      serial_number=x509.random_serial_number(),
                                      not_valid_before=NOW - datetime.timedelta(hours=1),
                                      not_valid_after=NOW + datetime.timedelta(days=days))
    builder = builder.add_extension(x509.BasicConstraints(ca=path is not None, path_length=path), critical=True)
    builder = builder.add_extension(usage(path is not None), critical=True)
    return builder.sign(issuer_key, hashes.SHA384()).public_bytes(DER)


NAMES = ["aws.nitro-enclaves", "fuzz.us-east-2.aws.nitro-enclaves", "fuzz.zonal.us-east-2.aws.nitro-enclaves",
         "i-0123456789abcdef0.us-east-2.aws.nitro-enclaves", "i-0123456789abcdef0-enc0123456789abcdef.us-east-2.aws"]
keys = [ec.generate_private_key(ec.SECP384R1()) for _ in NAMES]
chain = []
for i, (days, path) in enumerate(((10950, 4), (20, 3), (6, 2), (1, 0), (0.126, None))):
    issuer = max(i - 1, 0)
    chain.append(certificate(NAMES[i], keys[i], NAMES[issuer], keys[issuer], days, path))

protected = cbor2.dumps({1: -35})
payload = cbor2.dumps({
    "module_id": "i-0123456789abcdef0-enc0123456789abcdef", "digest": "SHA384", "timestamp": int(NOW.timestamp() * 1000),
    "pcrs": {i: bytes([0xa0 + i]) * 48 for i in range(16)}, "certificate": chain[-1], "cabundle": chain[:-1],
    "public_key": None, "user_data": b"payments-signer:unprovisioned", "nonce": b"n" * 32})
to_sign = cbor2.dumps(["Signature1", protected, b"", payload])
r, s = utils.decode_dss_signature(keys[-1].sign(to_sign, ec.ECDSA(hashes.SHA384())))
document = cbor2.dumps([protected, {}, payload, r.to_bytes(48, "big") + s.to_bytes(48, "big")])

print("# name, hex; by make_signed.py. The root's fingerprint is SHA-256 of its DER")
print("document", document.hex())
print("root-sha256", hashlib.sha256(chain[0]).hexdigest())
for label, der in zip(("root", "regional", "zonal", "instance", "leaf"), chain):
    print(label, der.hex())
