#!/usr/bin/env python3
"""Random expressions of random events: `rules eval` says what the naive evaluator says.

values.py MERLON [--seed N] [--count N] [--dialect D]"""
import argparse
import json
import os
import random
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from naive.dialect import Dialect  # noqa: E402
from naive.evaluate import Scope, evaluate  # noqa: E402
from naive.parser import parse_expression  # noqa: E402
from tap import check, done  # noqa: E402

TEXTS = ["", "a", "ab", "AB", "aXb", "a*b", "b", "ba", "42", "-7", "3.5", "0x1F", "äÖ", "10.1.2.3"]
# Small enough that no product of them leaves 64 bits, where Python's numbers go on.
NUMBERS = [0, 1, -1, 2, 7, -7, 42, 2.5, -0.5, 40001, -39999.75]
FIELDS = ["t", "u", "n", "m", "f", "l", "gone"]


class Maker:
    """Expressions that the types allow, so that few are refused. What the naive evaluator leaves out is
    not asked: null as a literal operand, empty texts as parts, whether other questions than comparisons
    are null."""

    def __init__(self, chance, dialect):
        self.chance, self.dialect = chance, dialect
        self.tilde = dialect != "endgame"

    def one(self, *choices):
        return self.chance.choice(choices)

    def call(self, name, *arguments, caseless=False):
        mark = "~" if caseless and self.tilde and self.chance.random() < 0.5 else ""
        return f"{name}{mark}({', '.join(arguments)})"

    def text(self, depth, field=False):
        """field: whatever it is, it reads one. Every call does, so that none is a constant null."""
        if depth <= 0 or self.chance.random() < 0.3:
            literal = json.dumps(self.chance.choice(TEXTS), ensure_ascii=False)
            return self.one("t", "u", "gone", "t" if field else literal)
        sub, read = lambda: self.text(depth - 1), lambda: self.text(depth - 1, True)
        return self.one(
            lambda: self.call("concat", read(), self.number(depth - 1), sub()),
            lambda: self.call("substring", read(), self.small(), *self.chance.choice([(), (self.small(),)])),
            lambda: self.call("between", read(), sub(), sub(), *self.chance.choice([(), ("true",), ("false",)]),
                              caseless=True),
            lambda: self.call("string", self.one(read, lambda: self.number(depth - 1, True))()))()

    def small(self):
        return str(self.chance.choice([0, 1, 2, 3, -1, -2, 9, "null"]))

    def number(self, depth, field=False):
        if depth <= 0 or self.chance.random() < 0.3:
            return self.one("n", "m", "gone", "n" if field else str(self.chance.choice(NUMBERS)))
        sub, read = lambda: self.number(depth - 1), lambda: self.number(depth - 1, True)
        text = lambda: self.text(depth - 1, True)  # noqa: E731
        return self.one(
            lambda: f"({read()} {self.one('+', '-', '*', '/', '%')} {sub()})",
            lambda: self.call(self.one("add", "subtract", "multiply", "divide", "modulo"), read(), sub()),
            lambda: self.call("length", text()),
            lambda: self.call("indexOf", text(), self.text(depth - 1),
                              *self.chance.choice([(), (str(self.chance.choice([0, 1, 2, 5])),)]), caseless=True),
            lambda: self.call("number", text()))()

    def patterns(self):
        return ", ".join(json.dumps(self.chance.choice(["a*", "*b", "A?b", "*", "ab", "x"]))
                         for _ in range(self.chance.randint(1, 2)))

    def condition(self, depth):
        text, number = lambda: self.text(depth - 1), lambda: self.number(depth - 1)
        if depth <= 0:
            return self.one("f", "true", "false", "gone == 1", "t == u", "n > m",
                            "l == 2" if self.tilde else "f")
        sub = lambda: self.condition(depth - 1)  # noqa: E731
        ordered = lambda: f"({number()} {self.one('<', '>=', '==')} {number()})"  # noqa: E731
        choices = [
            lambda: f"({sub()} {self.one('and', 'or')} {sub()})",
            lambda: f"(not {sub()})",
            lambda: f"({text()} {self.one('==', '!=', '<', '<=', '>', '>=')} {text()})",
            lambda: f"({number()} {self.one('==', '!=', '<', '<=', '>', '>=')} {number()})",
            lambda: f"({self.one(text, number, ordered)()} {self.one('==', '!=')} null)",
            lambda: f"({text()} {self.one('in', 'not in')} ({text()}, {text()}))",
            lambda: f"({number()} in ({number()}, {number()}))",
            lambda: self.call(self.one("startsWith", "endsWith"), text(), text(), caseless=True),
            lambda: self.call("stringContains", text(), json.dumps(self.one("a", "B", "3.")), caseless=True),
            lambda: self.call("wildcard", text(), self.patterns(), caseless=True),
            lambda: self.call("cidrMatch", text(), '"10.0.0.0/8"'),
        ]
        if self.tilde:
            choices += [lambda: f"({text()} {self.one(':', 'like', 'like~')} ({self.patterns()}))",
                        lambda: f"(l : {self.patterns().split(',')[0]})"]
        return self.chance.choice(choices)()

    def expression(self):
        depth = self.chance.randint(1, 3)
        return self.one(self.condition, self.text, self.number)(depth)

    def event(self):
        made = {"t": self.chance.choice(TEXTS), "u": self.chance.choice(TEXTS),
                "n": self.chance.choice(NUMBERS), "m": self.chance.choice(NUMBERS),
                "f": self.chance.choice([True, False]),
                "l": self.chance.choice([[1, 2], ["a", "Ab", None], [2.5, "x"], [None, None]])}
        for name in list(made):
            if self.chance.random() < 0.2:
                made[name] = None
            elif self.chance.random() < 0.1:
                del made[name]
        return made


def ask_merlon(merlon, dialect, requests):
    lines = "".join(json.dumps({"expression": e, "event": d}) + "\n" for e, d in requests)
    run = subprocess.run([merlon, "rules", "eval", "--dialect", dialect, "-"], input=lines,
                         capture_output=True, text=True, check=False)
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    if run.returncode != 0 or len(answers) != len(requests):
        sys.exit(f"rules eval gave {len(answers)} answers to {len(requests)}: {run.stderr}")
    return answers


def ask_naive(dialect, expression, event):
    d = Dialect(dialect)
    return evaluate(parse_expression(expression, d), Scope(event, d))


def same(got, wanted, dialect):
    """Without null logic it does not matter whether a condition is null or false: `not` makes both
    true."""
    if dialect != "endgame" and got in (None, False) and wanted in (None, False):
        return True
    return alike(got, wanted)


def alike(got, wanted):
    if isinstance(got, list) and isinstance(wanted, list):
        return len(got) == len(wanted) and all(map(alike, got, wanted))
    if isinstance(got, bool) or isinstance(wanted, bool) or isinstance(got, str):
        return type(got) is type(wanted) and got == wanted
    if isinstance(got, (int, float)) and isinstance(wanted, (int, float)):
        return got == wanted or abs(got - wanted) <= 1e-9 * max(abs(got), abs(wanted))
    return got == wanted


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("merlon")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=1500)
    parser.add_argument("--dialect", choices=("endpoint", "elasticsearch", "endgame"))
    options = parser.parse_args()
    for dialect in [options.dialect] if options.dialect else ["endpoint", "elasticsearch", "endgame"]:
        maker = Maker(random.Random(f"{dialect} {options.seed}"), dialect)
        requests = [(maker.expression(), maker.event()) for _ in range(options.count)]
        wrong, refused = [], 0
        for (expression, event), answer in zip(requests, ask_merlon(options.merlon, dialect, requests)):
            if "error" in answer:
                refused += 1
                continue
            wanted = ask_naive(dialect, expression, event)
            if not same(answer["value"], wanted, dialect):
                wrong.append(f"{expression} of {json.dumps(event, ensure_ascii=False)}: "
                             f"{answer['value']!r}, not {wanted!r}")
        check(f"{dialect}: {options.count - refused - len(wrong)} random values, {refused} refused",
              not wrong and refused < options.count / 5, *wrong[:20])
    done()


main()
