"""Fields that public EQL rules ask of a Linux host: at least nine in ten of them are supplied here.

Names are taken from the text of the queries. Each becomes a rule of its own that asks for nothing else, and
`rules check --host` says whether a live sensor can make it true."""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from tap import check, done, skip

MERLON = sys.argv[1]
TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SHARED = os.environ.get("MERLON_SHARED", os.path.join(TOP, "..", "shared"))
RULES = os.path.join(SHARED, "corpora", "eql")
SHARE = 0.9

NO_NAMES = re.compile(r'''/\*.*?\*/|//[^\n]*|"{3}.*?"{3,5}|\?'[^'\n]*'|\?"[^"\n]*"|"(?:\\.|[^"\\])*"''', re.S)
NAMES = re.compile(r"`([^`]+)`|(?<![\w.])\??([A-Za-z_]\w*(?:\.\w+)+)")


def fields_of(query):
    text = NO_NAMES.sub(" ", query)
    aliases = set(re.findall(r"\bas (\w+)", text))
    for quoted, plain in NAMES.findall(text):
        name = quoted or plain
        first, _, rest = name.partition(".")
        name = rest if first in aliases else name
        if "." in name:
            yield name


def fields_of_linux():
    names = set()
    for path in glob.glob(os.path.join(RULES, "*", "*", "*.toml")):
        if os.path.basename(os.path.dirname(path)) == "macos":
            continue
        with open(path, "rb") as file:
            rule = tomllib.load(file)["rule"]
        if rule.get("language", "eql") == "eql" and "linux" in rule.get("os_list", ["linux"]):
            names.update(fields_of(rule["query"]))
    return sorted(names)


def missing(names):
    with tempfile.TemporaryDirectory(prefix="merlon-fields-") as folder:
        for number, name in enumerate(names):
            with open(os.path.join(folder, f"{number}.yml"), "w") as file:
                file.write(f"title: one field\nid: '{name}'\nlogsource: {{product: linux}}\n"
                           f"detection:\n  s: {{'{name}': x}}\n  condition: s\n")
        run = subprocess.run([MERLON, "rules", "check", "--host", "--json", folder], capture_output=True, text=True)
        verdicts = [json.loads(line) for line in run.stdout.splitlines()]
    return [v["id"] for v in verdicts if not v["host"]["reachable"]], len(verdicts)


if not os.path.isdir(RULES):
    skip("fields of public EQL rules are supplied", "no ../shared here")
elif os.geteuid() != 0 or sys.platform != "linux":
    skip("fields of public EQL rules are supplied", "needs root on Linux to open the sensors")
else:
    asked = fields_of_linux()
    lacking, judged = missing(asked)
    supplied = judged - len(lacking)
    print(f"# {supplied} of {judged} fields, {100 * supplied / judged:.1f} %; not supplied: {', '.join(lacking)}")
    check("fields of public EQL rules are supplied", judged == len(asked) > 50 and supplied >= SHARE * judged,
          f"{supplied} of {judged}")
    run = subprocess.run([MERLON, "rules", "check", "--host", "--json",
                          *(os.path.join(RULES, of, system) for of in ("detection-rules", "endpoint-behavior")
                            for system in ("linux", "cross-platform"))], capture_output=True, text=True)
    verdicts = [json.loads(line) for line in run.stdout.splitlines()]
    out = {v["file"]: v["host"]["missing"] for v in verdicts if not v["host"]["reachable"]}
    check("public EQL rules are reachable", len(verdicts) >= 300 and len(out) <= (1 - SHARE) * len(verdicts),
          f"{len(verdicts) - len(out)} of {len(verdicts)}", *out.items())
done()
