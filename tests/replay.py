"""merlon replay as a user sees it: statuses, counts, order, wrappers, the same output each time."""
import gzip
import json
import os
import subprocess
import sys
import tempfile
from tap import check, done, equal, skip

MERLON = sys.argv[1]
DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
STORY, BROKEN = (os.path.join(DATA, name) for name in ("download.ndjson", "broken.ndjson"))
RULES = ("--rules", os.path.join(DATA, "rules"))


def replay(*arguments, data=None):
    """(status, standard output, standard error)"""
    done_ = subprocess.run([MERLON, "replay", *arguments], input=data, capture_output=True)
    return done_.returncode, done_.stdout, done_.stderr.decode(errors="replace")


def lines(output, kind=None):
    rows = [json.loads(line) for line in output.splitlines()]
    return [row for row in rows if kind is None or row.get("kind") == kind]


def summary(output):
    """The last line, without what may differ from run to run."""
    row = lines(output)[-1]
    return {key: value for key, value in row.items() if key not in ("seconds", "events_per_second")}


def without_speed(output):
    return output.splitlines()[:-1], summary(output)


def counts():
    status, output, errors = replay("--json", *RULES, STORY)
    equal("status of a good recording", status, 0)
    last = summary(output)
    equal("kind of the last line", last["kind"], "summary")
    equal("every record is read", (last["records"], last["accepted"], last["skipped"]), (12, 12, 0))
    equal("one alert", last["alerts"], 1)
    alert = lines(output, "alert")[0]
    equal("the rule", alert["rule"]["id"], "5d0c8d39-6f0a-4e8d-9a39-2a4f2ad7b001")
    equal("its technique", alert["threat"]["technique"], ["T1053.003"])
    equal("the event's index", alert["events"][0]["index"], 9)
    check("it says why", alert["why"], alert)
    equal("ancestry in the alert", alert["process"]["executable"], "/usr/bin/crontab")
    check("one incident", len(lines(output, "incident")) == 1, output.decode())
    equal("nothing on standard error", errors, "")


def broken_records():
    status, output, errors = replay("--json", *RULES, BROKEN)
    equal("a broken record does not change the status", status, 0)
    last = summary(output)
    check("records = accepted + skipped", last["records"] == last["accepted"] + last["skipped"], last)
    equal("what follows a broken record is read", last["accepted"], 3)
    check("broken records are counted", last["skipped"] >= 2, last)
    check("and named with file and place", "broken.ndjson:2" in errors, errors)


def same_each_time():
    first, second = (replay("--json", *RULES, STORY, BROKEN)[1] for _ in range(2))
    equal("two runs print the same", without_speed(first), without_speed(second))
    first, second = (replay("--events", *RULES, STORY)[1] for _ in range(2))
    equal("two runs print the same events", first, second)


def wrappers():
    with open(STORY, "rb") as file:
        text = file.read()
    rows = [json.loads(line) for line in text.splitlines()]
    plain = without_speed(replay("--json", *RULES, "-", data=text)[1])
    equal("standard input", plain[1]["alerts"], 1)
    forms = {
        "an array": json.dumps(rows),
        "pretty-printed objects": "\n".join(json.dumps(row, indent=2) for row in rows),
        "objects without line ends": "".join(json.dumps(row) for row in rows),
        "_source": "\n".join(json.dumps({"_index": "x", "_source": row}) for row in rows),
        "Kibana hits": json.dumps({"hits": {"hits": [{"_source": row} for row in rows]}}),
    }
    for name, form in forms.items():
        got = summary(replay("--json", *RULES, "-", data=form.encode())[1])
        equal(name, (got["accepted"], got["alerts"]), (12, 1))
    got = replay("--json", *RULES, "-", data=gzip.compress(text))[1]
    equal("gzip", without_speed(got), plain)


def events_and_save():
    events = lines(replay("--events", "--no-rules", STORY)[1])
    equal("--events prints each", len(events), 12)
    equal("and keeps what it was", events[1]["process"]["args"], ["ls", "-l"])
    with tempfile.TemporaryDirectory() as folder:
        saved = os.path.join(folder, "saved")
        status, first, _ = replay("--json", *RULES, "--save", saved, STORY)
        equal("--save", status, 0)
        if os.path.exists(saved):
            second = replay("--json", *RULES, saved)[1]
            equal("a saved recording raises the same alerts",
                  [row["rule"]["id"] for row in lines(second, "alert")],
                  [row["rule"]["id"] for row in lines(first, "alert")])


def wrong_use():
    equal("a missing file", replay("--json", "/nonexistent.ndjson")[0], 1)
    equal("no file", replay("--json")[0], 2)
    equal("an unknown format", replay("--format", "pdf", STORY)[0], 2)
    equal("missing rules", replay("--rules", "/nonexistent", STORY)[0], 1)
    with open("/dev/full", "wb") as full:
        status = subprocess.run([MERLON, "replay", "--json", "--no-rules", STORY], stdout=full,
                                stderr=subprocess.DEVNULL).returncode
    equal("a full disk", status, 1)


def hostile_text():
    row = json.loads(open(STORY, encoding="utf-8").readlines()[9])
    row["process"]["command_line"] = "crontab \x1b]0;owned\x07 -"
    output = replay(*RULES, "-", data=json.dumps(row).encode())[1]
    check("control characters do not reach the terminal", b"\x1b]0" not in output and b"\x07" not in output,
          output)


def main():
    if subprocess.run([MERLON, "help", "replay"], capture_output=True).returncode != 0:
        skip("replay", "this build has no replay")
        done()
    for part in (counts, broken_records, same_each_time, wrappers, events_and_save, wrong_use,
                 hostile_text):
        try:
            part()
        except (KeyError, IndexError, ValueError) as error:
            check(f"{part.__name__}: output has the promised form", False, repr(error))
    done()


main()
