"""EQL text into tokens: (kind, value, line), kinds: name, field (backticks), string, integer, float,
and the operators themselves; the last one is ("end", None, line)."""
import re


class SyntaxErrorEql(Exception):
    pass


_OPERATORS = ["==", "!=", "<=", ">=", "![", "<", ">", "=", ":", "+", "-", "*", "/", "%", ".", ",", "(", ")",
              "[", "]", "|", "?", "~"]
_SKIP = re.compile(r"(?:[ \t\r\n]+|//[^\n]*|/\*.*?\*/)+", re.S)
_NAME = re.compile(r"[A-Za-z_@][A-Za-z0-9_]*")
_NUMBER = re.compile(r"(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[Ee][+-]?[0-9]+)?")
_PLAIN = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "'": "'", "\\": "\\"}


def unescape(text, line):
    out, i = [], 0
    while i < len(text):
        c = text[i]
        if c != "\\":
            out.append(c)
            i += 1
            continue
        word = re.compile(r"\\u\{([0-9A-Fa-f]{2,8})\}|\\x([0-9A-Fa-f]{2})|\\u([0-9A-Fa-f]{4})").match(text, i)
        if word:
            out.append(chr(int(word.group(1) or word.group(2) or word.group(3), 16)))
            i = word.end()
        elif i + 1 < len(text) and text[i + 1] in _PLAIN:
            out.append(_PLAIN[text[i + 1]])
            i += 2
        else:
            raise SyntaxErrorEql(f"line {line}: unknown escape {text[i:i + 2]!r}")
    return "".join(out)


def _raw3(text, at):
    """The end of a triple-quoted string: up to two more quotes belong to it."""
    end = text.find('"""', at + 3)
    if end < 0 or "\n" in text[at:end]:
        return None
    stop = end + 3
    while stop < end + 5 and text[stop:stop + 1] == '"':
        stop += 1
    return text[at + 3:stop - 3], stop


def _quoted(text, at, raw):
    quote, i = text[at], at + 1
    while i < len(text) and text[i] not in "\r\n":
        if text[i] == "\\" and (not raw or text[i + 1:i + 2] == quote):
            i += 2
        elif text[i] == quote:
            return text[at + 1:i], i + 1
        else:
            i += 1
    return None


def _string(text, at, dialect, line):
    """A string that begins at `at`: (value, end), or None when there is none."""
    if text.startswith('"""', at):
        found = _raw3(text, at)
        value = found and found[0]
    elif text[at] == '"' or text[at] == "'" and dialect.old_strings:
        found = _quoted(text, at, False)
        value = found and unescape(found[0], line)
    elif text[at] == "?" and dialect.old_strings and text[at + 1:at + 2] in ('"', "'"):
        found = _quoted(text, at + 1, True)
        value = found and found[0].replace("\\" + text[at + 1], text[at + 1])
    elif text[at] == "'":
        raise SyntaxErrorEql(f"line {line}: single quotes")
    else:
        return None
    if found is None:
        raise SyntaxErrorEql(f"line {line}: a string does not end")
    return value, found[1]


def tokens(text, dialect):
    out, at = [], 0
    while True:
        skip = _SKIP.match(text, at)
        at = skip.end() if skip else at
        line = text.count("\n", 0, at) + 1
        if at >= len(text):
            return out + [("end", None, line)]
        string = _string(text, at, dialect, line)
        if string:
            out.append(("string", string[0], line))
            at = string[1]
        elif text[at] == "`":
            end = at + 1
            name = ""
            while end < len(text) and (text[end] != "`" or text[end + 1:end + 2] == "`"):
                name += text[end]
                end += 2 if text[end] == "`" else 1
            if end >= len(text):
                raise SyntaxErrorEql(f"line {line}: a name in backticks does not end")
            out.append(("field", name, line))
            at = end + 1
        elif word := _NAME.match(text, at):
            out.append(("name", word.group(), line))
            at = word.end()
        # .5 is a number where no name or bracket stands before it
        elif (number := _NUMBER.match(text, at)) and not (
                text[at] == "." and out and out[-1][0] in ("name", "field", "]")):
            word = number.group()
            whole = word.isdigit()
            out.append(("integer" if whole else "float", int(word) if whole else float(word), line))
            at = number.end()
        else:
            operator = next((o for o in _OPERATORS if text.startswith(o, at)), None)
            if operator is None:
                raise SyntaxErrorEql(f"line {line}: what is {text[at]!r}?")
            out.append((operator, operator, line))
            at += len(operator)
