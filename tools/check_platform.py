"""Refuses conditions on the operating system outside os/ and sensor/: the build chooses there."""
import re
import tree

OS = re.compile(r"^\s*#\s*(?:if|ifdef|ifndef|elif)\b.*\b(__linux__|__APPLE__|__FreeBSD__|__MACH__|_WIN32)\b")


def main():
    problems = []
    for path in tree.files(("src",)):
        if path.startswith(("src/os/", "src/sensor/")):
            continue
        for number, line in enumerate(tree.read(path).splitlines(), 1):
            match = OS.match(line)
            if match:
                problems.append(f"{path}:{number}: {match[1]}")
    tree.finish(problems, "Put it behind a header of os/, with one source per system.")


main()
