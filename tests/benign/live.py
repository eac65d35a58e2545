"""Ordinary work on this machine, recorded live: the shipped rules raise at most two alerts.

What cannot be done here is left out by the work itself. Whatever else runs on the machine meanwhile
is recorded as well."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import tap  # noqa: E402

MERLON = sys.argv[1]
ALERTS_MAX = 2
# Those that need neither network nor minutes; all of them: work.sh alone.
PARTS = ["make", "meson", "python", "git", "editing", "home", "shell", "archives", "backup", "database",
         "downloads", "services", "users", "build_package", "ci", "ssh"]


def described(alert):
    return f"{alert['rule']['name']}: {alert['process'].get('command_line', '')[:200]}"


def main():
    data = tempfile.mkdtemp(prefix="merlon-benign-")
    recording = os.path.join(data, "recording")
    recorder = subprocess.Popen([MERLON, "record", "--data", data, recording], stderr=subprocess.PIPE, text=True)
    ready = tap.wait_for(lambda: recorder.poll() is not None
                         or subprocess.run([MERLON, "status", "--data", data], capture_output=True).returncode == 0, 60)
    if not ready or recorder.poll() is not None:
        recorder.kill()
        said = recorder.communicate()[1].strip().splitlines()
        tap.skip("ordinary work raises at most two alerts", (said or ["no live sensor can be used here"])[-1])
        tap.done()
    work = subprocess.run(["bash", os.path.join(HERE, "work.sh"), *PARTS], capture_output=True, text=True)
    recorder.terminate()
    recorder.communicate(timeout=60)
    run = subprocess.run([MERLON, "replay", "--json", recording], capture_output=True, text=True)
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    alerts = [line for line in lines if line["kind"] == "alert"]
    events = lines[-1].get("events", 0) if lines else 0
    print(f"# {events} events, {len(alerts)} alerts")
    tap.check("ordinary work was done and recorded", work.returncode == 0 and events > 2000, work.stderr[-500:], events)
    tap.check("ordinary work raises at most two alerts", len(alerts) <= ALERTS_MAX, *map(described, alerts))
    shutil.rmtree(data)
    tap.done()


if os.geteuid() != 0 or sys.platform != "linux":
    tap.skip("ordinary work raises at most two alerts", "needs root on Linux")
    tap.done()
main()
