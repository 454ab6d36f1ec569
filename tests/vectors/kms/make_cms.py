"""Writes cms.txt: envelopes for one RSA key, by the openssl command alone: by its cms command, and in KMS's own form
put together here around what its pkeyutl and enc commands encrypted. Each bad one is wrong in one way."""
import hashlib
import pathlib
import secrets
import subprocess
import tempfile


def run(*args, data=b""):
    return subprocess.run(["openssl", *map(str, args)], input=data, check=True, capture_output=True).stdout


def element(tag, *parts):
    body = b"".join(parts)
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    return bytes([tag, 0x82]) + len(body).to_bytes(2, "big") + body


def endless(tag, *parts):
    return bytes([tag, 0x80]) + b"".join(parts) + b"\0\0"


def stretched(tag, body):
    """A length below 128 in a byte of its own: BER, not DER."""
    return bytes([tag, 0x81, len(body)]) + body


def oid(hexadecimal):
    return element(6, bytes.fromhex(hexadecimal))


ENVELOPED, DATA, SIGNED = (oid("2a864886f70d0107" + last) for last in ("03", "01", "02"))
OAEP, PKCS1, MGF1 = (oid("2a864886f70d0101" + last) for last in ("07", "01", "08"))
SHA256, SHA1, SHA384 = oid("608648016503040201"), oid("2b0e03021a"), oid("608648016503040202")
AES256, AES128 = oid("60864801650304012a"), oid("608648016503040102")
NULL = b"\x05\0"

folder = pathlib.Path(tempfile.mkdtemp())
key, other = folder / "key.pem", folder / "other.pem"
for path in key, other:
    run("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", path)
    run("pkey", "-in", path, "-pubout", "-out", path.with_suffix(".pub"))
spki = run("pkey", "-in", key, "-pubout", "-outform", "DER")
SKI = hashlib.sha256(spki).digest()
SECRET = bytes(range(32))
TEXT = b"0x" + hashlib.sha256(b"a key as text").hexdigest().encode()


def seal(to, content_key, digest="sha256"):
    return run("pkeyutl", "-encrypt", "-pubin", "-inkey", to.with_suffix(".pub"), "-pkeyopt", "rsa_padding_mode:oaep",
               "-pkeyopt", "rsa_oaep_md:" + digest, "-pkeyopt", "rsa_mgf1_md:" + digest, data=content_key)


def encrypt(content_key, iv, plaintext, *options):
    cipher = "-aes-%d-cbc" % (8 * len(content_key))
    return run("enc", cipher, "-K", content_key.hex(), "-iv", iv.hex(), *options, data=plaintext)


def kms(plaintext=SECRET, wrap=endless, info_oid=ENVELOPED, version=b"\2", recipient_version=b"\2", ski=SKI, ski_tag=0x80,
        scheme=OAEP, hash_oid=SHA256, mgf=MGF1, mgf_oid=SHA256, null=NULL, label=b"", to=key, digest="sha256",
        key_len=32, recipients=1, content_oid=DATA, cipher=AES256, iv_len=16, parts=0, options=(),
        damage_key=0, cut_key=0, drop=0, attributes=b"", version_extra=b"", last=b"", inner=element, iv_form=element):
    content_key, iv = secrets.token_bytes(key_len), secrets.token_bytes(16)
    encrypted_key = bytearray(seal(to, content_key, digest))
    encrypted_key[100] ^= damage_key
    encrypted_key = bytes(encrypted_key[:len(encrypted_key) - cut_key])
    usable = content_key if key_len == 16 else content_key[:32].ljust(32, b"\0")
    content = encrypt(usable, iv, plaintext, *options)
    content = content[:len(content) - drop]
    parameters = inner(0x30, inner(0xa0, inner(0x30, hash_oid, null)),
                       inner(0xa1, inner(0x30, mgf, inner(0x30, mgf_oid, null))), label)
    recipient = inner(0x30, element(2, recipient_version), element(ski_tag, ski), inner(0x30, scheme, parameters),
                      element(4, encrypted_key))
    if parts:
        body = wrap(0xa0, *(element(4, content[i:i + parts]) for i in range(0, len(content), parts)))
    else:
        body = element(0x80, content)
    encrypted = wrap(0x30, content_oid, inner(0x30, cipher, iv_form(4, iv[:iv_len])), body)
    data = wrap(0x30, element(2, version), version_extra, inner(0x31, recipient * recipients), encrypted, attributes)
    return wrap(0x30, info_oid, wrap(0xa0, data)) + last


cases = []


def case(name, want, plaintext, envelope):
    cases.append(" ".join([name, want, plaintext.hex() or "-", envelope.hex() or "-"]))


for name, plaintext in ("key", SECRET), ("text", TEXT), ("empty", b""), ("longest", b"A" * 4096):
    case("kms-primitive-" + name, "opens", plaintext, kms(plaintext))
    case("kms-in-one-part-" + name, "opens", plaintext, kms(plaintext, parts=8192))
    case("definite-" + name, "opens", plaintext, kms(plaintext, wrap=element))
case("kms-in-parts-of-16", "opens", TEXT, kms(TEXT, parts=16))
case("kms-in-uneven-parts", "opens", TEXT, kms(TEXT, parts=7))
case("definite-in-parts", "opens", TEXT, kms(TEXT, wrap=element, parts=16))
case("hashes-without-null", "opens", SECRET, kms(null=b""))
case("endless-within", "opens", SECRET, kms(inner=endless))
case("endless-within-definite", "opens", SECRET, kms(wrap=element, inner=endless))
case("length-in-a-byte-of-its-own", "opens", SECRET, kms(iv_form=stretched))

for name, plaintext in ("key", SECRET), ("text", TEXT):
    certificate = folder / "certificate.pem"
    run("req", "-x509", "-key", key, "-subj", "/CN=test", "-addext", "subjectKeyIdentifier=" + SKI.hex(), "-out",
        certificate)
    for form, flags in ("der", []), ("ber", ["-stream", "-indef"]):
        case("openssl-%s-%s" % (form, name), "opens", plaintext,
             run("cms", "-encrypt", "-binary", "-keyid", "-aes-256-cbc", "-outform", "DER", "-recip", certificate,
                 "-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256", "-keyopt", "rsa_mgf1_md:sha256",
                 *flags, data=plaintext))

whole = kms()
case("nothing", "form", b"", b"")
case("cut-by-one", "form", b"", whole[:-1])
case("cut-by-one-end-of-contents", "form", b"", whole[:-2])
case("cut-in-half", "form", b"", whole[:250])
case("one-byte-after-it", "form", b"", whole + b"\0")
case("twice", "form", b"", whole * 2)
case("definite-and-one-byte-after-it", "form", b"", kms(wrap=element, last=b"\0"))
case("signed-data", "form", b"", kms(info_oid=SIGNED))
case("envelope-version-0", "form", b"", kms(version=b"\0"))
case("envelope-version-in-two-bytes", "form", b"", kms(version=b"\0\2"))
case("originator-info", "form", b"", kms(version_extra=element(0xa0)))
case("recipient-version-0", "form", b"", kms(recipient_version=b"\0"))
case("no-recipient", "form", b"", kms(recipients=0))
case("two-recipients", "form", b"", kms(recipients=2))
case("key-identifier-of-31-bytes", "form", b"", kms(ski=SKI[:31]))
case("key-identifier-of-33-bytes", "form", b"", kms(ski=SKI + b"\0"))
case("key-identifier-as-octets", "form", b"", kms(ski_tag=0x04))
case("another-key-identifier", "other-key", b"", kms(ski=hashlib.sha256(b"").digest()))
case("pkcs1-padding", "form", b"", kms(scheme=PKCS1))
case("oaep-sha1", "form", b"", kms(hash_oid=SHA1))
case("mgf1-sha1", "form", b"", kms(mgf_oid=SHA1))
case("oaep-sha384", "form", b"", kms(hash_oid=SHA384))
case("another-mask", "form", b"", kms(mgf=OAEP))
case("endless-and-a-label", "form", b"",
     kms(inner=endless, label=element(0xa2, element(0x30, oid("2a864886f70d010109"), element(4, b"x")))))
case("a-label", "form", b"", kms(label=element(0xa2, element(0x30, oid("2a864886f70d010109"), element(4, b"x")))))
case("null-of-one-byte", "form", b"", kms(null=b"\x05\1\0"))
case("key-of-255-bytes", "form", b"", kms(cut_key=1))
case("another-content-type", "form", b"", kms(content_oid=SIGNED))
case("aes-128", "form", b"", kms(cipher=AES128))
case("iv-of-15-bytes", "form", b"", kms(iv_len=15))
case("content-not-in-blocks", "form", b"", kms(drop=1))
case("content-empty", "form", b"", kms(drop=48))
case("attributes", "form", b"", kms(attributes=element(0xa1)))
case("content-too-long", "form", b"", kms(b"A" * 4112))
case("content-too-long-in-parts", "form", b"", kms(b"A" * 4112, parts=16))
case("length-in-three-octets", "form", b"", whole.replace(b"\x31\x82\x01", b"\x31\x83\0\x01", 1))
case("length-in-four-octets", "form", b"", whole.replace(b"\x31\x82\x01", b"\x31\x84\0\0\x01", 1))
case("length-reserved", "form", b"", whole.replace(b"\x31\x82", b"\x31\xff", 1))
case("primitive-without-end", "form", b"", whole.replace(b"\x06\x09", b"\x06\x80", 1))
case("plaintext-too-long", "closed", b"", kms(b"A" * 4097))
case("for-another-key", "closed", b"", kms(to=other))
case("key-sealed-with-sha1", "closed", b"", kms(digest="sha1"))
case("key-damaged", "closed", b"", kms(damage_key=1))
case("content-key-of-16-bytes", "closed", b"", kms(key_len=16, cipher=AES256))
case("content-key-of-31-bytes", "closed", b"", kms(key_len=31))
case("content-key-of-33-bytes", "closed", b"", kms(key_len=33))
case("padding-of-zero", "closed", b"", kms(b"\0" * 16, options=["-nopad"]))
case("padding-of-17", "closed", b"", kms(b"\x11" * 32, options=["-nopad"]))
case("padding-uneven", "closed", b"", kms(b"A" * 14 + b"\1\2", options=["-nopad"]))

private = run("pkey", "-in", key, "-outform", "DER")
text = ["# case, what it must do, plaintext, envelope; the first line is the recipient's private key, made for this file;"
        " by make_cms.py", "recipient-key key - " + private.hex(), *cases]
pathlib.Path(__file__).with_name("cms.txt").write_text("\n".join(text) + "\n")
