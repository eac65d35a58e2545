"""What values are, and how two of them compare."""
import functools
import re
from datetime import datetime, timezone


@functools.lru_cache(maxsize=1 << 16)
def fold(text):
    """Unicode's simple folding: one character for one."""
    if text.isascii():
        return text.lower()
    return "".join(c.casefold() if len(c.casefold()) == 1 else c.lower() if len(c.lower()) == 1 else c for c in text)


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_null(value):
    return value is None or isinstance(value, list) and all(is_null(v) for v in value)


def elements(value):
    """A list stands for its elements."""
    if isinstance(value, list):
        return [e for v in value for e in elements(v)]
    return [] if value is None else [value]


def text_of(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    return value if isinstance(value, str) else None


def number_of(value):
    if is_number(value):
        return value
    if isinstance(value, str) and re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", value):
        return float(value) if re.search(r"[.eE]", value) else int(value)
    return None


def time_of(value):
    """Nanoseconds since 1970 of an RFC 3339 time; None when it is not one."""
    if not isinstance(value, str) or len(value) < 19 or value[4] != "-":
        return None
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)?", value)
    if not found:
        return None
    day, clock, fraction, zone = found.groups()
    zone = "+00:00" if zone in (None, "Z") else zone
    seconds = datetime.strptime(f"{day} {clock} {zone}", "%Y-%m-%d %H:%M:%S %z")
    delta = seconds - datetime(1970, 1, 1, tzinfo=timezone.utc)
    return (delta.days * 86400 + delta.seconds) * 10**9 + int((fraction or "0").ljust(9, "0"))


_ORDER = {"==": lambda a, b: a == b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b,
          ">": lambda a, b: a > b, ">=": lambda a, b: a >= b}


def compare_two(op, a, b, caseless, dialect):
    """Two scalars; None when they do not compare."""
    if isinstance(a, str) and isinstance(b, str):
        if not dialect.three_valued and time_of(a) is not None and time_of(b) is not None:
            return _ORDER[op](time_of(a), time_of(b))
        return _ORDER[op](fold(a), fold(b)) if caseless else _ORDER[op](a, b)
    if is_number(a) and is_number(b):
        return _ORDER[op](a, b)
    if isinstance(a, bool) and isinstance(b, bool):
        return a == b if op == "==" else None
    if isinstance(a, dict) or isinstance(b, dict):
        return None
    if op == "==":
        return text_of(a) == text_of(b)
    left, right = number_of(a), number_of(b)
    return None if left is None or right is None else _ORDER[op](left, right)


def compare(op, a, b, caseless, dialect):
    """`op` without !=. Any element of a list will do; null when nothing could be compared."""
    if not isinstance(a, list) and not isinstance(b, list):
        return None if a is None or b is None else compare_two(op, a, b, caseless, dialect)
    if dialect.three_valued:
        return None
    answers = [compare_two(op, x, y, caseless, dialect) for x in elements(a) for y in elements(b)]
    answers = [x for x in answers if x is not None]
    return any(answers) if answers else None


@functools.lru_cache(maxsize=1 << 16)
def wildcard_regex(pattern, caseless, question_mark):
    parts = ["(?s)"]
    for c in fold(pattern) if caseless else pattern:
        parts.append(".*" if c == "*" else "." if c == "?" and question_mark else re.escape(c))
    return re.compile("".join(parts))


def wildcard(text, pattern, caseless, question_mark):
    return wildcard_regex(pattern, caseless, question_mark).fullmatch(fold(text) if caseless else text) is not None


def lucene_to_python(pattern):
    """Lucene's regular expressions, as far as rules use them, to Python's: anchors and (?…) are plain
    characters there, "…" quotes."""
    out, i, in_class = [], 0, False
    while i < len(pattern):
        c = pattern[i]
        if c == "\\" and i + 1 < len(pattern):
            following = pattern[i + 1]
            out.append("\\" + following if following in "dDwWsS" else re.escape(following))
            i += 2
            continue
        if in_class:
            in_class = c != "]"
            out.append("\\" + c if c == "[" else c)
        elif c == "[":
            in_class = True
            out.append(c)
        elif c == '"' and '"' in pattern[i + 1:]:
            end = pattern.index('"', i + 1)
            out.append(re.escape(pattern[i + 1:end]))
            i = end
        elif c == "@":
            out.append(".*")
        elif c == "#":
            out.append("(?!)")
        elif c in "^$":
            out.append("\\" + c)
        else:
            out.append(c)
        i += 1
    return "".join(out)


@functools.lru_cache(maxsize=1 << 12)
def lucene_regex(pattern, caseless):
    return re.compile(lucene_to_python(pattern), re.S | (re.I if caseless else 0))
