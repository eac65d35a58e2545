#!/usr/bin/env python3
"""How fast recordings are read and judged: a million events made of this host's own at work.

Records tests/benign/work.sh and, among it, benchmarks/replay/attacks.sh with `merlon record`,
multiplies the recording with benchmarks/replay/multiply.c, measures on one core. Needs root for the
recording. The events stay in build/benchmarks/events.*, so that the next run measures the same;
--record makes new ones. Called by ./bench replay.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import time
import live

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(TOP, "build")
MERLON = os.path.join(BUILD, "merlon")
TOOLS = os.path.join(BUILD, "benchmarks")
KEPT = os.path.join(TOOLS, "events")
PARTS = ["make", "git", "python", "editing", "archives", "shell", "users", "build_package", "ci", "ssh", "packages"]
COUNT = 1000000
LONGEST = 2048  # bytes of a record that stands for common ones
SAMPLE = 4000  # events for the naive evaluator, which takes milliseconds for each


def shared():
    return os.environ.get("MERLON_SHARED") or os.path.join(os.path.dirname(TOP), "shared")


def say(text):
    print(text, file=sys.stderr, flush=True)


def run(*command, **options):
    return subprocess.run(command, check=True, text=True, capture_output=True, **options).stdout


def record(path):
    """This host's events while it works and is attacked a little."""
    data = path + ".data"
    agent = subprocess.Popen([MERLON, "record", "--quiet", "--data", data, path], stderr=subprocess.PIPE)
    while subprocess.run([MERLON, "status", "--data", data], capture_output=True).returncode != 0:
        if agent.poll() is not None:
            sys.exit("nothing can be recorded here:\n" + agent.stderr.read().decode())
        time.sleep(0.1)
    for number, part in enumerate(PARTS):
        say(f"recording: {part}")
        subprocess.run(["setsid", "-w", "bash", os.path.join(TOP, "tests", "benign", "work.sh"), part],
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if number % 3 == 0:
            subprocess.run(["setsid", "-w", "bash", os.path.join(TOP, "benchmarks", "replay", "attacks.sh")],
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    agent.terminate()
    agent.wait(30)
    shutil.rmtree(data, ignore_errors=True)


def drop(holder, *names):
    for name in names:
        holder.pop(name, None)


def shorten_process(process):
    """Without capabilities, all ancestors, the further ids of users, and what belongs to other
    processes than the parent."""
    drop(process.get("Ext", {}), "ancestry")
    parent = process.get("parent", {})
    for holder in (process, parent):
        drop(holder, "real_user", "real_group", "saved_user", "saved_group", "thread", "entry_leader",
             "session_leader", "group_leader", "previous")
    drop(parent, "args", "args_count", "start", "hash")


def drop_same_ids(event):
    """Ids of users and groups that say once more what user.id and group.id say."""
    for name in ("user", "group"):
        holder = event.get(name, {})
        own = {"id": holder.get("id")}
        if holder.get("Ext") == {"real": own}:
            drop(holder, "Ext")
        if holder.get("effective") == own:
            drop(holder, "effective")
    process = event.get("process", {})
    for holder in (process, process.get("parent", {})):
        if holder.get("group") == {"id": event.get("group", {}).get("id")}:
            drop(holder, "group")


def shorten(event):
    """Without what shippers of ECS leave out or send once. Every field that a rule asks an event of
    Linux for stays."""
    drop(event, "Effective_process", "agent")
    drop(event.get("data_stream", {}), "namespace")
    host = event.get("host", {})
    drop(host, "ip", "architecture", "hostname")
    drop(host.get("os", {}), "kernel", "version")
    shorten_process(event.get("process", {}))
    drop_same_ids(event)


def to_ndjson(recording, path):
    """The same events with what the process graph knows, as documents of about a kilobyte."""
    export = subprocess.Popen([MERLON, "replay", "--quiet", "--no-rules", "--events", recording],
                              stdout=subprocess.PIPE, text=True)
    with open(path, "w", encoding="utf-8") as out:
        for line in export.stdout:
            event = json.loads(line)
            shorten(event)
            line = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
            if len(line) <= LONGEST:
                out.write(line + "\n")
    if export.wait() != 0:
        sys.exit("the recording cannot be read")


def multiply(seed, path):
    with open(path, "wb") as out:
        subprocess.run([os.path.join(TOOLS, "multiply"), seed, str(COUNT)], stdout=out, check=True)


def prepare(again):
    wanted = [KEPT + end for end in (".ndjson", ".merlon", ".seed.ndjson")]
    if not again and all(os.path.exists(path) for path in wanted):
        return
    if os.geteuid() != 0:
        say("recording this host's work needs root")
        sys.exit(77)
    seed = KEPT + ".seed.merlon"
    for path in [seed, *wanted]:
        if os.path.exists(path):
            os.remove(path)
    record(seed)
    make(seed)


def make(seed):
    to_ndjson(seed, KEPT + ".seed.ndjson")
    multiply(KEPT + ".seed.ndjson", KEPT + ".ndjson")
    multiply(seed, KEPT + ".merlon")


def best(measure, rounds):
    """The fastest of some runs: a busy machine only makes them slower."""
    return max((measure() for _ in range(rounds)), key=lambda result: result["events_per_second"])


def bench_rules(rules, recording, rounds):
    return best(lambda: json.loads(run(MERLON, "rules", "bench", "--json", rules, recording)), rounds)


def replay(recording, rounds):
    def once():
        begin = os.times()
        out = run(MERLON, "replay", "--json", "--quiet", recording).splitlines()[-1]
        end = os.times()
        summary = json.loads(out)
        spent = end.children_user + end.children_system - begin.children_user - begin.children_system
        summary["events_per_second"] = summary["events"] / spent
        return summary
    return best(once, rounds)


def naive_matches(rules):
    """(matches of the naive evaluator, of Merlon) over the sample; exits when they differ."""
    sample = KEPT + ".sample.ndjson"
    with open(KEPT + ".seed.ndjson", encoding="utf-8") as file:
        lines = file.readlines()
    with open(sample, "w", encoding="utf-8") as file:
        file.writelines(lines[::max(1, len(lines) // SAMPLE)])
    out = run(os.path.join(TOOLS, "naive"), rules, sample)
    events, naive = (int(word) for word in out.split())
    ours = bench_rules(rules, sample, 1)["matches"]
    if naive != ours:
        sys.exit(f"{sample}: Merlon finds {ours} matches, the naive evaluator {naive}")
    return events, naive


def row(name, command, result, goal):
    matches = result.get("matches", result.get("alerts"))
    rate = result["events_per_second"]
    cells = [name, f"`{command}`", f"{rate:,.0f}", goal, f"{matches:,}", f"{100 * matches / result['events']:.2f} %"]
    return "| " + " | ".join(cells) + " |"


def table(rounds):
    ndjson, binary = KEPT + ".ndjson", KEPT + ".merlon"
    shipped = os.path.join(TOP, "rules")
    public = os.path.join(shared(), "corpora", "sigma", "rules", "linux")
    lines = ["| from | command | events/s on one core | goal | matches | of events |", "|---|---|---|---|---|---|"]
    notes = []
    lines.append(row("NDJSON, shipped rules", "merlon rules bench rules events.ndjson",
                     bench_rules(shipped, ndjson, rounds), ""))
    if os.path.isdir(public):
        lines.append(row("NDJSON, 210 public Linux rules of Sigma", "merlon rules bench sigma/rules/linux events.ndjson",
                         bench_rules(public, ndjson, rounds), "300,000"))
        events, matches = naive_matches(public)
        notes.append(f"Checked: on a sample of {events:,} of the events the naive evaluator of the tests "
                     f"finds {matches:,} matches of the public rules, and Merlon as many.")
    else:
        notes.append("Left out: the public rules of Sigma are not at MERLON_SHARED.")
    lines.append(row("binary, shipped rules", "merlon rules bench rules events.merlon",
                     bench_rules(shipped, binary, rounds), "500,000"))
    lines.append(row("binary, shipped rules, process graph and incidents", "merlon replay events.merlon",
                     replay(binary, rounds), "500,000"))
    sizes = [os.path.getsize(path) // COUNT for path in (ndjson, binary)]
    notes.insert(0, f"{COUNT:,} events of {sizes[0]} bytes (NDJSON) and {sizes[1]} bytes (binary) on average, best of "
                    f"{rounds} runs, events per second of processor time. {live.machine()}.")
    return "\n".join(lines + [""] + notes)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--record", action="store_true", help="record this host anew")
    options = parser.parse_args()
    prepare(options.record)
    print(table(options.rounds))


if __name__ == "__main__":
    main()
