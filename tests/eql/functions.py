#!/usr/bin/env python3
"""The conformance files of the older engine that speak of expressions, each case evaluated by
`merlon rules eval --dialect endgame` in the modes that it names, without case where it names none."""
import itertools
import json
import os
import string
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tap  # noqa: E402

try:
    import tomllib
except ImportError:
    tomllib = None

MERLON = sys.argv[1]
SHARED = Path(os.environ.get("MERLON_SHARED", Path(__file__).resolve().parents[2].parent / "shared"))
CASES = SHARED / "corpora" / "eql-conformance"
LITERALS = {"null": "null", "bool": "true", "int": "-42", "string": '"some text"', "float": "2.75"}
# What stands for the fields of the optimizer's expressions: every kind of truth, and none.
SAMPLES = [{name: value for name, value in zip("abc", values) if value != "missing"}
           for values in itertools.product((True, False, 1, "missing"), repeat=3)]
TEXTS = ["abc", "a*b*c", "aXbXc", "ab", "b", "", "fooXbar", "AxBxC", "foo\nbar", 5, None]
SAMPLES += [{"field": text} for text in TEXTS] + [{}]


def evaluate(requests, sensitive):
    """The answers to [(expression, event)]."""
    lines = "".join(json.dumps({"expression": e, "event": event}) + "\n" for e, event in requests)
    mode = "--case-sensitive" if sensitive else "--case-insensitive"
    run = subprocess.run([MERLON, "rules", "eval", "--dialect", "endgame", mode, "-"], input=lines,
                         capture_output=True, text=True, check=False)
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    if run.returncode != 0 or len(answers) != len(requests):
        sys.exit(f"rules eval gave {len(answers)} answers to {len(requests)}: {run.stderr}")
    return answers


def same(got, wanted):
    """Equal in value and kind: true is not 1, but 21 is 21.0."""
    if isinstance(got, bool) != isinstance(wanted, bool):
        return False
    if isinstance(got, float) or isinstance(wanted, float):
        return isinstance(got, (int, float)) and isinstance(wanted, (int, float)) and \
            abs(got - wanted) < 1e-12
    return got == wanted


def walk(section, values=None):
    """Yields (kind, case) of a section and what it repeats for several values."""
    def fill(case):
        return {key: string.Template(text).safe_substitute(values) if values and
                isinstance(text, str) and key != "expected" else text
                for key, text in case.items()}
    for case in section.get("tests", []) + section.get("fold", {}).get("tests", []):
        yield "fold", fill(case)
    for case in section.get("verifier", {}).get("failures", []):
        yield "refused", fill(case)
    for case in section.get("optimizer", {}).get("tests", []):
        yield "same", dict(fill(case), other=fill(case)["optimized"])
    for case in section.get("equivalent", {}).get("tests", []):
        yield "same", dict(fill(case), other=fill(case)["alternate"])
    for loop in section.get("loop", []):
        for kind in loop["param"]["type"]:
            yield from walk(loop, {loop["param"]["name"]: LITERALS[kind]})


def modes(section):
    """Which of sensitive, insensitive the section names."""
    named = [m for m in (True, False)
             if section.get("case_sensitive" if m else "case_insensitive") is True]
    return named or [False]


def requests_of(kind, case):
    """What must be evaluated to judge a case."""
    if kind != "same":
        return [(case["expression"], {})]
    return [(text, event) for event in SAMPLES for text in (case["expression"], case["other"])]


def judge(kind, case, answers):
    """None, or what was found instead."""
    if kind == "same":
        for event, one, other in zip(SAMPLES, answers[::2], answers[1::2]):
            if "value" not in one or one != other:
                return f"of {event}: {one} and {other}"
        return None
    good = "line 1, column" in answers[0].get("error", "") if kind == "refused" else \
        "value" in answers[0] and same(answers[0]["value"], case.get("expected"))
    return None if good else answers[0]


def run_file(name):
    total = failed = 0
    sections = tomllib.loads((CASES / name).read_text())
    for sensitive in (True, False):
        cases = [(title, kind, case, requests_of(kind, case))
                 for title, section in sections.items() if sensitive in modes(section)
                 for kind, case in walk(section)]
        answers = iter(evaluate([r for *_, requests in cases for r in requests], sensitive))
        for title, kind, case, requests in cases:
            wrong = judge(kind, case, [next(answers) for _ in requests])
            total += 1
            if wrong is not None:
                failed += 1
                print(f"# {name} [{title}] {case['expression']}: {kind} "
                      f"{case.get('expected', case.get('other'))!r}, found {wrong}")
    tap.check(f"{name}: {total - failed} of {total}", failed == 0 and total > 0)
    return name, total - failed, total


def main():
    if tomllib is None or not CASES.is_dir():
        tap.skip("conformance of expressions",
                 "no TOML reader (Python 3.11)" if tomllib is None else f"no {CASES}")
        tap.done()
    rows = [run_file(name) for name in
            ("test_string_functions.toml", "test_folding.toml", "test_optimizer.toml")]
    print("# passed of total")
    for name, passed, total in rows:
        print(f"# {passed:4} of {total:4}  {name}")
    tap.done()


main()
