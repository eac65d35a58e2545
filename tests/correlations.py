#!/usr/bin/env python3
"""Sigma correlations from text to matches: each type on streams that must match and that must not.

correlations.py MERLON [NAME…]. The rules and streams are in tests/sigma/correlations/; the form of the
streams is that of rules' tests (docs/HACKING.md), and says besides which events, keys and other rules
are expected."""
import glob
import json
import os
import subprocess
import sys
import tempfile
import streams
from tap import check, done, equal

MERLON, NAMES = sys.argv[1], sys.argv[2:]
DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sigma", "correlations")

RECORDED = """title: Failures, then a success
id: recorded
correlation: {type: temporal_ordered, rules: [many, good], group-by: [source.ip], timespan: 1m}
---
title: Many failures
name: many
correlation: {type: event_count, rules: [bad], group-by: [source.ip], timespan: 10s, condition: {gte: 3}}
---
title: A failure
name: bad
logsource: {product: linux}
detection: {s: {event.action: ssh_login, event.outcome: failure}, condition: s}
---
title: A success
name: good
logsource: {product: linux}
detection: {s: {event.action: ssh_login, event.outcome: success}, condition: s}
"""


def hunt(events, *options):
    with tempfile.NamedTemporaryFile("w", suffix=".ndjson", encoding="utf-8") as file:
        file.writelines(json.dumps(event) + "\n" for event in events)
        file.flush()
        found = subprocess.run([MERLON, "hunt", "--json", "--taxonomy", "raw", "--rules", DATA,
                                *options, file.name], capture_output=True, text=True)
    if found.returncode != 0:
        return [{"rule": "failed", "error": found.stderr}]
    return [json.loads(line) for line in found.stdout.splitlines()]


def one_file(path):
    rule = os.path.splitext(path)[0] + ".yml"
    with open(rule, encoding="utf-8") as file:
        rule_id = next(line.split()[1] for line in file if line.startswith("id:"))
    for title, stream in streams.load(path)[2].items():
        rows = hunt(streams.documents(stream, 0))
        own = [row for row in rows if row["rule"] == rule_id]
        name = f"{os.path.basename(rule)}: {title}"
        if not check(name, len(own) == stream["alerts"], rows):
            continue
        for part in ("indexes", "keys"):
            if part in stream:
                equal(f"{name}: {part}", [row[part] for row in own], stream[part])
        if "others" in stream:
            equal(f"{name}: other rules", sorted({row["rule"] for row in rows} - {rule_id}),
                  stream["others"])


def same_whatever_the_threads():
    """All streams one after another, read in several ways."""
    events = []
    for n, path in enumerate(sorted(glob.glob(os.path.join(DATA, "*.json")))):
        for m, stream in enumerate(streams.load(path)[2].values()):
            events += streams.documents(stream, 20 * n + m)
    rows = hunt(events)
    check(f"{len(rows)} matches in {len(events)} events", len(rows) > 100, len(rows))
    for options in (["--threads", "1"], ["--threads", "2", "--batch", "1"], ["--batch", "7"]):
        equal("the same with " + " ".join(options), hunt(events, *options) == rows, True)


def recordings():
    """The older of two recordings may come second."""
    path = os.path.join(DATA, "chain.json")
    whole = streams.load(path)[2]["for minutes, then in"]
    with tempfile.TemporaryDirectory() as top:
        names = [os.path.join(top, name) for name in ("older", "newer")]
        for n, name in enumerate(names):
            with open(name, "w", encoding="utf-8") as file:
                for event in streams.documents(whole, n):
                    event.update({"event": {"action": "ssh_login", "outcome": event["what"]},
                                  "source": {"ip": "192.0.2.7"}})
                    file.write(json.dumps(event) + "\n")
        rule = os.path.join(top, "rule.yml")
        with open(rule, "w", encoding="utf-8") as file:
            file.write(RECORDED)
        for title, order in (("in order", names), ("the older second", names[::-1])):
            found = subprocess.run([MERLON, "replay", "--json", "--rules", rule, *order],
                                   capture_output=True, text=True)
            equal(f"replay of two recordings, {title}", found.stdout.count('"kind":"alert"'), 2)


def hosts():
    """In replay what happens on one host is not counted for another."""
    rules = os.path.join(os.path.dirname(DATA), "..", "..", "rules", "linux", "credential_access")
    test = streams.load(os.path.join(rules, "..", "..", "tests", "linux", "credential_access",
                                     "ssh_password_guessed_by_many.json"))[2]
    events = streams.documents(test["ten addresses, then in"], 0)
    for wanted in (1, 0):
        with tempfile.NamedTemporaryFile("w", suffix=".ndjson", encoding="utf-8") as file:
            file.writelines(json.dumps(event) + "\n" for event in events)
            file.flush()
            found = subprocess.run([MERLON, "replay", "--json", "--rules", rules, file.name],
                                   capture_output=True, text=True)
        equal(f"replay: failures on {2 - wanted} host{'' if wanted else 's'}",
              found.stdout.count('"kind":"alert"'), wanted)
        for event in events[::2]:
            event["host"]["id"] = "another"


def main():
    checked = subprocess.run([MERLON, "rules", "check", "--json", DATA], capture_output=True)
    equal("every correlation is taken", checked.returncode, 0)
    for path in sorted(glob.glob(os.path.join(DATA, "*.json"))):
        if not NAMES or any(name in path for name in NAMES):
            one_file(path)
    same_whatever_the_threads()
    hosts()
    recordings()
    done()


main()
