"""Runs benchmarks/NAME.py or NAME.sh and renews their tables in docs/PERFORMANCE.md. ./bench calls it."""
import os
import re
import subprocess
import sys
import tempfile
import tree

PAGE = os.path.join(tree.TOP, "docs", "PERFORMANCE.md")
FOLDER = os.path.join(tree.TOP, "benchmarks")


def programs():
    """Name -> path of what can be run."""
    return {os.path.splitext(file)[0]: os.path.join(FOLDER, file)
            for file in sorted(os.listdir(FOLDER))
            if file.endswith((".py", ".sh")) and os.access(os.path.join(FOLDER, file), os.X_OK)}


def renew(page, name, table):
    """The page with the table between the marks of name; a new section when there are none."""
    begin, end = f"<!-- bench {name} -->", f"<!-- end {name} -->"
    block = f"{begin}\n{table.strip()}\n{end}"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.S)
    if pattern.search(page):
        return pattern.sub(lambda _: block, page)
    return page.rstrip() + f"\n\n## {name}\n\n{block}\n"


def run(name, path):
    """(table, whether it failed); no table when it failed or cannot run here."""
    build = os.path.join(tree.TOP, "build")
    with tempfile.TemporaryDirectory(prefix="merlon-bench-") as scratch:
        env = {**os.environ, "BUILD": build, "MERLON": os.path.join(build, "merlon"),
               "SCRATCH": scratch, "TOP": tree.TOP}
        done = subprocess.run([path], env=env, stdout=subprocess.PIPE,
                              text=True)
    if done.returncode == 77:
        print(f"{name}: cannot run here", file=sys.stderr)
        return None, False
    if done.returncode != 0:
        print(f"{name}: failed with status {done.returncode}", file=sys.stderr)
        return None, True
    return done.stdout, False


def main():
    known = programs()
    wanted = sys.argv[1:] or list(known)
    unknown = [name for name in wanted if name not in known]
    if unknown:
        sys.exit(f"no benchmark is called {', '.join(unknown)}; there are: {', '.join(known)}")
    any_failed = False
    for name in wanted:
        table, failed = run(name, known[name])
        any_failed |= failed
        if table is None:
            continue
        print(f"{name}\n\n{table}", flush=True)
        with open(PAGE, encoding="utf-8") as file:
            page = file.read()
        with open(PAGE, "w", encoding="utf-8") as file:
            file.write(renew(page, name, table))
    return 1 if any_failed else 0


if __name__ == "__main__":
    sys.exit(main())
