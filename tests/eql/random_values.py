"""Random expressions on random events: `rules eval` says what the naive evaluator says.

random_values.py MERLON [--rounds N] [--seed N] [--dialect D]"""
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
from random_rules import Events, Queries  # noqa: E402
from tap import check, done  # noqa: E402

EXPRESSIONS, EVENTS = 150, 12


def close(a, b):
    if isinstance(a, float) or isinstance(b, float):
        return isinstance(a, (int, float)) and isinstance(b, (int, float)) and abs(a - b) <= 1e-9 * max(1, abs(a))
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def one_round(merlon, name, seed):
    """Text for each difference."""
    chance = random.Random(f"values {name} {seed}")
    caseless = chance.choice([True, False])
    dialect = Dialect(name, caseless)
    queries, maker = Queries(chance, name), Events(chance, name)
    events = [maker.event("2026-01-01T00:00:00Z") for _ in range(EVENTS)]
    asked = []
    for _ in range(EXPRESSIONS):
        text = queries.pick(lambda: queries.condition(2), queries.number, queries.text)
        asked += [(text, event) for event in events]
    lines = "".join(json.dumps({"expression": text, "event": event}) + "\n" for text, event in asked)
    run = subprocess.run([merlon, "rules", "eval", "--dialect", name,
                          "--case-insensitive" if caseless else "--case-sensitive", "-"],
                         input=lines.encode(), capture_output=True)
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    if run.returncode != 0 or len(rows) != len(asked):
        return [f"exit {run.returncode}, {len(rows)} answers of {len(asked)}: {run.stderr.decode()}"]
    told, last = [], None
    for (text, event), row in zip(asked, rows):
        wanted = evaluate(parse_expression(text, dialect), Scope(event, dialect))
        got = row.get("value", row.get("error")) if "error" not in row else "error: " + row["error"]
        if not close(got, wanted) and text != last:
            told.append(f"{name} seed {seed} {'caseless' if caseless else 'cased'}: {text} is {got!r}, not {wanted!r}"
                        f" for {json.dumps(event, ensure_ascii=False)}")
            last = text
    return told


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("merlon")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dialect", choices=("endpoint", "elasticsearch", "endgame"))
    options = parser.parse_args()
    for name in [options.dialect] if options.dialect else ["endpoint", "elasticsearch", "endgame"]:
        told = [text for i in range(options.rounds) for text in one_round(options.merlon, name, options.seed + i)]
        check(f"{name}: {options.rounds * EXPRESSIONS} random expressions on {EVENTS} events each", not told, *told)


if __name__ == "__main__":
    main()
    done()
