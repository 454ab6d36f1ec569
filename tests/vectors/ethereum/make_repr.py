"""Writes repr.jsonl with Python itself: one {"value", "repr", "str"} a line.

    python3 make_repr.py > repr.jsonl
"""
import json

VALUES = [
    None, True, False, 0, -1, 10**77, 1.5, "", "a", "it's", '"', "it's \"x\"", "\\", "\n\r\t", "\x00\x1f\x7f", "/",
    [], {}, [1, "a", None], {"a": 1, "b": [True, {}]}, [[[[]]]], {"k'": "v"}, ["a, b: c", "{[]}"], {"": ""},
    "x" * 200, list(range(60)),
]
for value in VALUES:
    print(json.dumps({"value": value, "repr": repr(value), "str": str(value)}))
