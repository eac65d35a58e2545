#!/usr/bin/env python3
"""What sensing costs a host: work timed with nothing, Merlon, auditd and a floor watching.

Rounds are interleaved: in each, every configuration is started, does all the work, is asked for its
counters and stopped. Ratios are of the same round's time with nothing running; the table shows
medians. Needs root. Called by ./bench live.
"""
import argparse
import collections
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(TOP, "build")
MERLON = os.path.join(BUILD, "merlon")
WORK = {"exec": 400, "spawn": 3000, "open": 60000, "connect": 3000, "build": 24}
AUDIT_RULES = """-D
-b 65536
-a always,exit -F arch=b64 -S execve,execveat -k x
-a always,exit -F arch=b64 -S open,openat,openat2,creat -k f
-a always,exit -F arch=b64 -S connect,accept,accept4 -k n
"""


def tool(name):
    return os.path.join(BUILD, "benchmarks", name)


class Nothing:
    name = "nothing"

    def start(self):
        pass

    def stop(self):
        return {}


class Agent:
    """An agent of ours with a directory of its own; its counters come from `merlon status`."""

    def __init__(self, name, *options, record=False):
        self.name, self.options, self.record = name, options, record

    def start(self):
        self.data = tempfile.mkdtemp(prefix="merlon-bench-")
        self.log = open(os.path.join(self.data, "stderr"), "w+")
        what = ["record", os.path.join(self.data, "recording")] if self.record else ["agent"]
        self.process = subprocess.Popen(
            [MERLON, *what, "--data", self.data, *self.options], stdout=subprocess.DEVNULL, stderr=self.log)
        for _ in range(100):
            if self.status():
                break
            time.sleep(0.1)
        else:
            self.log.seek(0)
            sys.exit(f"{self.name}: the agent did not start:\n{self.log.read()}")
        time.sleep(0.5)
        self.before = self.status()

    def status(self):
        run = subprocess.run([MERLON, "status", "--json", "--data", self.data], capture_output=True, text=True)
        return json.loads(run.stdout) if run.returncode == 0 and run.stdout.strip() else None

    def since(self):
        """What was counted since the start, without what starting itself cost."""
        now = None
        while now is None:  # a busy agent answers late
            if self.process.poll() is not None:
                sys.exit(f"{self.name}: the agent ended")
            now = self.status()
        counters = {key: now[key] - self.before[key]
                    for key in ("events", "dropped", "stored_events", "lines_lost") if key in now}
        counters["kinds"] = {kind: count - self.before["kinds"].get(kind, 0)
                             for kind, count in now.get("kinds", {}).items()}
        counters["cpu_seconds"] = (now["cpu_ns"] - self.before["cpu_ns"]) / 1e9
        counters["resident_kb"] = now["resident_bytes"] / 1024
        return counters

    def stop(self):
        time.sleep(0.5)
        counters = self.since()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        self.log.close()
        shutil.rmtree(self.data, ignore_errors=True)
        return counters


class Floor:
    """Reserves and submits records of the same fields; its consumer throws them away."""
    name = "floor"

    def start(self):
        self.process = subprocess.Popen([tool("floor")], stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()
        self.before = usage(self.process.pid)["cpu_seconds"]

    def stop(self):
        counters = usage(self.process.pid)
        counters["cpu_seconds"] -= self.before
        self.process.send_signal(signal.SIGTERM)
        out = self.process.communicate(timeout=20)[0].split()
        if len(out) == 2:
            counters.update({"events": int(out[0]), "dropped": int(out[1])})
        return counters


class Auditd:
    name = "auditd"

    def start(self):
        self.dir = tempfile.mkdtemp(prefix="merlon-bench-")
        with open(os.path.join(self.dir, "auditd.conf"), "w") as conf:
            conf.write(f"log_file = {self.dir}/audit.log\nlog_group = root\nflush = INCREMENTAL_ASYNC\n"
                       "freq = 50\nmax_log_file = 200\nmax_log_file_action = ROTATE\nnum_logs = 2\n"
                       "space_left = 75\nspace_left_action = IGNORE\nadmin_space_left = 50\n"
                       "admin_space_left_action = IGNORE\ndisk_full_action = IGNORE\ndisk_error_action = IGNORE\n")
        rules = os.path.join(self.dir, "rules")
        with open(rules, "w") as out:
            out.write(AUDIT_RULES)
        self.process = subprocess.Popen(["auditd", "-n", "-c", self.dir], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        time.sleep(1)
        if self.process.poll() is not None or subprocess.run(
                ["auditctl", "-R", rules], capture_output=True).returncode != 0:
            self.stop()
            raise OSError("auditd does not run here")

    def stop(self):
        counters = usage(self.process.pid)
        subprocess.run(["auditctl", "-D"], capture_output=True)
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
        shutil.rmtree(self.dir, ignore_errors=True)
        return counters


def usage(pid):
    """CPU seconds and resident kilobytes of a process."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            parts = stat.read().rsplit(")", 1)[1].split()
        with open(f"/proc/{pid}/status") as status:
            resident = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    except (OSError, StopIteration):
        return {}
    ticks = os.sysconf("SC_CLK_TCK")
    return {"cpu_seconds": (int(parts[11]) + int(parts[12])) / ticks, "resident_kb": resident}


def build_once(count):
    """A small parallel C build, in a new directory each time."""
    with tempfile.TemporaryDirectory(prefix="merlon-bench-") as work:
        for i in range(count):
            with open(os.path.join(work, f"f{i}.c"), "w") as source:
                source.write(f"#include <stdio.h>\nint f{i}(int x);\nint f{i}(int x) {{ return printf(\"%d\", x + {i}); }}\n")
        with open(os.path.join(work, "Makefile"), "w") as makefile:
            objects = " ".join(f"f{i}.o" for i in range(count))
            makefile.write(f"all: {objects}\n%.o: %.c\n\tgcc -O1 -c $< -o $@\n")
        begin = time.monotonic()
        subprocess.run(["make", "-s", "-j2", "-C", work], check=True)
        return time.monotonic() - begin


def do_work(scale):
    """Seconds of each kind, and processor seconds of the working process and its children."""
    times = {}
    for kind, count in WORK.items():
        count = max(1, int(count * scale))
        if kind == "build":
            times[kind] = build_once(count)
        else:
            out = subprocess.run([tool("workload"), kind, str(count), tool("tiny")], check=True,
                                 capture_output=True, text=True).stdout
            times[kind], times["cpu " + kind] = (float(word) for word in out.split())
    return times


def measure(configurations, rounds, scale):
    ratios = {c.name: collections.defaultdict(list) for c in configurations}
    counters = {c.name: [] for c in configurations}
    base = {kind: [] for kind in WORK}
    missing = {}
    for number in range(rounds):
        reference = None
        for c in configurations:
            if c.name in missing:
                continue
            try:
                c.start()
            except OSError as error:
                missing[c.name] = str(error)
                continue
            times = do_work(scale)
            counters[c.name].append(c.stop())
            reference = reference or times
            for kind, spent in times.items():
                ratios[c.name][kind].append(spent / reference[kind])
            if c.name == "nothing":
                for kind in WORK:
                    base[kind].append(times[kind])
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
    return ratios, counters, base, missing


def counted(configurations, counters, scale):
    """Operations done in a round and events told of them."""
    done = {kind: max(1, int(count * scale)) for kind, count in WORK.items()}
    wanted = {"process_exec": done["exec"] + done["spawn"], "file_open": done["open"],
              "network_connect": done["connect"]}
    lines = ["| least count of a round | " + " | ".join(wanted) + " | stored |", "|---|" + "---|" * (len(wanted) + 1),
             "| operations done, without the build | " + " | ".join(str(count) for count in wanted.values()) + " | |"]
    for c in configurations:
        rows = [r for r in counters[c.name] if "kinds" in r]
        if rows:
            cells = [str(min(r["kinds"].get(kind, 0) for r in rows)) for kind in wanted]
            lines.append(f"| {c.name} | " + " | ".join(cells) + f" | {min(r['stored_events'] for r in rows)} |")
    return "\n".join(lines)


def cpu_table(configurations, ratios, missing):
    """The same by processor time, which waiting for other work on the host does not change."""
    kinds = [kind for kind in WORK if kind != "build"]
    lines = ["| processor time of the work, median ratio | " + " | ".join(kinds) + " |", "|---|" + "---|" * len(kinds)]
    for c in configurations:
        if c.name not in missing:
            cells = [f"{statistics.median(ratios[c.name]['cpu ' + kind]):.2f}" for kind in kinds]
            lines.append(f"| {c.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def table(configurations, ratios, counters, base, missing, scale):
    kinds = list(WORK)
    lines = ["| slowdown, median | " + " | ".join(kinds) + " | events | lost | agent CPU, µs an event | resident, MiB |",
             "|---|" + "---|" * (len(kinds) + 4)]
    for c in configurations:
        if c.name in missing:
            lines.append(f"| {c.name} | " + " | ".join([missing[c.name]] + [""] * (len(kinds) + 3)) + " |")
            continue
        cells = [f"{statistics.median(ratios[c.name][kind]):.2f}" for kind in kinds]
        rows = [r for r in counters[c.name] if r]

        def median(key):
            values = [r[key] for r in rows if key in r]
            return statistics.median(values) if values else None
        events, cpu, resident = median("events"), median("cpu_seconds"), median("resident_kb")
        cells += [f"{events:.0f}" if events is not None else "",
                  f"{max(r['dropped'] for r in rows if 'dropped' in r)}" if median("dropped") is not None else "",
                  f"{cpu * 1e6 / events:.2f}" if cpu is not None and events else "",
                  f"{resident / 1024:.0f}" if resident else ""]
        lines.append(f"| {c.name} | " + " | ".join(cells) + " |")
    lines += ["", cpu_table(configurations, ratios, missing), "", counted(configurations, counters, scale)]
    done = ", ".join(f"{kind} {max(1, int(WORK[kind] * scale))} in {statistics.median(base[kind]):.2f} s" for kind in kinds)
    lines += ["", f"Medians of {len(base['open'])} rounds; lost is the most of any. Operations a round, with nothing running: {done}. "
              f"{machine()}."]
    return "\n".join(lines)


def machine():
    """What it was measured on."""
    model = platform.machine()
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, Linux {platform.release()}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--scale", type=float, default=1.0)
    options = parser.parse_args()
    if os.geteuid() != 0:
        print("the live benchmark needs root", file=sys.stderr)
        sys.exit(77)
    configurations = [Nothing(), Agent("Merlon, shipped rules"), Agent("Merlon, every kind, all recorded", record=True),
                      Agent("Merlon, every kind, all stored as JSON", "--store-events")]
    if shutil.which("auditd"):
        configurations.append(Auditd())
    if os.path.exists(tool("floor")):
        configurations.append(Floor())
    result = measure(configurations, options.rounds, options.scale)
    print(table(configurations, *result, options.scale))


if __name__ == "__main__":
    main()
