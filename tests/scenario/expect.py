"""What a scenario script says and how it ends: one line a claim, exit 1 when any was wrong, 77 when it cannot run here."""

import sys

_wrong = []


def claim(sentence, truth, found=""):
    print(("ok    " if truth else "WRONG ") + sentence + (f"  [{found}]" if found or not truth else ""), flush=True)
    if not truth:
        _wrong.append(sentence)
    return truth


def refusal(sentence, refused, code, *fragments):
    """A refusal with its code on the wire and every fragment in its message."""
    missing = [f for f in fragments if f.lower() not in refused.message.lower()]
    return claim(sentence, refused.code == code and not missing, f"{refused.code}: {refused.message}")


def skip(sentence):
    print(f"skipped: {sentence}")
    sys.exit(77)


def done():
    if _wrong:
        print(f"{len(_wrong)} wrong: " + "; ".join(_wrong))
    sys.exit(bool(_wrong))
