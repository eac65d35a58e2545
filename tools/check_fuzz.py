"""Every fuzz target is built and has seeds."""
import os
import re
import tree


def main():
    built = set(re.findall(r"'(\w+)'", tree.read("fuzz/meson.build")))
    there = {os.path.basename(path)[5:-2] for path in tree.files(("fuzz",), (".c",))
             if os.path.basename(path).startswith("fuzz_")}
    problems = [f"fuzz/fuzz_{name}.c is not in fuzz/meson.build" for name in there - built]
    for name in there:
        seeds = os.path.join(tree.TOP, "fuzz", "corpus", name)
        if not os.path.isdir(seeds) or not os.listdir(seeds):
            problems.append(f"fuzz/corpus/{name}/ has no seeds")
    tree.finish(sorted(problems), "A target that does not run finds nothing.")


main()
