"""EQL tokens into a tree: nested tuples would do, dataclasses read better."""
from dataclasses import dataclass, field as member
from typing import Any

from .lexer import SyntaxErrorEql, tokens


@dataclass
class Literal:
    value: Any


@dataclass
class Field:
    path: list          # names and indexes
    optional: bool = False

    @property
    def name(self):
        return ".".join(p for p in self.path if isinstance(p, str))


@dataclass
class Not:
    value: Any


@dataclass
class And:
    values: list


@dataclass
class Or:
    values: list


@dataclass
class Compare:
    op: str
    left: Any
    right: Any


@dataclass
class Match:            # value : patterns, like, regex
    op: str
    caseless: bool
    value: Any
    patterns: list


@dataclass
class In:
    value: Any
    items: list
    caseless: bool


@dataclass
class Arithmetic:
    op: str
    left: Any
    right: Any


@dataclass
class Negate:
    value: Any


@dataclass
class Call:
    name: str           # lower case
    caseless: bool
    args: list


@dataclass
class Relation:
    kind: str           # descendant, child, event
    query: Any


@dataclass
class Event:
    category: Any       # None: any
    condition: Any


@dataclass
class Step:
    event: Event
    keys: list = member(default_factory=list)
    runs: int = 1
    missing: bool = False
    fork: bool = False
    alias: Any = None


@dataclass
class Pipe:
    name: str
    values: list


@dataclass
class Query:
    kind: str           # single, sequence, sample, join
    steps: list
    until: Any = None
    maxspan: Any = None  # nanoseconds
    pipes: list = member(default_factory=list)


_KEYWORDS = {"and", "or", "not", "in", "true", "false", "null", "where", "by", "with", "until", "of"}
_UNITS = {"ns": 1, "us": 10**3, "micros": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9,
          "d": 86400 * 10**9}


class Parser:
    def __init__(self, text, dialect):
        self.dialect = dialect
        self.tokens = tokens(text, dialect)
        self.at = 0

    # tokens
    def peek(self, ahead=0):
        return self.tokens[min(self.at + ahead, len(self.tokens) - 1)]

    def fail(self, wanted):
        kind, value, line = self.peek()
        raise SyntaxErrorEql(f"line {line}: {wanted} expected, not {value if value is not None else kind!r}")

    def take(self, kind, value=None):
        token = self.peek()
        if token[0] != kind or value is not None and token[1] != value:
            return None
        self.at += 1
        return token

    def need(self, kind, value=None):
        return self.take(kind, value) or self.fail(value or kind)

    def word(self, *words):
        return self.peek()[0] == "name" and self.peek()[1] in words

    # expressions, loosest first
    def expression(self):
        values = [self.conjunction()]
        while self.take("name", "or"):
            values.append(self.conjunction())
        return values[0] if len(values) == 1 else Or(values)

    def conjunction(self):
        values = [self.negation()]
        while self.take("name", "and"):
            values.append(self.negation())
        return values[0] if len(values) == 1 else And(values)

    def negation(self):
        if self.take("name", "not"):
            return Not(self.negation())
        return self.comparison()

    def comparison(self):
        left = self.sum()
        kind, word, _ = self.peek()
        if kind in ("==", "!=", "<", "<=", ">", ">=") or kind == "=" and self.dialect.single_equal:
            self.at += 1
            return Compare("==" if kind == "=" else kind, left, self.sum())
        if kind == ":":
            self.at += 1
            return Match(":", True, left, self.items())
        if kind == "name" and word in ("like", "regex"):
            self.at += 1
            return Match(word, bool(self.take("~")), left, self.items())
        inverted = kind == "name" and word == "not" and self.peek(1)[:2] == ("name", "in")
        if inverted:
            self.at += 1
        if self.take("name", "in"):
            caseless = bool(self.take("~"))
            self.need("(")
            found = In(left, self.list(")"), caseless)
            return Not(found) if inverted else found
        return left

    def items(self):
        """One value, or a list of them in parentheses."""
        if self.take("("):
            return self.list(")")
        return [self.sum()]

    def list(self, end):
        values = []
        while not self.take(end):
            values.append(self.expression())
            if not self.take(","):
                self.need(end)
                break
        return values

    def sum(self):
        left = self.product()
        while self.peek()[0] in ("+", "-"):
            op = self.peek()[0]
            self.at += 1
            left = Arithmetic(op, left, self.product())
        return left

    def product(self):
        left = self.signed()
        while self.peek()[0] in ("*", "/", "%"):
            op = self.peek()[0]
            self.at += 1
            left = Arithmetic(op, left, self.signed())
        return left

    def signed(self):
        if self.take("-"):
            value = self.signed()
            if isinstance(value, Literal) and isinstance(value.value, (int, float)):
                return Literal(-value.value)
            return Negate(value)
        if self.take("+"):
            return self.signed()
        value = self.atom()
        while (self.dialect.methods and self.peek()[0] == ":" and self.peek(1)[0] == "name"
               and self.peek(2)[0] == "("):
            self.at += 1
            call = self.call(self.need("name")[1])
            call.args.insert(0, value)
            value = call
        return value

    def atom(self):
        kind, value, _ = self.peek()
        if kind in ("string", "integer", "float"):
            self.at += 1
            return Literal(value)
        if self.take("("):
            inner = self.expression()
            self.need(")")
            return inner
        if kind == "name" and value in ("true", "false", "null"):
            self.at += 1
            return Literal({"true": True, "false": False, "null": None}[value])
        if kind == "name" and self.peek(1)[:2] == ("name", "of") and self.peek(2)[0] == "[":
            self.at += 3
            query = self.event()
            self.need("]")
            return Relation(value, query)
        if kind == "name" and (self.peek(1)[0] == "(" or self.peek(1)[0] == "~" and self.peek(2)[0] == "("):
            if value not in _KEYWORDS:
                self.at += 1
                return self.call(value)
        if kind == "?":
            self.at += 1
            return self.field(True)
        return self.field(False)

    def call(self, name):
        caseless = bool(self.take("~"))
        self.need("(")
        return Call(name.lower(), caseless, self.list(")"))

    def field(self, optional):
        path = [self.field_part()]
        while True:
            if self.peek()[0] == "." and self.peek(1)[0] in ("name", "field"):
                self.at += 1
                path.append(self.need(self.peek()[0])[1])
            elif self.peek()[0] == "[" and self.peek(1)[0] == "integer" and self.peek(2)[0] == "]":
                path.append(self.peek(1)[1])
                self.at += 3
            else:
                return Field(path, optional)

    def field_part(self):
        if self.peek()[0] == "field":
            return self.need("field")[1]
        if self.peek()[0] == "name" and self.peek()[1] not in _KEYWORDS:
            return self.need("name")[1]
        return self.fail("a value")

    # queries
    def event(self):
        if self.peek()[0] not in ("name", "field", "string"):
            self.fail("an event category")
        kind, category, _ = self.peek()
        self.at += 1
        self.need("name", "where")
        return Event(None if kind == "name" and category == "any" else category, self.expression())

    def keys(self):
        values = [self.expression()]
        while self.take(","):
            values.append(self.expression())
        return values

    def step(self, common, until=False):
        missing = bool(self.take("!["))
        if not missing:
            self.need("[")
        step = Step(self.event(), missing=missing)
        self.need("]")
        own = []
        while True:
            if self.take("name", "by"):
                own = self.keys()
            elif self.word("with") and self.peek(1)[1] == "runs":
                self.at += 2
                self.need("=")
                step.runs = self.need("integer")[1]
            elif self.take("name", "fork"):
                step.fork = not (self.take("=") or self.take("==")) or self.need("name")[1] == "true"
            elif self.take("name", "as"):
                step.alias = self.need("name")[1]
            else:
                break
        step.keys = common + own
        return step

    def maxspan(self):
        self.need("name", "with")
        self.need("name", "maxspan")
        self.take("=") or self.need("==")
        number = self.need("integer")[1]
        return number * _UNITS[self.need("name")[1]]

    def multi(self, kind):
        query, common = Query(kind, []), []
        while True:
            if self.take("name", "by"):
                common = self.keys()
            elif self.word("with"):
                query.maxspan = self.maxspan()
            else:
                break
        while self.peek()[0] in ("[", "!["):
            query.steps.append(self.step(common))
        if self.take("name", "until"):
            query.until = self.step(common, until=True)
        return query

    def query(self):
        kind, word, _ = self.peek()
        multi = kind == "name" and word in ("sequence", "sample", "join") and self.peek(1)[1] != "where"
        if multi:
            self.at += 1
            query = self.multi(word)
        else:
            query = Query("single", [Step(self.event())])
        while self.take("|"):
            query.pipes.append(self.pipe())
        if self.peek()[0] != "end":
            self.fail("the end")
        return query

    def pipe(self):
        pipe = Pipe(self.need("name")[1], [])
        while self.peek()[0] not in ("|", "end"):
            pipe.values.append(self.expression())
            self.take(",")
        return pipe


def parse(text, dialect):
    return Parser(text, dialect).query()


def parse_expression(text, dialect):
    parser = Parser(text, dialect)
    node = parser.expression()
    if parser.peek()[0] != "end":
        parser.fail("the end")
    return node
