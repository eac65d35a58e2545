"""The conformance files of the older engine (MERLON_SHARED): each query's events in their order; and
small cases of our own. Asked of Merlon, or of the naive evaluator of these tests, then with the files of
expressions, too (functions.py asks those of Merlon).

conformance.py [MERLON]"""
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile
import tomllib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from cases import cases  # noqa: E402
from naive.dialect import Dialect  # noqa: E402
from naive.engine import Engine, documents_of, indexes  # noqa: E402
from naive.evaluate import Scope, evaluate  # noqa: E402
from naive.parser import parse_expression  # noqa: E402
from tap import check, done, skip  # noqa: E402

MERLON = sys.argv[1] if len(sys.argv) > 1 else None
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHARED = os.environ.get("MERLON_SHARED", os.path.join(TOP, "..", "shared"))
FOLDER = os.path.join(SHARED, "corpora", "eql-conformance")
DATA = os.path.join(FOLDER, "test_data.json")
# What the loops of the folding file put in place of $value.
LOOP_VALUES = {"bool": ["true", "false"], "int": ["0", "7", "-3"], "float": ["1.5", "-0.25"],
               "string": ['"x"', '""'], "null": ["null"]}


def load(name):
    with open(os.path.join(FOLDER, name), "rb") as file:
        return tomllib.load(file)


def modes_of(table, default):
    """Whether text is caseless, for each mode that a case names."""
    named = [caseless for key, caseless in (("case_sensitive", False), ("case_insensitive", True)) if table.get(key)]
    return named or default


def queries():
    return [(query["query"], caseless, query["expected_event_ids"])
            for query in load("test_queries.toml")["queries"] for caseless in modes_of(query, [True])]


def expressions(node, inherited=()):
    """(expression, caseless, value) of a file of foldings: tests lie at any depth of its tables."""
    if isinstance(node, list):
        return [case for item in node for case in expressions(item, inherited)]
    if not isinstance(node, dict):
        return []
    inherited = dict(inherited)
    inherited.update({key: node[key] for key in ("case_sensitive", "case_insensitive", "param") if key in node})
    cases = []
    for test in node.get("tests", []):
        texts = [test["expression"]]
        if "param" in inherited:
            texts = [texts[0].replace("$value", value)
                     for kind in inherited["param"]["type"] for value in LOOP_VALUES[kind]]
        cases += [(text, caseless, test.get("expected"))
                  for text in texts for caseless in modes_of(inherited, [True, False])]
    for key, below in node.items():
        if key not in ("tests", "param", "verifier", "optimizer", "equivalent"):
            cases += expressions(below, inherited)
    return cases


def case_option(caseless):
    return "--case-insensitive" if caseless else "--case-sensitive"


def merlon(*arguments):
    run = subprocess.run([MERLON, *arguments], capture_output=True)
    if run.returncode != 0:
        return "exit %d: %s" % (run.returncode, run.stderr.decode(errors="replace").strip())
    return run.stdout.decode()


def hunt(query, file, *options):
    """[[id or None …]] of each match, or what went wrong."""
    output = merlon("hunt", "--eql", query, "--json", *options, file)
    if output.startswith("exit "):
        return output
    rows = [json.loads(line) for line in output.splitlines()]
    return [row["indexes"] if "indexes" in row else [row["index"]] for row in rows]


def merlon_query(case):
    found = hunt(case[0], DATA, "--dialect", "endgame", case_option(case[1]), "--id-field", "serial_event_id")
    return found if isinstance(found, str) else [i for match in found for i in match]


def naive_query(case, records=[]):  # noqa: B006 read once
    if not records:
        with open(DATA, encoding="utf-8") as file:
            records.extend(json.load(file))
    rows = Engine(case[0], "endgame", case[1]).run(documents_of(records))
    return [None if i is None else records[i]["serial_event_id"] for row in indexes(rows) for i in row]


def naive_value(case):
    dialect = Dialect("endgame", case[1])
    return evaluate(parse_expression(case[0], dialect), Scope({}, dialect))


def same(got, wanted):
    """1 and 1.0 are one number, true is none."""
    return got == wanted and isinstance(got, bool) == isinstance(wanted, bool)


def table(name, cases_, answers):
    """One line, and each case that is not as it should be."""
    wrong = [f"{case[0].strip()} ({case_option(case[1])}): {got!r}, not {case[2]!r}"
             for case, got in zip(cases_, answers) if not same(got, case[2])]
    check(f"{name}: {len(cases_) - len(wrong)} of {len(cases_)}", not wrong, *wrong[:20])


def all_at_once(ask, cases_):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1 if MERLON else 1) as pool:
        return list(pool.map(ask, cases_))


def merlon_case(dialect, query, events):
    with tempfile.NamedTemporaryFile("w", suffix=".ndjson") as file:
        file.writelines(json.dumps(event) + "\n" for event in events)
        file.flush()
        return hunt(query, file.name, "--dialect", dialect, "--id-field", "id")


def naive_case(dialect, query, events):
    rows = Engine(query, dialect).run(documents_of(events))
    return [[None if i is None else events[i]["id"] for i in match] for match in indexes(rows)]


def own_cases(ask):
    all_cases = list(cases())
    answers = all_at_once(lambda case: ask(*case[1:4]), all_cases)
    wrong = [f"{name}: {query}: {got}, not {wanted}"
             for (name, _, query, _, wanted), got in zip(all_cases, answers) if got != wanted]
    check(f"own cases: {len(all_cases) - len(wrong)} of {len(all_cases)}", not wrong, *wrong)


def main():
    own_cases(merlon_case if MERLON else naive_case)
    if not os.path.isdir(FOLDER):
        skip("conformance files", "no conformance files: set MERLON_SHARED")
        return
    asked = queries()
    table("test_queries.toml", asked, all_at_once(merlon_query if MERLON else naive_query, asked))
    for name in ("test_folding.toml", "test_string_functions.toml") if not MERLON else ():
        asked = expressions(load(name))
        table(name, asked, [naive_value(case) for case in asked])


main()
done()
