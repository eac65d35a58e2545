"""rules check --host over public rules: all Linux rules can fire on a Linux host with BPF, nine in ten without."""
import json
import os
import subprocess
import sys
from tap import check, done, skip

MERLON = sys.argv[1]
TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SHARED = os.environ.get("MERLON_SHARED", os.path.join(TOP, "..", "shared"))
RULES = os.path.join(SHARED, "corpora", "sigma", "rules", "linux")

if not os.path.isdir(RULES):
    skip("public Linux rules are reachable", "no ../shared here")
elif os.geteuid() != 0 or sys.platform != "linux":
    skip("public Linux rules are reachable", "needs root on Linux to open the sensors")
else:
    run = subprocess.run([MERLON, "rules", "check", "--host", "--json", RULES], capture_output=True, text=True)
    hosts = [json.loads(line)["host"] for line in run.stdout.splitlines()]
    reachable = sum(host["reachable"] for host in hosts)
    least = 210 if any("bpf" in host["sensors"] for host in hosts) else 189
    check("public Linux rules are reachable", len(hosts) == 210 and reachable >= least, f"{reachable} of {len(hosts)}")
    check("what cannot fire says what is missing",
          all(host["sensors"] if host["reachable"] else host["missing"] for host in hosts))
done()
