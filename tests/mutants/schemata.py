"""Writes a source that holds all of its mutants and, with none switched on, is the original.

A place with mutants 7 and 8 that are other expressions, and 9 that drops the check, becomes

    ((MUTANT(7) ? (a <= b) : MUTANT(8) ? (a >= b) : (a < b)) && !MUTANT(9))

Only one mutant is ever on, so what a mutant puts in place holds the original's text, and nesting adds up instead of
multiplying."""

import collections


def wrapped(numbered, text):
    """The text of one place, with its mutants around it."""
    for number, mutant in numbered:
        if mutant.how == "skip":
            text = b"(MUTANT(%d) ? (void)0 : (void)(%s))" % (number, text)
    values = [(number, mutant.text) for number, mutant in numbered if mutant.how == "value"]
    if values:
        text = b"(" + b"".join(b"MUTANT(%d) ? (%s) : " % value for value in values) + b"(" + text + b"))"
    for number, mutant in numbered:
        if mutant.how == "false":
            text = b"((%s) && !MUTANT(%d))" % (text, number)
        elif mutant.how == "true":
            text = b"((%s) || MUTANT(%d))" % (text, number)
    return text


def rewritten(source, numbered):
    """source: a file's bytes; numbered: (number, mutant) of this file."""
    places = collections.defaultdict(list)
    for number, mutant in numbered:
        places[mutant.start, mutant.end].append((number, mutant))
    spans = sorted(places, key=lambda span: (span[0], -span[1]))  # outer before inner

    def render(start, end, inner):
        """source[start:end], in which `inner` are the places, outer ones first."""
        out, at = [], start
        while inner:
            place = inner[0]
            within = [span for span in inner[1:] if span[0] < place[1]]
            inner = inner[1 + len(within):]
            out += [source[at:place[0]], wrapped(places[place], render(*place, within))]
            at = place[1]
        return b"".join(out) + source[at:end]

    return render(0, len(source), spans)
