"""hunt from the command line: the same matches however the input is read and whatever its order; times,
categories and ties as the options say."""
import json
import os
import random
import subprocess
import sys
import tempfile
import tap

MERLON = sys.argv[1]
SEQUENCE = """sequence by process.parent.entity_id with maxspan=30s
  [process where event.action == "exec" and process.name == "curl"]
  ![file where event.action == "deletion"]
  [process where event.action == "exec" and process.name : "s*"]"""


def hunt(*arguments, data=None):
    return subprocess.run([MERLON, "hunt", "--json", *arguments], input=data, capture_output=True, text=True)


def matches(*arguments, data=None):
    done = hunt(*arguments, data=data)
    if done.returncode != 0:
        return done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return [match.get("indexes", match.get("index")) for match in found]


def write(folder, name, documents):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(document) + "\n" for document in documents)
    return path


def busy_day(dice):
    """Events of a few parents, one after the other, some at the same time."""
    now, events = 0, []
    for number in range(3000):
        now += dice.choice([0, 0, 100, 700, 4000])
        stamp = f"2026-01-01T{now // 3600000:02d}:{now // 60000 % 60:02d}:{now // 1000 % 60:02d}.{now % 1000:03d}Z"
        parent = f"p{dice.randrange(40)}"
        if dice.random() < 0.2:
            event = {"category": ["file"], "action": "deletion", "type": ["deletion"]}
        else:
            event = {"category": ["process"], "action": "exec", "type": ["start"]}
        events.append({"@timestamp": stamp, "event": event, "number": number,
                       "process": {"name": dice.choice(["curl", "sh", "ls", "SSH"]), "entity_id": f"e{number}",
                                   "parent": {"entity_id": parent}}})
    return events


def same_matches(folder):
    events = busy_day(random.Random(7))
    path = write(folder, "day.ndjson", events)
    ids = ["--eql", SEQUENCE, "--id-field", "number"]
    expected = matches(*ids, "--threads", "1", "--batch", "1", path)
    tap.check("a sequence is found in a busy day", isinstance(expected, list) and len(expected) > 20, str(expected)[:300])
    for threads in ("1", "2"):
        for batch in ("1", "7", "256", "100000"):
            got = matches(*ids, "--threads", threads, "--batch", batch, path)
            tap.check(f"the same with {threads} threads, batches of {batch}", got == expected)
    with open(path, encoding="utf-8") as file:
        got = matches(*ids, "-", data=file.read())
    tap.check("the same from standard input", got == expected)
    shuffled = list(events)
    random.Random(8).shuffle(shuffled)
    got = matches(*ids, "--tiebreaker-field", "number", write(folder, "shuffled.ndjson", shuffled))
    tap.check("the same when the records are in no order, with a tiebreaker",
              isinstance(got, list) and sorted(map(str, got)) == sorted(map(str, expected)), str(got)[:200])


def disorder(folder):
    late = [{"@timestamp": "2026-01-01T00:00:02Z", "event": {"category": "process"}, "process": {"name": "b"}},
            {"@timestamp": "2026-01-01T00:00:01Z", "event": {"category": "process"}, "process": {"name": "a"}}]
    path = write(folder, "late.ndjson", late)
    with open(path, "a", encoding="utf-8") as file:
        file.write("{\"broken\":\n")
    query = 'sequence [process where process.name == "a"] [process where process.name == "b"]'
    done = hunt("--eql", query, path)
    tap.check("records out of order are put in order", json.loads(done.stdout or "{}").get("indexes") == [1, 0], done.stdout)
    tap.check("a broken record is told once though the input is read twice", done.stderr.count("late.ndjson:3") == 1,
              done.stderr)


def times_and_categories(folder):
    documents = [{"when": 10, "what": "process", "n": 1}, {"when": 13, "what": "file", "n": 2}, {"when": 14, "what": "file", "n": 3}]
    path = write(folder, "own.ndjson", documents)
    own = ["--time-field", "when", "--time-unit", "s", "--category-field", "what", "--id-field", "n"]
    query = "sequence with maxspan=3s [process where true] [file where true]"
    tap.check("own names of time and category", matches("--eql", query, *own, path) == [[1, 2]])
    tap.check("the unit counts", matches("--eql", query.replace("3s", "3ms"), *own[:3], "ms", *own[4:], path) == [[1, 2]]
              and matches("--eql", query.replace("3s", "2s"), *own, path) == [])
    older = [{"timestamp": 131485996510000000, "event_type": "registry", "n": 1}]
    tap.check("documents of the older form", matches("--eql", "registry where n == 1", write(folder, "older.ndjson", older)) == [0])


def own_recording(folder):
    path, kept = write(folder, "day2.ndjson", busy_day(random.Random(9))[:50]), os.path.join(folder, "kept.merlon")
    subprocess.run([MERLON, "replay", "--quiet", "--no-rules", "--save", kept, path], capture_output=True)
    query = 'process where event.action == "exec" and process.name == "curl"'
    tap.check("Merlon's own recording gives what the documents give",
              matches("--eql", query, kept) == matches("--eql", query, path) != [])


def wrong_use(folder):
    path = write(folder, "one.ndjson", [{"a": 1}])
    done = hunt("--eql", "process where process.name = ", path)
    tap.check("a wrong query fails with its place", done.returncode == 1 and "column" in done.stderr, done.stderr)
    tap.check("no query is wrong use", hunt(path).returncode == 2)
    tap.check("three threads are wrong use", hunt("--eql", "any where true", "--threads", "3", path).returncode == 2)
    both = hunt("--eql", "any where true", "--case-sensitive", "--case-insensitive", path)
    tap.check("with and without case is wrong use", both.returncode == 2)


def main():
    with tempfile.TemporaryDirectory(prefix="merlon-hunt-") as folder:
        same_matches(folder)
        disorder(folder)
        times_and_categories(folder)
        own_recording(folder)
        wrong_use(folder)
    tap.done()


if __name__ == "__main__":
    main()
