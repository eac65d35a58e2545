"""What Merlon makes of public recordings and rules that lie outside the tree (MERLON_SHARED)."""
import glob
import json
import os
import subprocess
import sys
from tap import check, done, equal, skip

MERLON = sys.argv[1]
SHARED = os.environ.get("MERLON_SHARED", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "shared"))
DATA, RULES = os.path.join(SHARED, "data", "macos"), os.path.join(SHARED, "corpora", "sigma")
ALERTING_MIN = 28


def run(*arguments):
    done_ = subprocess.run([MERLON, *arguments], capture_output=True)
    rows = [json.loads(line) for line in done_.stdout.splitlines()]
    return done_.returncode, rows, done_.stderr.decode(errors="replace")


def summary_of(files, *arguments):
    rows = run("replay", "--json", *arguments, *files)[1]
    return rows[-1] if rows else {}


def is_json(file):
    try:
        with open(file, encoding="utf-8") as text:
            json.load(text)
    except ValueError:
        return False
    return True


def attack_recordings():
    files = sorted(glob.glob(os.path.join(DATA, "attacks-ecs", "*", "*.json")))
    alerting, silent, unread = 0, [], []
    for file in files:
        status, rows, errors = run("replay", "--json", file)
        if status != 0 or not rows or (rows[-1]["accepted"] == 0 and is_json(file)):
            unread.append(os.path.basename(file))
            continue
        alerts = [row for row in rows if row["kind"] == "alert"]
        if any(alert["why"] and alert["threat"]["technique"] for alert in alerts):
            alerting += 1
        else:
            silent.append(os.path.basename(file))
    equal("every well-formed attack recording is read", unread, [])
    check(f"at least {ALERTING_MIN} of {len(files)} alert with a technique", alerting >= ALERTING_MIN,
          f"{alerting} alert; silent:", *silent)


def other_recordings():
    for name, records in (("apple.bsm", 54), ("openbsm.bsm", 50)):
        got = summary_of([os.path.join(DATA, "bsm", name)], "--no-rules")
        equal(f"records of {name}", (got.get("records"), got.get("skipped")), (records, 0))
    got = summary_of(sorted(glob.glob(os.path.join(DATA, "eslogger", "*.ndjson"))), "--no-rules")
    equal("eslogger: four messages and a broken line", (got.get("accepted"), got.get("skipped")), (4, 1))
    for name, pattern in (("es-json", "es-json/v*/*.json"), ("jamf", "jamf-telemetry/samples/*.json")):
        files = sorted(glob.glob(os.path.join(DATA, pattern)))
        got = summary_of(files, "--no-rules")
        check(f"{name}: nothing lost of {len(files)} files",
              got.get("accepted", 0) >= len(files) and got.get("skipped") == 0, got)


def public_rules():
    status, rows, _ = run("rules", "check", "--json", os.path.join(RULES, "rules"))
    refused = [f"{row['file']}: {row['reason']}" for row in rows if row["status"] == "refused"]
    accepted = [row for row in rows if row["status"] == "ok"]
    equal("rules check accepts every public rule", (status, len(accepted), refused), (0, 279, []))


def regression():
    folder = os.path.join(RULES, "regression")
    with open(os.path.join(folder, "expected.json"), encoding="utf-8") as file:
        expected = {(row["line"], row["rule"]) for row in json.load(file)}
    status, rows, errors = run("hunt", "--json", "--taxonomy", "raw", "--rules",
                               os.path.join(folder, "rules"), os.path.join(folder, "events.ndjson"))
    equal("hunt over the regression events", status, 0)
    missing = expected - {(row["index"], row["rule"]) for row in rows}
    equal("every expected rule fires", sorted(missing), [])


def main():
    if not os.path.isdir(DATA):
        skip("public recordings and rules", "neither MERLON_SHARED nor ../shared leads to them")
        done()
    for command, part in (("replay", attack_recordings), ("replay", other_recordings),
                          ("rules", public_rules), ("hunt", regression)):
        if subprocess.run([MERLON, "help", command], capture_output=True).returncode != 0:
            skip(part.__name__, f"this build has no {command}")
            continue
        try:
            part()
        except (KeyError, IndexError, ValueError) as error:
            check(f"{part.__name__}: output has the promised form", False, repr(error))
    done()


main()
