"""Functions: each takes (context, arguments) with evaluated arguments; see CALLS at the end."""
import ipaddress
import itertools
import math
import re

from .values import elements, fold, is_number, is_null, text_of, wildcard


class Context:
    """What a function may ask: is its text caseless, and the dialect."""

    def __init__(self, caseless, dialect):
        self.caseless, self.dialect = caseless, dialect

    def fold(self, value):
        return fold(value) if self.caseless and isinstance(value, str) else value


def _numbers(*values):
    return all(is_number(v) for v in values)


def arithmetic(op, a, b, dialect):
    if not _numbers(a, b):
        return None
    if op in "+-*":
        return {"+": a + b, "-": a - b, "*": a * b}[op]
    if b == 0:
        return None
    whole = isinstance(a, int) and isinstance(b, int)
    if dialect.floor_division:
        return (a // b if whole else a / b) if op == "/" else a % b
    if op == "/":
        return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1) if whole else a / b
    return a - b * (abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)) if whole else math.fmod(a, b)


def _arithmetic(op):
    return lambda c, a, b: arithmetic(op, a, b, c.dialect)


def textual(function):
    """Numbers and booleans among the leading arguments are taken by their text; null gives null."""
    def asked(c, *arguments):
        texts = [text_of(a) for a in arguments[:function.texts]]
        return None if None in texts else function(c, *texts, *arguments[function.texts:])
    return asked


def takes(texts):
    def mark(function):
        function.texts = texts
        return textual(function)
    return mark


@takes(texts=3)
def between(c, source, left, right, greedy=False):
    text = c.fold(source)
    start = text.find(c.fold(left))
    if start < 0:
        return None
    start += len(left)
    end = text.rfind(c.fold(right), start) if greedy else text.find(c.fold(right), start)
    return None if end < 0 else source[start:end]


def cidr_match(c, source, *networks):
    try:
        address = ipaddress.ip_address(text_of(source) or "")
    except ValueError:
        return False
    for network in networks:
        net = ipaddress.ip_network(network.strip(), strict=False)
        if address.version == net.version and address in net:
            return True
    return False


def concat(c, *values):
    texts = [text_of(v) for v in values]
    return None if None in texts else "".join(texts)


@takes(texts=2)
def ends_with(c, source, end):
    return c.fold(source).endswith(c.fold(end))


@takes(texts=2)
def starts_with(c, source, start):
    return c.fold(source).startswith(c.fold(start))


def string_contains(c, source, part):
    source, part = text_of(source), text_of(part)
    if source is None or part is None:
        return False if c.dialect.three_valued else None
    return (part != "" or c.dialect.three_valued) and c.fold(part) in c.fold(source)


@takes(texts=2)
def index_of(c, source, part, start=None):
    start = start or 0
    found = c.fold(source).find(c.fold(part), max(start, 0))
    return None if found < 0 or start > len(source) else found


def length(c, value):
    if isinstance(value, str):
        return len(value)
    return None if is_null(value) or not isinstance(value, list) else len(value)


@takes(texts=1)
def match(c, source, *patterns):
    flags = re.S | (re.I if c.caseless else 0)
    return any(re.match(p, source, flags) for p in patterns)


def number(c, source, base=None):
    if is_number(source):
        return source
    if not isinstance(source, str):
        return None
    if re.fullmatch(r"[+-]?\d*\.\d*", source) and re.search(r"\d", source) and base in (None, 10):
        return float(source)
    if source.startswith("0x") and base in (None, 16):
        digits, base = source[2:], 16
    else:
        digits, base = source, base or 10
    try:
        return int(digits, base) if re.fullmatch(r"[+-]?[0-9A-Za-z]+", digits) else None
    except ValueError:
        return None


def string(c, value):
    return text_of(value)


@takes(texts=1)
def substring(c, source, start=None, end=None):
    return source[start:end]


@takes(texts=1)
def wildcard_call(c, source, *patterns):
    return any(wildcard(source, p, c.caseless, c.dialect.question_mark) for p in patterns)


def array_contains(c, array, *values):
    if is_null(array):
        return None
    wanted = [c.fold(v) for v in values]
    return any(c.fold(e) in wanted for e in elements(array))


# name: (function, fewest arguments, most or None, asked once for each element of these arguments' lists)
ANY, ONE, NONE = "any", "each", "whole"
CALLS = {
    "add": (_arithmetic("+"), 2, 2, ONE),
    "subtract": (_arithmetic("-"), 2, 2, ONE),
    "multiply": (_arithmetic("*"), 2, 2, ONE),
    "divide": (_arithmetic("/"), 2, 2, ONE),
    "modulo": (_arithmetic("%"), 2, 2, ONE),
    "arraycontains": (array_contains, 2, None, NONE),
    "between": (between, 3, 4, ONE),
    "cidrmatch": (cidr_match, 2, None, ANY),
    "concat": (concat, 1, None, ONE),
    "endswith": (ends_with, 2, 2, ANY),
    "startswith": (starts_with, 2, 2, ANY),
    "stringcontains": (string_contains, 2, 2, ANY),
    "indexof": (index_of, 2, 3, ONE),
    "length": (length, 1, 1, NONE),
    "match": (match, 2, None, ANY),
    "matchlite": (match, 2, None, ANY),
    "number": (number, 1, 2, ONE),
    "string": (string, 1, 1, ONE),
    "substring": (substring, 2, 3, ONE),
    "wildcard": (wildcard_call, 2, None, ANY),
}


def call(name, context, arguments):
    function, fewest, most, lists = CALLS[name]
    if len(arguments) < fewest or most is not None and len(arguments) > most:
        raise TypeError(f"{name} takes other arguments")
    if lists == NONE or not any(isinstance(a, list) for a in arguments):
        return function(context, *arguments)
    if context.dialect.three_valued:
        return string_contains(context, None, None) if name == "stringcontains" else None
    choices = [elements(a) or [None] if isinstance(a, list) else [a] for a in arguments]
    answers = [function(context, *choice) for choice in itertools.product(*choices)]
    if lists == ONE:
        return answers
    answers = [a for a in answers if a is not None]
    return any(answers) if answers else None
