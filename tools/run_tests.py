"""Runs the tests and counts them. ./test sets up what this needs and calls it.

Counted one by one are the cases inside a test program: cmocka's, and those of scripts that print
TAP ("ok 1 - name", "not ok 2 - name", "ok 3 - name # SKIP reason"). A program that prints neither
counts as one. A cmocka case says why it skips by printing a line before it calls skip().
"""
import argparse
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SANITIZED, CLANG = "build-test", "build-clang"
FUZZ_SECONDS = 60

CMOCKA = re.compile(r"^\[ +(RUN|OK|FAILED|SKIPPED) +\] (\S.*)$")
TAP = re.compile(r"^(not ok|ok)\b *\d* *-? *([^#]*)(?:# *(SKIP)\b *(.*))?$", re.I)


class Tally:
    def __init__(self):
        self.passed, self.failed, self.skipped = 0, [], []

    def fail(self, name, text=""):
        self.failed.append(name)
        print(f"FAILED  {name}")
        if text:
            print("\n".join("        " + line for line in text.strip().splitlines()[-40:]))

    def skip(self, name, reason):
        self.skipped.append((name, reason or "no reason given"))

    def finish(self):
        for name, reason in self.skipped:
            print(f"skipped {name}: {reason}")
        for name in self.failed:
            print(f"failed  {name}")
        print(f"{self.passed} passed, {len(self.failed)} failed, {len(self.skipped)} skipped")
        return 1 if self.failed else 0


def cases_of(output):
    """Yields (case, "ok" | "failed" | "skipped", reason) from what a test program printed."""
    seen, last = {}, ""
    for line in output.splitlines():
        cmocka, tap = CMOCKA.match(line), TAP.match(line)
        if cmocka and cmocka[1] != "RUN":
            word = {"OK": "ok", "FAILED": "failed", "SKIPPED": "skipped"}[cmocka[1]]
            # cmocka repeats failed and skipped cases in its summary
            if "test(s)" not in cmocka[2] and cmocka[2] not in seen:
                seen[cmocka[2]] = (word, last)
        elif tap:
            word = "failed" if tap[1].lower() == "not ok" else "skipped" if tap[3] else "ok"
            seen[tap[2].strip() or f"case {len(seen) + 1}"] = (word, (tap[4] or "").strip())
        if cmocka:
            last = ""
        elif line.strip():
            last = line.strip()
    return [(case, word, reason) for case, (word, reason) in seen.items()]


def count_program(tally, record):
    name, result = record["name"], record["result"]
    output = (record.get("stdout") or "") + "\n" + (record.get("stderr") or "")
    cases = cases_of(output)
    if result == "SKIP" and not cases:
        lines = [line for line in output.splitlines() if line.strip()]
        return tally.skip(name, lines[-1].strip() if lines else "")
    failed = [case for case, word, _ in cases if word == "failed"]
    for case, word, reason in cases:
        if word == "ok":
            tally.passed += 1
        elif word == "skipped":
            tally.skip(f"{name}: {case}", reason)
    if result == "OK" and not cases:
        tally.passed += 1
    elif failed:
        for case in failed:
            tally.fail(f"{name}: {case}", output if case == failed[0] else "")
    elif result not in ("OK", "SKIP"):
        tally.fail(f"{name} ({result.lower()})", output)


def build(directory, *options, env=None):
    """Builds like ./run does; returns whether it worked."""
    words = " ".join("'" + word + "'" for word in (directory, *options))
    script = f'top="{TOP}"; . "$top/tools/setup.sh"; build_in {words}'
    return subprocess.run(["sh", "-c", script], env={**os.environ, **(env or {})}).returncode == 0


def meson_tests(arguments):
    """The tests of the sanitizer build that were asked for, as meson lists them."""
    text = subprocess.run(["meson", "introspect", "--tests", os.path.join(TOP, SANITIZED)],
                          check=True, capture_output=True, text=True).stdout
    tests = json.loads(text)
    for test in tests:
        test["suite"] = [suite.split(":")[-1] for suite in test["suite"]]
    if arguments.quick:
        tests = [test for test in tests if "slow" not in test["suite"]]
    if arguments.names:
        wanted = set(arguments.names)
        tests = [test for test in tests if wanted & {test["name"], *test["suite"]}]
    return tests


def run_meson(tally, tests):
    log = os.path.join(TOP, SANITIZED, "meson-logs", "run.json")
    if os.path.exists(log):
        os.unlink(log)
    env = dict(os.environ)
    env.setdefault("ASAN_OPTIONS", "detect_stack_use_after_return=1")
    shared = os.path.join(os.path.dirname(TOP), "shared")
    if os.path.isdir(shared):
        env.setdefault("MERLON_SHARED", shared)
    subprocess.run(["meson", "test", "-C", os.path.join(TOP, SANITIZED), "--no-rebuild",
                    "--logbase", "run", *sorted({test["name"] for test in tests})],
                   env=env, stdout=sys.stderr)
    if not os.path.exists(log):
        return tally.fail("meson test", "it left no log")
    ran = set()
    with open(log, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            record = json.loads(line)
            record["name"] = record["name"].split(" / ")[-1].split(":")[-1].strip()
            ran.add(record["name"])
            count_program(tally, record)
    for test in tests:
        if test["name"] not in ran:
            tally.fail(test["name"], "it did not run")


def fuzz_one(name, seconds):
    here = os.path.join(TOP, CLANG)
    grown, crashes = (os.path.join(here, part, name) for part in ("fuzz-corpus", "fuzz-crashes"))
    os.makedirs(grown, exist_ok=True)
    os.makedirs(crashes, exist_ok=True)
    done = subprocess.run(
        [os.path.join(here, "fuzz", "fuzz_" + name), f"-max_total_time={seconds}", "-timeout=20",
         "-rss_limit_mb=2048", "-print_final_stats=1", f"-artifact_prefix={crashes}/", grown,
         os.path.join(TOP, "fuzz", "corpus", name)],
        capture_output=True, text=True, errors="replace")
    return name, done.returncode, done.stderr


def run_fuzz(tally, arguments):
    names = sorted(file[5:-2] for file in os.listdir(os.path.join(TOP, "fuzz"))
                   if file.startswith("fuzz_") and file.endswith(".c"))
    if arguments.names and "fuzz" not in arguments.names:
        names = [name for name in names if "fuzz-" + name in arguments.names]
    if not names:
        return
    print(f"Fuzzing {len(names)} parsers, {arguments.fuzz_seconds} s each", file=sys.stderr)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        runs = pool.map(lambda name: fuzz_one(name, arguments.fuzz_seconds), names)
        for name, status, output in runs:
            count = re.search(r"number_of_executed_units: *(\d+)", output)
            if status == 0:
                tally.passed += 1
                print(f"fuzzed  {name}: {count[1] if count else '?'} inputs", file=sys.stderr)
            else:
                tally.fail(f"fuzz {name}, one minute", output)


def run_clang(tally, arguments):
    """Everything with clang and its warnings as errors; with it the fuzz targets."""
    if shutil.which("clang") is None:
        return tally.skip("clang build", "there is no clang here")
    if not build(CLANG, "-Dfuzz=true", "-Db_sanitize=address,undefined", "-Db_lundef=false",
                 "--buildtype=debugoptimized", env={"CC": "clang"}):
        return tally.fail("clang build")
    tally.passed += 1
    if not arguments.names or "clang" in arguments.names:
        run_script(tally, "clang-tidy", "check_tidy.sh", os.path.join(TOP, CLANG))
    run_fuzz(tally, arguments)


def run_script(tally, name, script, *arguments):
    done = subprocess.run([os.path.join(TOP, "tools", script), *arguments],
                          capture_output=True, text=True, errors="replace")
    output = done.stdout + done.stderr
    if done.returncode == 77:
        tally.skip(name, output.strip().splitlines()[-1])
    elif done.returncode != 0:
        tally.fail(name, output)
    else:
        tally.passed += 1


def run_valgrind(tally):
    if shutil.which("valgrind") is None:
        return tally.skip("valgrind", "it is not installed")
    run_script(tally, "valgrind on replay", "valgrind_replay.sh", os.path.join(TOP, "build", "merlon"))


def run_vm(tally):
    """What the probes cost, in a virtual machine that counts instructions."""
    if subprocess.run(["ninja", "-C", os.path.join(TOP, "build"), "bench-programs"],
                      stdout=subprocess.DEVNULL).returncode != 0:
        return tally.fail("programs of the benchmarks")
    run_script(tally, "added instructions in a virtual machine", os.path.join(TOP, "benchmarks", "vm.py"), "--check")


def run_release(tally, asked):
    if not build("build", "--buildtype=release", "-Dwerror=false", "-Dtests=false"):
        return tally.fail("release build")
    tally.passed += 1
    if not asked or "valgrind" in asked:
        run_valgrind(tally)
    if not asked or "vm" in asked:
        run_vm(tally)


def main():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--fuzz-seconds", type=int, default=FUZZ_SECONDS)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    began, tally = time.monotonic(), Tally()

    if not build(SANITIZED, "-Db_sanitize=address,undefined", "--buildtype=debugoptimized"):
        tally.fail("build with sanitizers")
        return tally.finish()
    tests = meson_tests(arguments)
    if arguments.list:
        for test in tests:
            print(" ".join(test["suite"]), test["name"])
        return 0
    own = {"clang", "valgrind", "vm", "fuzz"} | {name for name in arguments.names
                                           if name.startswith("fuzz-")}
    if tests:
        run_meson(tally, tests)
    elif not own & set(arguments.names):
        tally.fail("no test is called " + " or ".join(arguments.names))
    if not arguments.quick:
        asked = set(arguments.names)
        if not asked or asked & (own - {"valgrind", "vm"}):
            run_clang(tally, arguments)
        if not asked or asked & {"valgrind", "vm"}:
            run_release(tally, asked)
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
