"""Random queries over random events: Merlon says what the naive evaluator says.

random_test.py MERLON [--rounds N] [--seed N] [--rules N] [--events N] [--dialect D] [--hunt=OPTION…]"""
import argparse
import concurrent.futures
import json
import os
import random
import subprocess
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


def write_rule(folder, number, query, dialect):
    """A file whose form says the dialect; returns its name."""
    file = os.path.join(folder, f"{number:04}.toml")
    form = 'rule_id = "{}"\ntype = "eql"\nlanguage = "eql"' if dialect == "elasticsearch" else 'id = "{}"'
    with open(file, "w", encoding="utf-8") as text:
        text.write(f"[rule]\n{form.format(number)}\nname = \"random {number}\"\n"
                   f"query = {json.dumps(query, ensure_ascii=False)}\n")
    return file


def ask_files(options, dialect, queries, folder, data, more):
    """[matches of each query], what went wrong. All rules at once."""
    files = [write_rule(folder, i, query, dialect) for i, query in enumerate(queries)]
    found, status, errors = merlon_matches(options.merlon, [folder], data, *more)
    return [found.get(os.path.realpath(f), []) for f in files], "" if status == 0 else f"exit {status}: {errors}"


def ask_each(options, dialect, queries, folder, data, more):
    """The same for a dialect that no rule file has: each query alone."""
    def ask(query):
        run = subprocess.run([options.merlon, "hunt", "--json", "--dialect", dialect, "--eql", query, *more, data],
                             capture_output=True)
        rows = [json.loads(line) for line in run.stdout.splitlines()]
        return ([row["indexes"] if "indexes" in row else [row["index"]] for row in rows],
                "" if run.returncode == 0 else f"{query}: {run.stderr.decode(errors='replace')}")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        answers = list(pool.map(ask, queries))
    return [a for a, _ in answers], "".join(e for _, e in answers)


def naive(query, dialect, documents):
    return indexes(Engine(query, dialect).run(documents))


def one_round(options, dialect, seed, more):
    """[text about a difference], queries, matches."""
    chance = random.Random(f"{dialect} {seed}")
    records = events(chance, dialect, options.events)
    old = dialect == "endgame"
    queries = [Queries(chance, dialect).query() for _ in range(options.rules // 5 if old else options.rules)]
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "events.ndjson")
        with open(data, "w", encoding="utf-8") as text:
            text.writelines(json.dumps(r, ensure_ascii=False) + "\n" for r in records)
        found, errors = (ask_each if old else ask_files)(options, dialect, queries, folder, data, more)
    told = [errors] if errors else []
    documents, matches = documents_of(records), 0
    for query, got in zip(queries, found):
        wanted = naive(query, dialect, documents)
        matches += len(wanted)
        if sorted(got, key=key) != sorted(wanted, key=key):
            missing, extra = [m for m in wanted if m not in got], [m for m in got if m not in wanted]
            told.append(f"{dialect}, seed {seed}: {query}: Merlon misses {missing[:3]}, adds {extra[:3]}")
            if options.show:
                for i in sorted({i for m in (missing[:1] + extra[:1]) for i in m if i is not None}):
                    told.append(f"   {i}: {json.dumps(records[i], ensure_ascii=False)}")
    return told, len(queries), matches


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("merlon")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rules", type=int, default=200)
    parser.add_argument("--events", type=int, default=120)
    parser.add_argument("--dialect", choices=("endpoint", "elasticsearch", "endgame"))
    parser.add_argument("--hunt", action="append", default=[], help="an option for hunt, as --hunt=--threads=1")
    parser.add_argument("--show", action="store_true", help="print the events that differ")
    options = parser.parse_args()
    for dialect in [options.dialect] if options.dialect else ["endpoint", "elasticsearch", "endgame"]:
        told, asked, matches = [], 0, 0
        for i in range(options.rounds):
            wrong, count, found = one_round(options, dialect, options.seed + i, options.hunt)
            told, asked, matches = told + wrong, asked + count, matches + found
        check(f"{dialect}: {asked} random queries over {options.events} events each, {matches} matches", not told, *told)


if __name__ == "__main__":
    main()
    done()
