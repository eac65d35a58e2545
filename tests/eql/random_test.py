"""Random queries over random events: Merlon says what the naive evaluator says.

random_test.py MERLON [--rounds N] [--seed N] [--rules N] [--events N] [--dialect D]"""
import argparse
import json
import os
import random
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from corpus import merlon_matches, stamp, key  # noqa: E402
from naive.engine import Engine, documents_of, indexes  # noqa: E402
from random_rules import Events, Queries  # noqa: E402
from tap import check, done  # noqa: E402

BEGIN = 1_700_000_000 * 10**9


def events(chance, dialect, count):
    made, when = [], BEGIN
    maker = Events(chance, dialect)
    for _ in range(count):
        when += chance.choice([0, 100, 500, 1000, 2000]) * 10**6
        made.append(maker.event(stamp(when)))
    return made


def write_rule(folder, number, query):
    file = os.path.join(folder, f"{number:04}.toml")
    with open(file, "w", encoding="utf-8") as text:
        text.write(f"[rule]\nid = \"{number}\"\nname = \"random {number}\"\nquery = {json.dumps(query, ensure_ascii=False)}\n")
    return file


def naive(query, dialect, documents):
    return indexes(Engine(query, dialect).run(documents))


def one_round(options, dialect, seed, more):
    """[text about a difference]; counts of rules and matches."""
    chance = random.Random(f"{dialect} {seed}")
    records = events(chance, dialect, options.events)
    queries = [Queries(chance, dialect).query() for _ in range(options.rules)]
    with tempfile.TemporaryDirectory() as folder:
        files = [write_rule(folder, i, query) for i, query in enumerate(queries)]
        data = os.path.join(folder, "events.ndjson")
        with open(data, "w", encoding="utf-8") as text:
            text.writelines(json.dumps(r, ensure_ascii=False) + "\n" for r in records)
        found, status, errors = merlon_matches(options.merlon, [folder], dialect, data, *more)
        told = [] if status == 0 else [f"exit {status}: {errors}"]
        documents, matches = documents_of(records), 0
        for file, query in zip(files, queries):
            wanted = naive(query, dialect, documents)
            got = found.get(os.path.realpath(file), [])
            matches += len(wanted)
            if sorted(got, key=key) != sorted(wanted, key=key):
                missing, extra = [m for m in wanted if m not in got], [m for m in got if m not in wanted]
                told.append(f"{dialect}, seed {seed}: {query}: Merlon misses {missing[:3]}, adds {extra[:3]}")
                if options.show:
                    for i in sorted({i for m in (missing[:1] + extra[:1]) for i in m if i is not None}):
                        told.append(f"   {i}: {json.dumps(records[i], ensure_ascii=False)}")
    return told, matches


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("merlon")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rules", type=int, default=200)
    parser.add_argument("--events", type=int, default=120)
    parser.add_argument("--dialect", choices=("endpoint", "elasticsearch", "endgame"))
    parser.add_argument("--show", action="store_true", help="print the events that differ")
    options = parser.parse_args()
    for dialect in [options.dialect] if options.dialect else ["endpoint", "elasticsearch", "endgame"]:
        told, matches = [], 0
        for i in range(options.rounds):
            wrong, count = one_round(options, dialect, options.seed + i, [])
            told, matches = told + wrong, matches + count
        check(f"{dialect}: {options.rounds * options.rules} random queries over {options.events} events each,"
              f" {matches} matches", not told, *told)


if __name__ == "__main__":
    main()
    done()
