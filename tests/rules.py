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
import tomllib
import streams
from tap import check, done, equal, skip

MERLON, NAMES = sys.argv[1], sys.argv[2:]
TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RULES = os.path.join(TOP, "rules")
BENIGN = sorted(glob.glob(os.path.join(TOP, "tests", "benign", "*.ndjson")))
SYSTEMS = ("linux", "macos", "cross")
TACTICS = {"initial-access", "execution", "persistence", "privilege-escalation", "defense-evasion",
           "credential-access", "discovery", "lateral-movement", "collection", "command-and-control",
           "exfiltration", "impact"}
RULES_MIN, EQL_MIN = 280, 60
UUID4 = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def rule_files():
    """{rule: its file}, a rule being named by its path below rules/ without suffix."""
    found = {}
    for path in sorted(glob.glob(os.path.join(RULES, "*", "*", "*"))):
        name, suffix = os.path.splitext(os.path.relpath(path, RULES))
        if suffix in (".yml", ".toml") and name.split(os.sep)[0] in SYSTEMS:
            if not NAMES or any(part in name for part in NAMES):
                found[name] = path
    return found


def tags_of(name, tactics, techniques):
    """What is wrong with the place of a rule in ATT&CK."""
    wrong = [] if techniques else ["no technique"]
    if os.path.basename(os.path.dirname(name)).replace("_", "-") not in tactics:
        wrong.append("the tactic of its folder is missing")
    return wrong + [f"unknown tactic {tactic}" for tactic in tactics if tactic not in TACTICS]


def toml_facts(name, text):
    """(id, title, what is wrong) of a rule in EQL."""
    table = tomllib.loads(text)
    rule, wrong = table.get("rule", {}), []
    for field, pattern in (("id", UUID4), ("name", r".{10,110}"), ("license", r"Apache-2\.0"),
                           ("version", r"\d+\.\d+\.\d+"),
                           ("severity", r"(informational|low|medium|high|critical)"),
                           ("description", r"(?s).{20,}"), ("query", r"(?s).{10,}")):
        if not re.fullmatch(pattern, str(rule.get(field, "")).strip()):
            wrong.append(f"{field} is missing or odd")
    if rule.get("author") != ["Merlon contributors"]:
        wrong.append("author is missing or odd")
    system = name.split(os.sep)[0]
    if sorted(rule.get("os_list", [])) != (["linux", "macos"] if system == "cross" else [system]):
        wrong.append("os_list is not that of its folder")
    links = re.findall(r"https?://([^\s\"']+)", text)
    wrong += [f"reference to {link}" for link in links if not link.startswith("attack.mitre.org/")]
    threats = table.get("threat", [])
    tactics = [threat.get("tactic", {}).get("name", "").lower().replace(" ", "-")
               for threat in threats]
    techniques = [row.get("id") for threat in threats for row in threat.get("technique", [])]
    return rule.get("id", name), rule.get("name", name), wrong + tags_of(name, tactics, techniques)


def sigma_facts(name, text):
    """(id, title, what is wrong) of a rule in Sigma: of the first document of its file."""
    first = re.split(r"^---$", text, maxsplit=1, flags=re.M)[0]
    found = [re.search(pattern, first, re.M)
             for pattern in (r"^id: (\S+)$", r"^title: (.*(?:\n +.*)*)")]
    return *(match.group(1) if match else name for match in found), form_of(name, first)


def form_of(name, text):
    """What is wrong with a rule's form; an empty list is a good rule."""
    wrong = []
    for field, pattern in (("title", r".{10,110}"), ("id", UUID4), ("status", r"\w+"),
                           ("author", "Merlon contributors"), ("date", r"\d{4}-\d\d-\d\d"),
                           ("level", r"(informational|low|medium|high|critical)"),
                           ("license", r"Apache-2\.0")):
        if not re.search(rf"^{field}: (>-\n +)?{pattern}$", text, re.M):
            wrong.append(f"{field} is missing or odd")
    sections = ["description", "references", "tags", "falsepositives"]
    if not re.search("^correlation:", text, re.M):
        sections += ["logsource", "detection"]
    wrong += [f"{section} is missing" for section in sections
              if not re.search(rf"^{section}:", text, re.M)]
    tags = re.findall(r"^    - attack\.(\S+)$", text, re.M)
    techniques = [tag for tag in tags if re.fullmatch(r"t\d{4}(\.\d{3})?", tag)]
    wrong += tags_of(name, [tag for tag in tags if tag not in techniques], techniques)
    links = re.findall(r"^    - https?://(\S+)$", text, re.M)
    wrong += [f"reference to {link}" for link in links
              if not link.startswith("attack.mitre.org/techniques/T")]
    return wrong


def forms(files):
    """{rule: its id}"""
    seen, ids, wrong = {}, {}, []
    for name, path in files.items():
        with open(path, encoding="utf-8") as file:
            facts = toml_facts if path.endswith(".toml") else sigma_facts
            rule_id, title, reasons = facts(name, file.read())
        wrong += [f"{name}: {reason}" for reason in reasons]
        for key in (rule_id, title):
            if key in seen:
                wrong.append(f"{name} and {seen[key]} share {key}")
            seen[key] = name
        ids[name] = rule_id
    equal(f"form of {len(files)} rules", wrong, [])
    return ids


def load_tests(names):
    """((rule, whether it must fire, event), …) and ((rule, name, stream), …) in a fixed order."""
    cases, flows, wrong = [], [], []
    for name in names:
        try:
            test = streams.load(os.path.join(RULES, "tests", name + ".json"))
        except (OSError, ValueError, streams.Malformed) as error:
            wrong.append(f"{name}: {error}")
            continue
        cases += [(name, True, event) for event in test[0]]
        cases += [(name, False, event) for event in test[1]]
        flows += [(name, title, stream) for title, stream in test[2].items()]
    known = glob.glob(os.path.join(RULES, "tests", "**", "*.json"), recursive=True)
    for file in known:
        rule = os.path.relpath(file, os.path.join(RULES, "tests"))[:-len(".json")]
        if not any(os.path.exists(os.path.join(RULES, rule + end)) for end in (".yml", ".toml")):
            wrong.append(f"{rule}: a test without a rule")
    equal("every rule has a test", wrong, [])
    return cases, flows


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
    """The alerts, as (rule id, index of the event that completed it)."""
    with tempfile.NamedTemporaryFile("w", suffix=".ndjson", encoding="utf-8") as file:
        for event in events:
            file.write(json.dumps(event, ensure_ascii=False) + "\n")
        file.flush()
        found = subprocess.run([MERLON, "replay", "--json", "--format", "ecs", "--rules", RULES,
                                file.name], capture_output=True)
    alerts, summary = [], {}
    for line in found.stdout.splitlines():
        row = json.loads(line)
        if row["kind"] == "alert":
            at = [event["file_index"] for event in row["events"] if event is not None]
            alerts.append((row["rule"]["id"], max(at)))
        elif row["kind"] == "summary":
            summary = row
    equal("replay reads every event", (found.returncode, summary.get("accepted")), (0, len(events)))
    return alerts


def verdicts(cases, ids):
    alerts = set(replay([as_recorded(event, n) for n, (_, _, event) in enumerate(cases)]))
    missed, noisy = [], []
    for n, (name, fires, event) in enumerate(cases):
        if ((ids[name], n) in alerts) != fires:
            (missed if fires else noisy).append(f"{name}: {json.dumps(event)[:160]}")
    equal("firing events alert", missed, [])
    equal("silent events do not", noisy, [])


def stream_verdicts(flows, ids, idle):
    """Each stream raises as many alerts of its rule as it says."""
    wrong, events, owner = [], [], []
    ready = [flow for flow in flows if flow[0] not in idle]
    for n, (_, _, stream) in enumerate(ready):
        more = streams.documents(stream, n)
        events += more
        owner += [n] * len(more)
    alerts = replay(events)
    for n, (name, title, stream) in enumerate(ready):
        found = sum(rule == ids[name] and owner[at] == n for rule, at in alerts)
        if found != stream["alerts"]:
            wrong.append(f"{name}, \"{title}\": {found} alerts, not {stream['alerts']}")
    equal(f"{len(ready)} streams raise the alerts they should", wrong, [])
    for name in sorted({flow[0] for flow in flows if flow[0] in idle}):
        skip(f"streams of {name}", idle[name])


def benign(file, names_of):
    """Silence on ordinary work, event by event and as one stream."""
    with open(file, encoding="utf-8") as lines:
        events = [json.loads(line) for line in lines if line.strip()]
    whole = {"events": events, "alerts": 0}
    for title, documents in (("events", [as_recorded(event, n) for n, event in enumerate(events)]),
                             ("events in a row", streams.documents(whole, 0))):
        found = [f"{names_of.get(rule, rule)}: {json.dumps(events[n])[:160]}"
                 for rule, n in replay(documents)]
        equal(f"{len(events)} {title} of benign work raise no alert ({os.path.basename(file)})",
              found, [])


def skipped(files):
    """{rule: reason} of what `rules check` skips."""
    found = subprocess.run([MERLON, "rules", "check", "--json", RULES], capture_output=True)
    equal("rules check accepts them", found.returncode, 0)
    rows = [json.loads(line) for line in found.stdout.splitlines()]
    reasons = {row["file"]: row["reason"] for row in rows
               if row["status"] == "skipped" and row["document"] == 0}
    return {name: reasons[path] for name, path in files.items() if path in reasons}


def main():
    files = rule_files()
    in_eql = sum(path.endswith(".toml") for path in files.values())
    check(f"at least {RULES_MIN} rules, {EQL_MIN} of them in EQL",
          NAMES or len(files) >= RULES_MIN and in_eql >= EQL_MIN, len(files), in_eql)
    ids = forms(files)
    cases, flows = load_tests(files)
    idle = skipped(files)
    if subprocess.run([MERLON, "help", "replay"], capture_output=True).returncode != 0:
        skip("events of the tests", "this build has no replay")
    else:
        verdicts(cases, ids)
        stream_verdicts(flows, ids, idle)
        for file in BENIGN:
            benign(file, {rule_id: name for name, rule_id in ids.items()})
    done()


main()
