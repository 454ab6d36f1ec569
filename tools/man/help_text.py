"""help_text: reads what a program of ensign's says after --help, in the forms that they have: a line with the name and what it
is for, how it is called, then paragraphs and indented blocks, some of them under a heading."""

import collections
import re

HEADINGS = {"Flags": "OPTIONS", "Commands": "COMMANDS", "Examples": "EXAMPLES", "First steps": "EXAMPLES", "Exit codes": "EXIT STATUS",
            "exit codes": "EXIT STATUS"}


class Help:
    """summary; usage: lines of a command line; sections: {title: [("text", paragraph) | ("entries", [(term, text)]) |
    ("lines", [line])]}, in the order of a manual page."""

    def __init__(self, text):
        lines = text.rstrip("\n").split("\n")
        self.summary = re.fullmatch(r"ensign[^:]*?(?:: | - )(.*)", lines[0]).group(1)
        self.usage, body = self._usage(lines[1:])
        self.sections = collections.OrderedDict()
        title, at = "DESCRIPTION", 0
        while at < len(body):
            heading = heading_of(body[at])
            if heading:
                title, body[at] = HEADINGS[heading.group(1)], body[at][heading.end():]
            if not body[at]:
                at += 1
                continue
            indented = body[at].startswith("  ")
            if not indented and not heading:
                title = "DESCRIPTION"
            end = at + 1
            while end < len(body) and body[end] and not heading_of(body[end]) and (body[end].startswith("  ") == indented or title == "EXIT STATUS"):
                end += 1
            kind, content = self._block(body[at:end], indented)
            place = "OPTIONS" if kind == "entries" and title == "DESCRIPTION" and content[0][0].startswith("-") else title
            self.sections.setdefault(place, []).append((kind, content))
            at = end

    @staticmethod
    def _usage(lines):
        while lines and not lines[0]:
            lines = lines[1:]
        end = lines.index("")
        return [re.sub(r"^(usage:)?\s*", "", line) for line in lines[:end]], lines[end + 1:]

    @staticmethod
    def _block(lines, indented):
        if not indented:
            return "text", " ".join(line.strip() for line in lines)
        column = _column(lines)
        if column is None:
            return "lines", [line[2:] if line.startswith("  ") else line for line in lines]
        entries = []
        for line in lines:
            term, text = line[:column].strip(), line[column:].strip()
            if not line.startswith(" " * 3) and len(line) > column and line[column - 1] != " ":
                term, text = line.strip(), ""  # a term too long for its column: its text begins on the next line
            if term and not line.startswith(" " * column):
                entries.append((term, [text]))
            else:
                entries[-1][1].append(text)
        return "entries", [(term, " ".join(filter(None, texts))) for term, texts in entries]


def heading_of(line):
    return re.match(r"(%s):\s*" % "|".join(HEADINGS), line)


def _column(lines):
    """Where the texts beside the terms begin; None when these lines are not terms with texts."""
    gaps = collections.Counter(gap.end() for line in lines for gap in [re.match(r"  \S+(?: \S+)* {2,}(?=\S)", line)] if gap)
    continued = collections.Counter(len(line) - len(line.lstrip()) for line in lines if line.startswith("     "))
    if not gaps:
        return None
    column = (gaps + continued).most_common(1)[0][0]
    return column if gaps[column] * 2 >= sum(1 for line in lines if not line.startswith(" " * column)) else None
