"""Writes rsa.txt with Python's cryptography: name, DER private key, SubjectPublicKeyInfo, SHA-256 of it; the last two
are "-" for keys that must be refused. Test keys, made anew at every run.

    python3 make_rsa.py > rsa.txt
"""
import hashlib
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import ec, rsa


def private(key, form):
    return key.private_bytes(ser.Encoding.DER, form, ser.NoEncryption()).hex()


def public(key):
    return key.public_key().public_bytes(ser.Encoding.DER, ser.PublicFormat.SubjectPublicKeyInfo)


pkcs1, pkcs8 = ser.PrivateFormat.TraditionalOpenSSL, ser.PrivateFormat.PKCS8
print("# name, DER private key, SubjectPublicKeyInfo, SHA-256 of that; by make_rsa.py")
for name, form in [("pkcs8", pkcs8), ("pkcs1", pkcs1)]:
    key = rsa.generate_private_key(65537, 2048)
    print(name, private(key, form), public(key).hex(), hashlib.sha256(public(key)).hexdigest())
print("rsa-1024", private(rsa.generate_private_key(65537, 1024), pkcs8), "-", "-")
print("rsa-3072", private(rsa.generate_private_key(65537, 3072), pkcs8), "-", "-")
print("elliptic", private(ec.generate_private_key(ec.SECP256R1()), pkcs8), "-", "-")
print("public-half", public(rsa.generate_private_key(65537, 2048)).hex(), "-", "-")
