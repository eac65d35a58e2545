"""The public EQL rules (MERLON_SHARED), and the shipped ones, against the naive evaluator: for each rule
a stream of events that fires it, made from the rule itself, and streams with one thing changed; all
rules over all of them at once.

corpus.py MERLON [--variants N] [--seed N] [--keep FILE]"""
import argparse
import glob
import json
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
import time
import tomllib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from naive.engine import Document, Engine, indexes  # noqa: E402
from naive.evaluate import look_up  # noqa: E402
from synth import NotSynthesised, Synthesiser, mutations, put  # noqa: E402
from tap import check, done, skip  # noqa: E402

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHIPPED = os.path.join(TOP, "rules")
SHARED = os.environ.get("MERLON_SHARED", os.path.join(TOP, "..", "shared"))
PUBLIC = os.path.join(SHARED, "corpora", "eql")
ATTEMPTS = 400
BEGIN = 1_700_000_000 * 10**9
APART = 7200 * 10**9        # between streams
MILLISECOND = 10**6
SYSTEMS = ("linux", "macos", "windows")


class Rule:
    def __init__(self, file, rule, dialect):
        self.file, self.dialect = file, dialect
        self.id = rule.get("rule_id") or rule.get("id")
        self.engine = Engine(rule["query"], dialect)
        # An event of another system than these is not the rule's, one of unknown system is.
        self.only = set(rule.get("os_list", []))
        self.systems = sorted(self.only) or [s for s in ("linux", "macos") if f"/{s}/" in file]

    def sees(self, document):
        system = look_up(document.data, ["host", "os", "type"])
        return not self.only or system not in SYSTEMS or system in self.only


def load(folder):
    rules = []
    for file in sorted(glob.glob(os.path.join(folder, "**", "*.toml"), recursive=True)):
        with open(file, "rb") as text:
            rule = tomllib.load(text)["rule"]
        if rule.get("language", "eql") == "eql":
            # The form of a file says its dialect: only the search engine's rules have a type.
            rules.append(Rule(file, rule, "elasticsearch" if "type" in rule else "endpoint"))
    return rules


def documents_of(stream):
    """As the naive evaluator takes them: in time order, ties as given."""
    return sorted((Document(i, data, when) for i, (data, when) in enumerate(zip(stream.events, stream.times))),
                  key=lambda d: d.time)


def fires(rule, stream):
    return bool(rule.engine.run(documents_of(stream)))


def firing_stream(rule, seed, start):
    extra = {"host.id": f"host-{seed}"}
    if rule.systems:
        extra["host.os.type"] = rule.systems[seed % len(rule.systems)]
    for attempt in range(ATTEMPTS):
        try:
            synthesiser = Synthesiser(rule.engine.query, rule.engine.dialect,
                                      random.Random(f"{rule.id} {seed} {attempt}"), extra)
            stream = synthesiser.stream(start)
            if fires(rule, stream):
                return stream
        except NotSynthesised:
            continue
    return None


def streams_of(rule, number, options):
    """[(what, stream)]: firing ones first. Each begins at an hour of its own."""
    made = []
    for variant in range(options.variants):
        stream = firing_stream(rule, options.seed * 1000 + variant, 0)
        if stream is None:
            return made
        made.append(("firing", stream))
        chance = random.Random(f"{rule.id} {options.seed} {variant}")
        made += mutations(stream, rule.engine.query, chance, options.changes)
    for i, (_, stream) in enumerate(made):
        start = BEGIN + (number * 64 + i) * APART
        stream.times = [start + t for t in stream.times]
    return made


def stamp(when):
    seconds, rest = divmod(when, 10**9)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest // MILLISECOND:03d}Z"


def write(file, documents):
    for document in documents:
        put(document.data, ["@timestamp"], stamp(document.time))
        file.write(json.dumps(document.data) + "\n")
    file.flush()


def merlon_matches(merlon, rules, file, *more):
    """{rule's file: [[index or None …]]}"""
    arguments = [argument for rule in rules for argument in ("--rules", rule)]
    run = subprocess.run([merlon, "hunt", *arguments, "--json", *more, file], capture_output=True)
    found = {}
    for line in run.stdout.splitlines():
        row = json.loads(line)
        match = row["indexes"] if "indexes" in row else [row["index"]]
        found.setdefault(os.path.realpath(row["file"]), []).append(match)
    return found, run.returncode, run.stderr.decode(errors="replace")


def naive_matches(task):
    rule, documents = task
    return indexes(rule.engine.run([d for d in documents if rule.sees(d)]))


def key(match):
    return [-1 if i is None else i for i in match]


def name_of(rule):
    return os.path.relpath(rule.file, PUBLIC if rule.file.startswith(PUBLIC) else SHIPPED)


def differences(rules, expected, found):
    """Text for each rule whose matches differ."""
    told = []
    for rule, wanted in zip(rules, expected):
        got = sorted(found.get(os.path.realpath(rule.file), []), key=key)
        if got != sorted(wanted, key=key):
            missing, extra = [m for m in wanted if m not in got], [m for m in got if m not in wanted]
            told.append(f"{name_of(rule)}: Merlon misses {missing[:3]}, adds {extra[:3]}"
                        f" ({len(missing)} and {len(extra)})")
    return told


def compare(rules, options):
    begun = time.monotonic()
    with multiprocessing.Pool() as pool:
        made = pool.starmap(streams_of, [(rule, i, options) for i, rule in enumerate(rules)])
    silent = [name_of(rule) for rule, streams in zip(rules, made) if not streams]
    check(f"{len(rules) - len(silent)} of {len(rules)} rules have a firing stream", not silent, *silent)
    documents, firing, still = [], 0, 0
    for rule, streams in zip(rules, made):
        for what, stream in streams:
            firing += what == "firing"
            still += what != "firing" and not fires(rule, stream)
            for document in documents_of(stream):
                documents.append(Document(len(documents), document.data, document.time))
    with tempfile.NamedTemporaryFile("w", suffix=".ndjson") as file:
        write(file, documents)
        if options.keep:
            with open(options.keep, "w", encoding="utf-8") as kept:
                write(kept, documents)
        with multiprocessing.Pool() as pool:
            expected = pool.map(naive_matches, [(rule, documents) for rule in rules], 4)
        count = sum(len(matches) for matches in expected)
        print(f"# {len(rules)} rules, {len(documents)} events, {firing} firing streams, {still} changes that"
              f" silence the rule, {count} matches, {time.monotonic() - begun:.0f} s")
        found, status, errors = merlon_matches(options.merlon, sorted({r.file for r in rules}), file.name)
        check("hunt over the streams succeeds", status == 0, errors)
        told = differences(rules, expected, found)
        check(f"the same matches of {len(rules)} rules on {len(documents)} events", not told, *told)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("merlon")
    parser.add_argument("--variants", type=int, default=1)
    parser.add_argument("--changes", type=int, default=2, help="random changes of each firing stream")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", help="where to leave the events")
    options = parser.parse_args()
    rules = load(SHIPPED)
    if os.path.isdir(PUBLIC):
        rules += load(PUBLIC)
    else:
        skip("public EQL rules", "no public EQL rules: set MERLON_SHARED")
    compare(rules, options)


if __name__ == "__main__":
    main()
    done()
