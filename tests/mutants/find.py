"""Finds the places of a C source that can be mutated, with libclang, so that what is changed is an expression and not a
piece of text.

    edge       a < b      becomes  a <= b         an off-by-one
    turned     a < b      becomes  a >= b         and == becomes !=
    joined     a && b     becomes  a || b         and the other way round
    negation   !a         becomes  a
    arithmetic a + b      becomes  a - b          and the other way round
    constant   7          becomes  8, or 6
    dropped    a of `a && b`, of `a || refuse(...)`, of `if (a) return false` counts for nothing: a is evaluated, and the
               check passes
    chosen     a of `a ? b : c` always holds, or never does
    omitted    f(...);    as a statement is not called

Not mutated, and counted: what stands inside a macro's expansion (an assertion with must() can only fail for a bug of
ours), and calls that wipe or free, whose traces `make ctime` and the search of memory look for."""

import collections
import pathlib
import re

import clang.cindex
from clang.cindex import CursorKind as Kind

EDGE = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
TURNED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
JOINED = {"&&": "||", "||": "&&"}
ARITHMETIC = {"+": "-", "-": "+"}
OPERATORS = {*EDGE, *TURNED, *JOINED, *ARITHMETIC}
REFUSES = re.compile(r"(fault_\w+|refuse\w*|malformed|broken|\w*_refuse\w*|unexpected\w*|bad_\w+)$")
CLEANS = re.compile(r"(wipe\w*|explicit_bzero|\w+_free|ERR_clear_error|must_fail)$")
COMMENT = re.compile(rb"/\*.*?\*/", re.S)

# kind: as above; start, end: of the expression in the file, in bytes; text: what takes its place ("value"), or how it is
# wrapped ("false", "true": evaluated, and the outcome is this; "skip": not evaluated)
Mutant = collections.namedtuple("Mutant", "zone file function line start end kind how text source change ordinal")


def identity(mutant):
    """What stays the same when lines move."""
    return (mutant.file, mutant.function, mutant.source, mutant.change, mutant.ordinal)


def one_line(text):
    return " ".join(COMMENT.sub(b" ", text).decode().split())


class Source:
    def __init__(self, root, path, zone):
        self.path, self.zone = path, zone
        self.text = (root / "src" / path).read_bytes()
        self.in_macro = self.cleaning = 0
        self.found = {}
        include = next(pathlib.Path("/usr/lib/llvm-14/lib/clang").glob("*/include"))
        unit = clang.cindex.Index.create().parse(
            str(root / "src" / path), ["-std=c11", "-D_GNU_SOURCE", f"-I{root}/src", f"-isystem{include}"],
            options=clang.cindex.TranslationUnit.PARSE_DETAILED_PROCESSING_RECORD)
        wrong = [str(d) for d in unit.diagnostics if d.severity >= clang.cindex.Diagnostic.Error]
        if wrong:
            raise SystemExit("mutants: " + wrong[0])
        here = [c for c in unit.cursor.get_children() if c.location.file and c.location.file.name == unit.spelling]
        self.macros = [self.span(c) for c in here if c.kind == Kind.MACRO_INSTANTIATION]
        for function in here:
            if function.kind == Kind.FUNCTION_DECL and function.is_definition():
                self.function = function.spelling
                body = list(function.get_children())[-1]
                self.walk(body, function)
        self.mutants = self.numbered()

    def span(self, cursor):
        return cursor.extent.start.offset, cursor.extent.end.offset

    def source(self, span):
        return self.text[span[0]:span[1]]

    def cut_by_macro(self, span):
        """Whether the span is all of a macro's expansion, or a part of one."""
        return any(start < span[1] and span[0] < end and not (span[0] <= start and end <= span[1] and span != (start, end))
                   for start, end in self.macros)

    def add(self, span, kind, how, text, source, change):
        if self.cut_by_macro(span):
            self.in_macro += 1
            return
        line = self.text.count(b"\n", 0, span[0]) + 1
        mutant = Mutant(self.zone, self.path, self.function, line, *span, kind, how, text, source, change, 0)
        self.found.setdefault((span, change), mutant)

    def replaced(self, span, kind, text, change=None):
        self.add(span, kind, "value", text, one_line(self.source(span)), change or "becomes " + one_line(text))

    def dropped(self, cursor, outcome):
        span = self.span(cursor)
        self.add(span, "dropped", outcome, b"", one_line(self.source(span)),
                 "is taken to hold" if outcome == "true" else "is taken not to hold")

    def numbered(self):
        """In the file's order; equal ones within a function are told apart by an ordinal."""
        seen, mutants = collections.Counter(), []
        for mutant in sorted(self.found.values(), key=lambda m: (m.start, -m.end, m.change)):
            seen[identity(mutant)] += 1
            mutants.append(mutant._replace(ordinal=seen[identity(mutant)]))
        return mutants

    def walk(self, cursor, parent):
        if self.is_constant_ground(cursor):
            return
        if cursor.kind == Kind.UNEXPOSED_EXPR and parent.kind == Kind.INIT_LIST_EXPR:  # a conversion
            cursor = self.bare(cursor)
        children = list(cursor.get_children())
        if cursor.kind == Kind.BINARY_OPERATOR and len(children) == 2:
            self.binary(cursor, *children)
        elif cursor.kind == Kind.UNARY_OPERATOR and self.source(self.span(cursor)).startswith(b"!"):
            self.replaced(self.span(cursor), "negation", self.source(self.span(children[0])))
        elif cursor.kind == Kind.INTEGER_LITERAL and parent.kind != Kind.INIT_LIST_EXPR:
            self.constant(cursor)
        elif cursor.kind == Kind.IF_STMT:
            self.condition(children[0], children[1])
        elif cursor.kind == Kind.CONDITIONAL_OPERATOR:
            for outcome in ("true", "false"):
                self.add(self.span(children[0]), "chosen", outcome, b"", one_line(self.source(self.span(children[0]))),
                         f"chooses as if {outcome}")
        self.statements(cursor, children)
        for child in children:
            if cursor.kind == Kind.CASE_STMT and child == children[0]:
                continue
            if cursor.kind == Kind.VAR_DECL and b"=" not in self.text[cursor.location.offset:child.extent.start.offset]:
                continue  # an array's length
            self.walk(child, cursor)

    def is_constant_ground(self, cursor):
        return (cursor.kind in (Kind.CXX_UNARY_EXPR, Kind.ENUM_DECL, Kind.STRUCT_DECL) or cursor.kind.is_attribute()
                or cursor.kind == Kind.VAR_DECL and cursor.storage_class == clang.cindex.StorageClass.STATIC)

    def operator(self, left, right):
        between = self.text[left.extent.end.offset:right.extent.start.offset]
        return COMMENT.sub(b" ", between).decode().strip()

    def binary(self, cursor, left, right):
        operator, span = self.operator(left, right), self.span(cursor)
        if operator not in OPERATORS:
            return
        gap = (left.extent.end.offset, right.extent.start.offset)
        if any(start < gap[1] and gap[0] < end for start, end in self.macros):
            self.in_macro += 1
            return
        for kind, table in (("edge", EDGE), ("turned", TURNED), ("joined", JOINED), ("arithmetic", ARITHMETIC)):
            if operator in table:
                other = table[operator].encode()
                self.replaced(span, kind, b"(" + self.source(self.span(left)) + b") " + other + b" (" +
                              self.source(self.span(right)) + b")", f"{operator} becomes {table[operator]}")
        if operator == "&&":
            for side in (left, right):
                if not self.is_joined(side, "&&"):
                    self.dropped(side, "true")
        if operator == "||":
            refusing = self.refuses(right)
            if not self.is_joined(left, "||") and not (refusing and self.is_joined(left, "&&")):
                self.dropped(left, "true" if refusing else "false")
            if not refusing:
                self.dropped(right, "false")

    def bare(self, cursor):
        """Without parentheses and conversions."""
        while cursor.kind in (Kind.PAREN_EXPR, Kind.UNEXPOSED_EXPR):
            inner = list(cursor.get_children())
            if len(inner) != 1:
                break
            cursor = inner[0]
        return cursor

    def is_joined(self, cursor, operator):
        cursor = self.bare(cursor)
        children = list(cursor.get_children())
        return cursor.kind == Kind.BINARY_OPERATOR and len(children) == 2 and self.operator(*children) == operator

    def refuses(self, cursor):
        cursor = self.bare(cursor)
        return cursor.kind == Kind.CALL_EXPR and REFUSES.match(cursor.spelling) is not None

    def condition(self, condition, then):
        """`if (check) leave`: the check is dropped whole, unless it is a chain, whose links are dropped one by one."""
        last = then
        while last.kind == Kind.COMPOUND_STMT and list(last.get_children()):
            last = list(last.get_children())[-1]
        leaves = last.kind in (Kind.RETURN_STMT, Kind.BREAK_STMT, Kind.CONTINUE_STMT) or last.kind == Kind.CALL_EXPR
        if leaves and not self.is_joined(condition, "||"):
            self.dropped(condition, "false")

    def constant(self, cursor):
        span = self.span(cursor)
        source = self.source(span)
        try:
            value = int(source.decode().rstrip("uUlL"), 0)
        except ValueError:  # part of a macro
            self.in_macro += 1
            return
        for other in (value + 1, value - 1):
            if other >= 0:
                self.add(span, "constant", "value", str(other).encode(), self.around(span), f"{value} becomes {other}")

    def around(self, span):
        """A literal alone says little: the line that it stands in."""
        start = self.text.rfind(b"\n", 0, span[0]) + 1
        return one_line(self.text[start:self.text.find(b"\n", span[1])])

    def statements(self, cursor, children):
        """Calls that stand as statements."""
        if cursor.kind == Kind.COMPOUND_STMT:
            bodies = children
        elif cursor.kind == Kind.IF_STMT:
            bodies = children[1:]
        elif cursor.kind in (Kind.FOR_STMT, Kind.WHILE_STMT):
            bodies = children[-1:]
        elif cursor.kind in (Kind.CASE_STMT, Kind.DEFAULT_STMT):
            bodies = children[-1:]
        else:
            return
        for body in bodies:
            if body.kind == Kind.CALL_EXPR:
                if CLEANS.match(body.spelling):
                    self.cleaning += 1
                    continue
                span = self.span(body)
                self.add(span, "omitted", "skip", b"", one_line(self.source(span)), "is not called")


def find(root, zones):
    """Every mutant, numbered from 1, and how many places were left out: (mutants, in macros, cleaning)."""
    sources = [Source(root, path, zone) for zone, paths in zones.items() for path in paths]
    mutants = [mutant for source in sources for mutant in source.mutants]
    return mutants, sum(s.in_macro for s in sources), sum(s.cleaning for s in sources)
