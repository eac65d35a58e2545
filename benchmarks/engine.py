#!/usr/bin/env python3
"""How fast the detection engine is: public rule sets over a million events of Linux and of macOS,
where the time goes, and the start with thousands of rules. Called by ./bench engine; the Linux events
are those of ./bench replay, which needs root the first time."""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
import live
import replay

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "replay"))
import macos  # noqa: E402

MAC = replay.KEPT + ".macos"
JUDGED = 100000  # events that stay in memory for the second table
MANY = 3000      # rules of the third


def corpora():
    return os.path.join(replay.shared(), "corpora")


def sets():
    """name -> (paths of rules, recording, goal from NDJSON, goal from binary records)"""
    sigma, eql = os.path.join(corpora(), "sigma", "rules"), os.path.join(corpora(), "eql")
    shipped = os.path.join(replay.TOP, "rules")
    return {
        "Sigma, Linux": ([os.path.join(sigma, "linux")], replay.KEPT, 650000, 1500000),
        "Sigma, macOS": ([os.path.join(sigma, "macos")], MAC, 1500000, 2500000),
        "EQL, all, on Linux": ([eql], replay.KEPT, 500000, None),
        "EQL, all, on macOS": ([eql], MAC, 500000, None),
        "shipped, on Linux": ([shipped], replay.KEPT, None, None),
        "all together, on Linux": ([sigma, eql, shipped], replay.KEPT, None, None),
    }


def prepare(again):
    replay.prepare(again)
    if again or not os.path.exists(MAC + ".merlon"):
        macos.make(replay.TOP, replay.shared(), replay.TOOLS, MAC, replay.COUNT)
        replay.run(replay.MERLON, "replay", "--quiet", "--no-rules", "--save", MAC + ".merlon", MAC + ".ndjson")


def rate(result, goal):
    said = f"{result['events_per_second']:,.0f}"
    return said if goal is None else f"{said} ({'met' if result['events_per_second'] >= goal else 'goal'} {goal:,})"


def bench(paths, recording, rounds):
    """rules bench takes one path of rules: several are linked into a folder."""
    folder = paths[0]
    if len(paths) > 1:
        folder = os.path.join(os.environ["SCRATCH"], "rules")
        if not os.path.isdir(folder):
            for number, path in enumerate(paths):
                shutil.copytree(path, os.path.join(folder, str(number)))
    return replay.bench_rules(folder, recording, rounds)


def throughput(rounds):
    lines = ["| rules | loaded | from NDJSON, events/s | from binary records, events/s | matches, of each | candidates an event |",
             "|---|---|---|---|---|---|"]
    for name, (paths, events, ndjson_goal, binary_goal) in sets().items():
        text = bench(paths, events + ".ndjson", rounds)
        binary = bench(paths, events + ".merlon", rounds)
        candidates = text["candidates"] / text["events"]
        lines.append(f"| {name} | {text.get('rules', '')} | {rate(text, ndjson_goal)} | {rate(binary, binary_goal)} "
                     f"| {text['matches']:,} and {binary['matches']:,} | {candidates:.2f} |")
    return lines


def judged():
    lines = ["| rules | laying out, ns | matching, ns | Hyperscan alone, ns | ratio | sequences, ns | predicates | 99.9 % under, µs "
             "| slowest, µs | heap calls |", "|---|---|---|---|---|---|---|---|---|---|"]
    for name, (paths, events, _, _) in sets().items():
        out = json.loads(replay.run(os.path.join(replay.TOOLS, "judge"), events + ".ndjson", str(JUDGED), *paths))
        ratio = out["match_ns"] / out["floor_ns"] if out["floor_ns"] > 0 else 0
        lines.append(f"| {name} | {out['layout_ns']:.0f} | {out['match_ns']:.0f} | {out['floor_ns']:.0f} | {ratio:.2f} "
                     f"| {out['sequence_ns']:.0f} | {out['predicates']:.2f} | {out['p999_ns'] / 1000:.1f} "
                     f"| {out['slowest_ns'] / 1000:.0f} | {out['heap_calls']} |")
    return lines


def vary(text, copy):
    """The same rule with other literals: a number behind each text of a list."""
    return re.sub(r"(?m)^(\s+- '?)([A-Za-z/.-][^'\n:]*?)('?)$", rf"\g<1>\g<2>{copy}\g<3>", text)


def many_rules(folder):
    """Varied copies of the public Sigma rules."""
    files = []
    for place, _, names in os.walk(os.path.join(corpora(), "sigma", "rules")):
        files += [os.path.join(place, name) for name in sorted(names) if name.endswith(".yml")]
    for number in range(MANY):
        copy, place = divmod(number, len(files))
        with open(files[place], encoding="utf-8") as file:
            text = file.read()
        with open(os.path.join(folder, f"{number}.yml"), "w", encoding="utf-8") as file:
            file.write(text if copy == 0 else vary(text, copy))


def start(folder, event, cache):
    env = {**os.environ, "MERLON_CACHE": cache}
    begin = time.monotonic()
    subprocess.run([replay.MERLON, "hunt", "--quiet", "--rules", folder, event], env=env, check=True,
                   stdout=subprocess.DEVNULL)
    return (time.monotonic() - begin) * 1000


def starts(rounds):
    scratch = os.environ["SCRATCH"]
    folder, event, cache = (os.path.join(scratch, name) for name in ("many", "event.json", "cache"))
    os.makedirs(folder)
    many_rules(folder)
    with open(event, "w", encoding="utf-8") as file:
        file.write("{}\n")
    first = start(folder, event, cache)
    second = min(start(folder, event, cache) for _ in range(rounds + 2))
    return (f"Starting with {MANY:,} rules (varied copies of the public Sigma rules) and judging one event: "
            f"{first:.0f} ms the first time, {second:.0f} ms with compiled rules kept (goal 200).")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--record", action="store_true", help="record this host anew")
    options = parser.parse_args()
    if not os.path.isdir(corpora()):
        print("the public rules are not at MERLON_SHARED", file=sys.stderr)
        sys.exit(77)
    prepare(options.record)
    lines = throughput(options.rounds) + [""] + judged() + ["", starts(options.rounds), ""]
    lines.append("Documents hold what the process graph knew, binary records of Linux only what each event says: they match less.")
    lines.append(f"{replay.COUNT:,} events; events per second of processor time on one core, best of {options.rounds} runs. "
                 f"{live.machine()}.")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
