"""Random queries over random events: Merlon says what the naive evaluator says.

random_test.py MERLON [--rounds N] [--seed N] [--rules N] [--events N] [--dialect D]"""
import argparse
import concurrent.futures
import json
import os
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from corpus import stamp  # noqa: E402
from naive.engine import Engine, documents_of, indexes  # noqa: E402
from naive.values import fold, text_of  # noqa: E402
from random_rules import Events, Queries  # noqa: E402
from tap import check, done  # noqa: E402

BEGIN = 1_700_000_000 * 10**9


def events(chance, dialect, count):
    made, when = [], BEGIN
    maker = Events(chance, dialect)
    for _ in range(count):
        when += chance.choice([0, 100, 500, 1000, 2000]) * 10**6
        made.append(maker.event(stamp(when)))
    for _ in range(chance.choice([0, 0, 5])):       # not quite in order of time
        i = chance.randrange(count - 1)
        made[i], made[i + 1] = made[i + 1], made[i]
    return made


def write_rule(folder, number, query, dialect):
    """A file whose form says the dialect; returns its name."""
    file = os.path.join(folder, f"{number:04}.toml")
    form = 'rule_id = "{}"\ntype = "eql"\nlanguage = "eql"' if dialect == "elasticsearch" else 'id = "{}"'
    with open(file, "w", encoding="utf-8") as text:
        text.write(f"[rule]\n{form.format(number)}\nname = \"random {number}\"\n"
                   f"query = {json.dumps(query, ensure_ascii=False)}\n")
    return file


def hunt(merlon, *arguments):
    """(output, what went wrong)"""
    run = subprocess.run([merlon, "hunt", "--json", *arguments], capture_output=True)
    wrong = "" if run.returncode == 0 else f"{arguments}: {run.stderr.decode(errors='replace')}"
    return run.stdout.decode(), wrong


def plain(keys):
    """As keys join: by their text, be it what the event had or what the store kept of it."""
    return None if keys is None else [plain_list(k) if isinstance(k, list) else fold(text_of(k) or "") for k in keys]


def plain_list(key):
    return [fold(text_of(k) or "") for k in key] if len(key) > 1 else fold(text_of(key[0]) or "") if key else ""


def match_of(row):
    """Indexes, and keys."""
    if "index" in row:
        return [row["index"]], None
    return row["indexes"], plain(row.get("keys"))


def ask_files(merlon, dialect, queries, folder, data):
    """[matches of each query], what went wrong. All rules at once, in several ways that must not differ."""
    files = [write_rule(folder, i, query, dialect) for i, query in enumerate(queries)]
    output, wrong = hunt(merlon, "--rules", folder, data)
    for other in (["--threads", "1"], ["--batch", "1"], ["--batch", "7", "--threads", "2"]):
        again, _ = hunt(merlon, "--rules", folder, *other, data)
        if again != output:
            wrong += f"other output with {' '.join(other)}"
    found = {}
    for line in output.splitlines():
        row = json.loads(line)
        found.setdefault(os.path.realpath(row["file"]), []).append(match_of(row))
    return [found.get(os.path.realpath(f), []) for f in files], wrong


def ask_each(merlon, dialect, queries, data):
    """The same, each query alone: for pipes, and a dialect that no rule file has."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        answers = list(pool.map(lambda q: hunt(merlon, "--dialect", dialect, "--eql", q, data), queries))
    found = [[match_of(json.loads(line)) for line in output.splitlines()] for output, _ in answers]
    return found, "".join(wrong for _, wrong in answers)


def naive(query, dialect, documents):
    rows = Engine(query, dialect).run(documents)
    return list(zip(indexes(rows), [plain(None if r.keys is None else [list(k) if isinstance(k, tuple) else k
                                                                      for k in r.keys]) for r in rows]))


def sortable(match):
    return [-1 if i is None else i for i in match[0]], str(match[1])


def one_round(options, dialect, seed):
    """[text about a difference], queries, matches."""
    chance = random.Random(f"{dialect} {seed}")
    records = events(chance, dialect, options.events)
    made, old = Queries(chance, dialect), dialect == "endgame"
    queries = [made.query() for _ in range(options.rules // 5 if old else options.rules)]
    piped = [made.piped() for _ in range(options.rules // 10)]
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "events.ndjson")
        with open(data, "w", encoding="utf-8") as text:
            text.writelines(json.dumps(r, ensure_ascii=False) + "\n" for r in records)
        found, wrong = (ask_each(options.merlon, dialect, queries, data) if old else
                        ask_files(options.merlon, dialect, queries, folder, data))
        found_piped, wrong_piped = ask_each(options.merlon, dialect, piped, data)
    told = [w for w in (wrong, wrong_piped) if w]
    documents, matches = documents_of(records), 0
    for query, got in zip(queries + piped, found + found_piped):
        wanted = naive(query, dialect, documents)
        matches += len(wanted)
        if query in queries:
            got, wanted = sorted(got, key=sortable), sorted(wanted, key=sortable)
        if got != wanted:
            missing, extra = [m for m in wanted if m not in got], [m for m in got if m not in wanted]
            told.append(f"{dialect}, seed {seed}: {query}: Merlon misses {missing[:3]}, adds {extra[:3]}")
            if options.show:
                for i in sorted({i for m in (missing[:1] + extra[:1]) for i in m[0] if i is not None}):
                    told.append(f"   {i}: {json.dumps(records[i], ensure_ascii=False)}")
    return told, len(queries) + len(piped), matches


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
        told, asked, matches = [], 0, 0
        for i in range(options.rounds):
            wrong, count, found = one_round(options, dialect, options.seed + i)
            told, asked, matches = told + wrong, asked + count, matches + found
        check(f"{dialect}: {asked} random queries over {options.events} events each, {matches} matches", not told,
              *told)


if __name__ == "__main__":
    main()
    done()
