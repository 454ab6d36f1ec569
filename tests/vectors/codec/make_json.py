"""Writes json.txt with Python's json module (3.7 to 3.12: 3.13 words some faults anew).

    python3 make_json.py > json.txt

Texts of every class of fault of RFC 8259, and one-byte mutations of good texts; what Python makes of them, and whether
we refuse what Python takes (duplicate keys, NaN, lone surrogates, depth, too many members).
"""
import json
import random
import re

DEPTH_MAX, MEMBERS_MAX = 32, 256
UNPAIRED = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u)")


class Raw(str):
    """A number, as written."""


class Ours(Exception):
    """Python takes it, we refuse it."""


def constant(name):
    raise Ours("NaN and Infinity are not JSON")


def members(pairs):
    if len({key for key, _ in pairs}) != len(pairs):
        raise Ours("Duplicate key")
    if len(pairs) > MEMBERS_MAX:
        raise Ours("More than 256 members in one object")
    return dict(pairs)


def written(value, depth=0):
    if isinstance(value, (dict, list)) and depth == DEPTH_MAX:
        raise Ours("Nested deeper than 32 levels")
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, str):
        if any(0xD800 <= ord(c) < 0xE000 for c in value):
            raise Ours("Unpaired surrogate")
        return json.dumps(value)
    if isinstance(value, dict):
        return "{" + ",".join(written(k) + ":" + written(v, depth + 1) for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(written(v, depth + 1) for v in value) + "]"
    return json.dumps(value)


def verdict(text):
    try:
        value = json.loads(text.decode("utf-8"), parse_int=Raw, parse_float=Raw, parse_constant=constant,
                           object_pairs_hook=members)
        return "same", written(value).encode().hex()
    except Ours as refusal:
        return "ours", str(refusal).replace(" ", "_")
    except ValueError as fault:
        return "fault", str(fault).replace(" ", "_")


LITERAL = [
    # structure
    "", " ", "\n", "{", "[", "}", "]", ",", ":", '"', "{}", "[]", "{ }", "[ ]", "[1", "[1,", "[1,]", "[,1]", "[1,,2]",
    "[1 2]", "[1:2]", '{"a"', '{"a":', '{"a":1', '{"a":1,', '{"a":1,}', '{,}', '{"a" 1}', '{"a":1 "b":2}', '{"a":}',
    "{1:2}", "{a:1}", "{'a':1}", '{"a":1]', "[1}", "[]]", "{}}", "[] []", "1 2", "[1]x", '{"a":1}//', "[/**/1]",
    '{"a":1;"b":2}', '{"a"::1}', '{"a":1,,"b":2}', "[[[[]]]", "[\f1]", "[\v1]", "[\u00a01]", "\u20281", "\ufeff1",
    "\ufeff", "[\ufeff1]", "\0", "[1]\0", "1\0", "[\n1,\n\n 2\n x]", '{\r\n"a":\r\n}', '{"é": x}', '["é😀", x]',
    # literals
    "true", "false", "null", "True", "TRUE", "nul", "nulll", "t", "[true,false,null]", "truefalse", "undefined", "NaN",
    "[NaN]", "-NaN", "Infinity", "-Infinity", "+Infinity", "nan", "Inf", "-Inf", '{"a":-Infinity}',
    # numbers
    "0", "-0", "1", "-1", "10", "01", "-01", "00", "+1", "-", "--1", "- 1", "1.0", "1.", ".1", "-.1", "1.e1", "1.2.3",
    "1e1", "1E1", "1e+1", "1e-1", "1e", "1e+", "1E-", "1e1.0", "1ee1", "1e1e1", "1d1", "1D1", "1.0.0", "1e1.", "0e0", "0x1", "0x", "1_0", "1,0", "0.0", "-0.0",
    "1 ", " 1", "1a", "1-1", "12345678901234567890123456789012345678901234567890", "1e400", "-1e-400", "１", "٣",
    # strings
    '""', '"a"', '"\u007f"', '"\u0080"', '"\U0010ffff"', '"\\"', '"\\', '"a', '"a\\"', '"\\"', '"\\\\"', '"\\""',
    '"\\/\\b\\f\\n\\r\\t"', '"\\a"', '"\\0"', '"\\x41"', '"\\\'"', '"\\ "', '"\\é"', '"\\U0041"', '"\\u"', '"\\u1"',
    '"\\u12"', '"\\u123"', '"\\u1234"', '"\\u1234', '"\\u123', '"\\u12g4"', '"\\u 123"', '"\\u+123"', '"\\u００００"',
    '"\\u00e9\\u00E9"', '"\\u0000"', '"\\ud83d\\ude00"', '"\\uD83D\\uDE00"', '"\\ud83d"', '"\\ude00"',
    '"\\ude00\\ud83d"', '"\\ud83d\\ud83d"', '"\\ud83dx"', '"\\ud83d\\n"', '"\\ud83d\\u0041"', '"\\ud83d\\ude0"',
    '"\\ud83d\\ude0g"', '"\\ud83d\\', '"\\ud83d\\u', '"a\nb"', '"a\tb"', '"a\0b"', '"\x1f"', '"a\r', '"tab\t', "'a'",
    '"\\ud800\\udc00"', '"\\ud800\\udfff"', '"\\udbff\\udc00"', '"\\udbff\\udfff"', '"\\ud7ff\\ue000"', '"\\ud800\\udbff"',
    '"\\ud800\\ue000"', '"\\udbff"', '"\\udc00"', '"\\udfff"', '"\\udc00\\udc00"', '"\\uffff\\u0080\\u07ff\\u0800\\u007f"',
    '"\U00010000"', '"\uffff\u07ff\u0800\ud7ff\ue000~"',
    "a", '["a""b"]', '["a" "b"]', '"a"b', '"\u2028\u2029"',
    # keys
    '{"a":1,"a":1}', '{"a":1,"b":2,"a":3}', '{"a":{"a":1}}', '{"a":1,"\\u0061":2}', '{"":1,"":2}', '{"é":1,"\\u00e9":2}',
    '{"a\\/b":1,"a/b":2}', '[{"a":1},{"a":2}]', '{"a":1,"A":2}', '{"😀":1,"\\ud83d\\ude00":2}', '{"a":1,"a ":2}',
    '{"\\n":1,"\\u000a":2}', '{"a":{"b":1,"b":2}}', '{"a\\u0000":1,"a":2}',
]

BYTES = [  # not UTF-8, in each of the ways
    b"\xff", b'"\x80"', b'"\xbf"', b'"\xc0\x80"', b'"\xc1\xbf"', b'"\xc3"', b'"\xc3', b'"\xc3\x28"', b'"\xe0\x80\x80"',
    b'"\xe0\x9f\xbf"', b'"\xe0\xa0"', b'"\xe0\xa0', b'"\xe0', b'"\xe2\x82"', b'"\xe2\x82', b'"\xe2\x28\xa1"',
    b'"\xe2\x82\x28"', b'"\xed\xa0\x80"', b'"\xed\xbf\xbf"', b'"\xed\x9f\xbf"', b'"\xf0\x80\x80\x80"',
    b'"\xf0\x8f\xbf\xbf"', b'"\xf0\x90\x80\x80"', b'"\xf0\x9f\x98"', b'"\xf0\x9f\x98', b'"\xf0\x9f', b'"\xf0',
    b'"\xf0\x28\x8c\xbc"', b'"\xf0\x9f\x28\xbc"', b'"\xf0\x9f\x98\x28"', b'"\xf4\x8f\xbf\xbf"', b'"\xf4\x90\x80\x80"',
    b'"\xf5\x80\x80\x80"', b'"\xf8\x88\x80\x80\x80"', b'"\xfe"', b'"aaaaaaaaaaaaaaaa\xff"', b'[1,\xc3\xa9]', b'{}\xff',
    b'\xff\xfe{\x00}\x00', b'{\x00}\x00',
]

GOOD = [
    '{"method":"sign","params":{"tx":{"value":20000000000000000000,"to":"0xAb"}}}',
    '[1,-2.5e+10,"a\\u00e9\\n",true,false,null,{}]',
    '{"é":"😀\\ud83d\\ude00", "b" : [ [ ] , { "c" : 0.1 } ] }',
    ' {"a": 1,\n "b": [2,\r\n\t3]} ',
    '["\\"\\\\\\/\\b\\f\\n\\r\\t"]',
]


def mutations(rng, count):
    alphabet = b'{}[]:,"\\ 0129aetfnul.-+\n\t\x01\x7f\x80\xc3\xf0\xff'
    for _ in range(count):
        text = bytearray(rng.choice(GOOD).encode())
        at = rng.randrange(len(text))
        way = rng.randrange(4)
        if way == 0:
            del text[at]
        elif way == 1:
            text[at] = rng.choice(alphabet)
        elif way == 2:
            text.insert(at, rng.choice(alphabet))
        else:
            del text[at:]
        yield bytes(text)


def main():
    texts = [text.encode() for text in LITERAL] + BYTES + [text.encode() for text in GOOD]
    for length in range(18):  # what a reader of eight bytes at a time might step over
        plain = "a" * length
        texts += ['"%s"' % plain, '"%s\\n%s"' % (plain, plain), '"%s\x01"' % plain, '"%s' % plain, '["%s",x]' % plain]
        texts += ['{"%s":1,"%s":2}' % (plain, plain), '"%s\u00e9"' % plain]
        texts.append(b'"%s\xff"' % plain.encode())
    texts += ['{"%s":1,"%s":2}' % ("k" * length, "k" * length) for length in (64, 65)]
    texts += ["[" * depth + "]" * depth for depth in (1, 31, 32, 33)]
    texts += ['{"a":' * depth + "1" + "}" * depth for depth in (32, 33)]
    texts += ["{" + ",".join('"%d":0' % i for i in range(count)) + "}" for count in (256, 257)]
    texts = [text.encode() if isinstance(text, str) else text for text in texts]
    texts += mutations(random.Random(8259), 700)
    print("# verdict, text, result; by make_json.py")
    print("#   same: we accept it too, and written compactly it is the result")
    print("#   fault: both refuse it, in these words ('_' for a space)")
    print("#   ours: Python takes it; we refuse it in words that begin so")
    for text in dict.fromkeys(texts):
        name, result = verdict(text)
        if name == "fault" and "utf-8" not in result and UNPAIRED.search(text):
            continue  # two faults: we meet ours first
        print(name, text.hex() or "-", result)


main()
