"""rules check --host over public rules: all Linux rules can fire on a Linux host with BPF, nine in ten without.
Over the shipped ones: with BPF all but those of macOS."""
import json
import os
import subprocess
import sys
from tap import check, done, skip

MERLON = sys.argv[1]
TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SHARED = os.environ.get("MERLON_SHARED", os.path.join(TOP, "..", "shared"))
RULES = os.path.join(SHARED, "corpora", "sigma", "rules", "linux")

LIVE = os.geteuid() == 0 and sys.platform == "linux"


def verdicts(*paths):
    run = subprocess.run([MERLON, "rules", "check", "--host", "--json", *paths], capture_output=True, text=True)
    return [row for row in map(json.loads, run.stdout.splitlines()) if row["status"] == "ok"]


if LIVE:
    rows = verdicts(os.path.join(TOP, "rules"))
    macos = [row for row in rows if "/rules/macos/" in row["file"]]
    check("rules of macOS cannot fire here", macos and all(row["host"]["other_system"] for row in macos))
    out = [row["file"] for row in rows if row not in macos and not row["host"]["reachable"]]
    if any("bpf" in row["host"]["sensors"] for row in rows):
        check("all other shipped rules can", len(rows) > len(macos) and not out, *out)
    else:
        skip("all other shipped rules can", "no BPF here")
else:
    skip("shipped rules are reachable", "needs root on Linux to open the sensors")

if not os.path.isdir(RULES):
    skip("public Linux rules are reachable", "no ../shared here")
elif not LIVE:
    skip("public Linux rules are reachable", "needs root on Linux to open the sensors")
else:
    hosts = [row["host"] for row in verdicts(RULES)]
    reachable = sum(host["reachable"] for host in hosts)
    least = 210 if any("bpf" in host["sensors"] for host in hosts) else 189
    check("public Linux rules are reachable", len(hosts) == 210 and reachable >= least, f"{reachable} of {len(hosts)}")
    check("what cannot fire says what is missing",
          all(host["sensors"] if host["reachable"] else host["missing"] for host in hosts))
done()
