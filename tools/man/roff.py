"""roff: manual pages in the man(7) macros, from texts and from the Markdown that docs/ is written in."""

import re


def escape(text):
    """Every - is the character of command lines, whatever stands beside it: pages are there to be copied from."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "".join(c if ord(c) < 128 else f"\\[u{ord(c):04X}]" for c in text)


def line(text):
    """A line of text that is none of control."""
    return "\\&" + text if text[:1] in (".", "'") else text


def inline(text):
    """Markdown within a paragraph. A link within docs/ becomes its words; one to the web keeps its address."""
    out = []
    for part in re.split(r"(`[^`]*`|\*\*.+?\*\*|\[[^]]*\]\([^)]*\))", text):
        link = re.fullmatch(r"\[([^]]*)\]\(([^)]*)\)", part)
        if re.fullmatch(r"`[^`]*`", part):
            out.append(f"\\fB{escape(part[1:-1])}\\fR")
        elif re.fullmatch(r"\*\*.+\*\*", part):
            out.append(f"\\fB{escape(part[2:-2].replace('`', ''))}\\fR")
        elif link and link.group(2).startswith("http"):
            out.append(escape(f"{link.group(1)} ({link.group(2)})"))
        elif link:
            out.append(escape(link.group(1).replace("`", "")))
        else:
            out.append(escape(part.replace("\\|", "|")))
    return "".join(out)


class Page:
    """One manual page, written from top to bottom."""

    def __init__(self, name, section, version, summary):
        self.name, self.section = name, section
        self.out = [f'.TH "{name.upper()}" {section} "" "ensign {version}" "ensign"', ".nr HY 0", ".ad l",
                    ".SH NAME", f"{escape(name)} \\- {escape(summary)}"]

    def text(self):
        return "\n".join(self.out) + "\n"

    def heading(self, title, level=1):
        self.out.append(f".{'SH' if level == 1 else 'SS'} {escape(title)}")

    def _apart(self):
        if not self.out[-1].startswith((".SH", ".SS")):
            self.out.append(".PP")

    def paragraph(self, text):
        self._apart()
        self.out.append(line(text))

    def lines(self, lines, indent=4):
        """Kept as they are."""
        self._apart()
        self.out += [f".RS {indent}", ".EX", *(line(escape(text)) for text in lines), ".EE", ".RE"]

    def entry(self, term, *texts):
        self.out += [".TP", line(f"\\fB{term}\\fR"), line(texts[0] or "\\&")]
        for text in texts[1:]:
            self.out += [".br", line(text)]

    def item(self, mark, text):
        self.out += [f'.IP "{mark}" 3', line(text)]

    def markdown(self, text):
        """Headings, all as subsections, paragraphs, lists, tables (a row an entry, named by its first cell), code."""
        for block in blocks(text):
            first = block[0]
            if first.startswith("#"):
                self.heading(first.lstrip("# ").replace("`", ""), 2)
            elif first.startswith("```"):
                self.lines(block[1:-1])
            elif first.startswith("|"):
                self._table([[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in block])
            elif re.match(r"(\*|-|\d+\.) ", first):
                for item in re.split(r"\n(?=(?:\*|-|\d+\.) )", "\n".join(block)):
                    mark, words = re.match(r"(\*|-|\d+\.) (.*)", item, re.S).groups()
                    self.item("\\(bu" if mark in "*-" else mark, inline(" ".join(words.split())))
            else:
                self.paragraph(inline(" ".join(re.sub(r"^> ?", "", row) for row in block)))

    def _table(self, rows):
        head, body = rows[0], rows[2:]
        if len(head) == 2:
            for term, text in body:
                self.entry(inline(term).replace("\\fB", "").replace("\\fR", ""), inline(text))
            return
        for term, *cells in body:
            texts = [f"{escape(title)}: {inline(cell)}" if title else inline(cell) for title, cell in zip(head[1:], cells) if cell]
            self.entry(inline(term).replace("\\fB", "").replace("\\fR", ""), *(texts or [""]))


def blocks(text):
    """Runs of lines between blank ones, code whole; a heading is a block of its own."""
    block, in_code = [], False
    for row in text.split("\n"):
        if row.startswith("```"):
            in_code = not in_code
        if not in_code and (row.strip() == "" or row.startswith("#")):
            if block:
                yield block
            block = []
            if row.startswith("#"):
                yield [row]
        elif row.startswith("```") and in_code and block:
            yield block
            block = [row]
        else:
            block.append(row)
    if block:
        yield block


def section(text, title):
    """The lines below the heading of that title, down to the next of its level or above; KeyError when it is not there."""
    found = re.search(rf"^(#+) {re.escape(title)}$\n(.*?)(?=^#{{1,6}} |\Z)", text, re.M | re.S)
    if not found:
        raise KeyError(title)
    level = len(found.group(1))
    return re.match(rf"(.*?)(?=^#{{1,{level}}} |\Z)", text[found.start(2):], re.M | re.S).group(1)
