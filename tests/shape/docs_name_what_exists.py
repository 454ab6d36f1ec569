#!/usr/bin/env python3
"""docs_name_what_exists ROOT: every link of the documents leads to a file, and to a heading where it names one; every `make`
word that they name is in the Makefile; every test that docs/assurance.md names is among meson's."""

import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
FENCE = re.compile(r"^```.*?^```$", re.M | re.S)
WORDS_OF_FUZZERS = {"cms", "gateway", "policy", "signer", "verify"}
PLAIN = {"code", "make", "unverified"}


def anchors(page):
    """GitHub's: lower case, spaces to dashes, everything else but letters, digits, dashes and underscores gone."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", page.read_text())):
            if "://" in target:
                continue
            name, _, anchor = target.partition("#")
            goal = (page.parent / name).resolve() if name else page
            if not goal.exists():
                yield f"{page.name}: {target}: there is no such file"
            elif anchor and anchor not in anchors(goal):
                yield f"{page.name}: {target}: there is no such heading"


def make_words():
    words = set(re.findall(r"^([a-z][a-z0-9-]*):", (ROOT / "Makefile").read_text(), re.M))
    for page in PAGES:
        for word in set(re.findall(r"`make ([a-z][a-z0-9-]*)|^make ([a-z][a-z0-9-]*)", page.read_text(), re.M)):
            if (word[0] or word[1]) not in words:
                yield f"{page.name}: make {word[0] or word[1]}: the Makefile has no such word"


def tests():
    build_files = " ".join(path.read_text() for path in (ROOT / "tests").rglob("meson.build"))
    table = (ROOT / "docs/assurance.md").read_text().split("## By promise")[1].split("\n## ")[0]
    for name in set(re.findall(r"`([a-z][a-z0-9_]*)`", table)) - PLAIN:
        if not re.search(rf"\b{name}\b", build_files) and name not in WORDS_OF_FUZZERS:
            yield f"assurance.md: {name}: there is no such test"


wrong = [*links(), *make_words(), *tests()]
print("\n".join(wrong) or f"{len(PAGES)} documents")
sys.exit(bool(wrong))
