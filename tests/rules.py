#!/usr/bin/env python3
"""The shipped rules: their form, their firing and silent events, and silence on benign work.

rules.py MERLON [NAME…]: only rules whose path holds one of the names. See rules/README.md."""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile
from tap import check, done, equal, skip

MERLON, NAMES = sys.argv[1], sys.argv[2:]
TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RULES = os.path.join(TOP, "rules")
BENIGN = sorted(glob.glob(os.path.join(TOP, "tests", "benign", "*.ndjson")))
SYSTEMS = ("linux", "macos", "cross")
TACTICS = {"initial-access", "execution", "persistence", "privilege-escalation", "defense-evasion",
           "credential-access", "discovery", "lateral-movement", "collection", "command-and-control",
           "exfiltration", "impact"}
RULES_MIN = 100
UUID4 = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def rule_files():
    files = []
    for system in SYSTEMS:
        files += glob.glob(os.path.join(RULES, system, "*", "*.yml"))
    names = sorted(os.path.relpath(file, RULES)[:-len(".yml")] for file in files)
    return [name for name in names if not NAMES or any(part in name for part in NAMES)]


def form_of(name, text):
    """What is wrong with a rule's form; an empty list is a good rule."""
    wrong = []
    for field, pattern in (("title", r".{10,110}"), ("id", UUID4), ("status", r"\w+"),
                           ("author", "Merlon contributors"), ("date", r"\d{4}-\d\d-\d\d"),
                           ("level", r"(informational|low|medium|high|critical)"),
                           ("license", r"Apache-2\.0")):
        if not re.search(rf"^{field}: (>-\n +)?{pattern}$", text, re.M):
            wrong.append(f"{field} is missing or odd")
    for section in ("description", "references", "tags", "logsource", "detection", "falsepositives"):
        if not re.search(rf"^{section}:", text, re.M):
            wrong.append(f"{section} is missing")
    tags = re.findall(r"^    - attack\.(\S+)$", text, re.M)
    techniques = [tag for tag in tags if re.fullmatch(r"t\d{4}(\.\d{3})?", tag)]
    if not techniques:
        wrong.append("no technique among the tags")
    if os.path.basename(os.path.dirname(name)).replace("_", "-") not in tags:
        wrong.append("the tactic of its folder is not among the tags")
    wrong += [f"unknown tag {tag}" for tag in tags if tag not in techniques and tag not in TACTICS]
    links = re.findall(r"^    - https?://(\S+)$", text, re.M)
    wrong += [f"reference to {link}" for link in links
              if not link.startswith("attack.mitre.org/techniques/T")]
    return wrong


def forms(names):
    ids, titles, wrong = {}, {}, []
    for name in names:
        with open(os.path.join(RULES, name + ".yml"), encoding="utf-8") as file:
            text = file.read()
        wrong += [f"{name}: {reason}" for reason in form_of(name, text)]
        for known, pattern in ((ids, r"^id: (\S+)$"), (titles, r"^title: (.*(?:\n +.*)*)")):
            found = re.search(pattern, text, re.M)
            key = found.group(1) if found else name
            if key in known:
                wrong.append(f"{name} and {known[key]} share {key}")
            known[key] = name
    equal(f"form of {len(names)} rules", wrong, [])
    return {rule_id: name for rule_id, name in ids.items()}


def load_tests(names):
    """(rule, whether it must fire, event) in a fixed order."""
    cases, wrong = [], []
    for name in names:
        try:
            with open(os.path.join(RULES, "tests", name + ".json"), encoding="utf-8") as file:
                test = json.load(file)
        except (OSError, ValueError) as error:
            wrong.append(f"{name}: {error}")
            continue
        if not test.get("fires") or not test.get("silent"):
            wrong.append(f"{name}: needs an event under fires and one under silent")
        cases += [(name, True, event) for event in test.get("fires", [])]
        cases += [(name, False, event) for event in test.get("silent", [])]
    tests = glob.glob(os.path.join(RULES, "tests", "**", "*.json"), recursive=True)
    for file in tests:
        rule = os.path.relpath(file, os.path.join(RULES, "tests"))[:-len(".json")]
        if not os.path.exists(os.path.join(RULES, rule + ".yml")):
            wrong.append(f"{rule}: a test without a rule")
    equal("every rule has a test", wrong, [])
    return cases


def as_recorded(event, number):
    """The event with identity and time of its own, so that no case sees another's processes."""
    event = dict(event)
    event["@timestamp"] = (f"2026-01-01T{number // 3600:02}:{number // 60 % 60:02}:"
                           f"{number % 60:02}.000Z")
    process = dict(event.get("process", {}))
    process.setdefault("pid", 2 * number + 1000)
    process.setdefault("entity_id", f"case-{number}")
    if "parent" in process:
        process["parent"] = dict(process["parent"])
        process["parent"].setdefault("pid", 2 * number + 1001)
        process["parent"].setdefault("entity_id", f"parent-{number}")
    event["process"] = process
    event.setdefault("host", {})["id"] = f"host-{number}"
    return event


def replay(events):
    """For each event the ids of the rules that alerted."""
    with tempfile.NamedTemporaryFile("w", suffix=".ndjson", encoding="utf-8") as file:
        for event in events:
            file.write(json.dumps(event, ensure_ascii=False) + "\n")
        file.flush()
        found = subprocess.run([MERLON, "replay", "--json", "--format", "ecs", "--rules", RULES,
                                file.name], capture_output=True)
    alerts, summary = [set() for _ in events], {}
    for line in found.stdout.splitlines():
        row = json.loads(line)
        if row["kind"] == "alert":
            for event in row["events"]:
                alerts[event["file_index"]].add(row["rule"]["id"])
        elif row["kind"] == "summary":
            summary = row
    equal("replay reads every event", (found.returncode, summary.get("accepted")), (0, len(events)))
    return alerts


def verdicts(cases, names_of):
    alerts = replay([as_recorded(event, n) for n, (_, _, event) in enumerate(cases)])
    ids = {name: rule_id for rule_id, name in names_of.items()}
    missed, noisy = [], []
    for (name, fires, event), fired in zip(cases, alerts):
        if (ids[name] in fired) != fires:
            (missed if fires else noisy).append(f"{name}: {json.dumps(event)[:160]}")
    equal("firing events alert", missed, [])
    equal("silent events do not", noisy, [])


def benign(file, names_of):
    with open(file, encoding="utf-8") as lines:
        events = [json.loads(line) for line in lines if line.strip()]
    alerts = replay([as_recorded(event, n) for n, event in enumerate(events)])
    found = [f"{names_of.get(rule, rule)}: {json.dumps(event)[:160]}"
             for event, fired in zip(events, alerts) for rule in fired]
    equal(f"{len(events)} events of benign work raise no alert ({os.path.basename(file)})", found, [])


def main():
    names = rule_files()
    check(f"at least {RULES_MIN} rules", NAMES or len(names) >= RULES_MIN, len(names))
    names_of = forms(names)
    cases = load_tests(names)
    refused = subprocess.run([MERLON, "rules", "check", "--json", RULES], capture_output=True)
    equal("rules check accepts them", refused.returncode, 0)
    if subprocess.run([MERLON, "help", "replay"], capture_output=True).returncode != 0:
        skip("events of the tests", "this build has no replay")
    else:
        verdicts(cases, names_of)
        for file in BENIGN:
            benign(file, names_of)
    done()


main()
