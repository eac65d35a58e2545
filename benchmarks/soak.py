#!/usr/bin/env python3
"""Whether the agent keeps up and stays small: a steady load for a minute, then an idle host.

Opens, reads (with the shipped rules: appends to, as opening is no event then) and closes files at a fixed
rate, and does nothing for a while; the agent's counters tell events, losses, processor time and memory. Needs root. Called by ./bench soak.
"""
import argparse
import os
import subprocess
import sys
import time
import live

RATE = 50000


def steady(work, seconds):
    subprocess.run([live.tool("workload"), work, str(RATE * seconds), str(RATE)], check=True,
                   stdout=subprocess.DEVNULL)


def resident_mib(agent):
    return agent.since()["resident_kb"] / 1024


def measure(agent, work, seconds, idle):
    agent.start()
    steady(work, 1)  # memory that any load takes
    time.sleep(1)
    agent.before = agent.status()
    small = resident_mib(agent)
    begin = time.monotonic()
    steady(work, seconds)
    spent = time.monotonic() - begin
    time.sleep(0.5)
    load = agent.since()
    large = resident_mib(agent)
    time.sleep(2)
    agent.before = agent.status()
    time.sleep(idle)
    rest = agent.since()
    agent.stop()
    told = load['kinds'].get("file_open" if work == "steady" else "file_modify", 0)
    return [agent.name, f"{told / spent:,.0f}", f"{load['events']:,}",
            f"{load['dropped']:,}", f"{load['lines_lost']:,}", f"{load['cpu_seconds'] * 1e6 / max(1, load['events']):.2f}",
            f"{small:.1f} → {large:.1f}", f"{100 * rest['cpu_seconds'] / idle:.2f} % with {rest['events'] / idle:.0f} events/s"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--idle", type=int, default=30)
    options = parser.parse_args()
    if os.geteuid() != 0:
        print("the live sensor needs root", file=sys.stderr)
        sys.exit(77)
    print("| agent | opens or changes/s | events | lost | lines lost | agent CPU, µs an event | resident, MiB | idle, of a core |\n"
          "|---|---|---|---|---|---|---|---|")
    for agent, work in ((live.Agent("shipped rules"), "append"),
                        (live.Agent("every kind, all recorded", record=True), "steady"),
                        (live.Agent("every kind, all stored as JSON", "--store-events"), "steady")):
        print("| " + " | ".join(measure(agent, work, options.seconds, options.idle)) + " |", flush=True)
    print(f"\n{RATE:,} files a second for {options.seconds} s, then {options.idle} s of rest. {live.machine()}.")


if __name__ == "__main__":
    main()
