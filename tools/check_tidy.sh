#!/bin/sh
# What clang-tidy says of the program's sources, by the compile commands of a build with clang.
build=$1
cd "$(dirname "$0")/.." || exit 1
tidy=clang-tidy-14
command -v $tidy >/dev/null 2>&1 || { echo "clang-tidy 14 is not installed"; exit 77; }
sed -n 's/.*"file": "[./]*\(src\/[^"]*\.c\)".*/\1/p' "$build/compile_commands.json" |
	grep -v '_test\.c$' | sort -u >"$build/tidy-files"
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
xargs -P "$jobs" -n 4 $tidy -p "$build" --quiet <"$build/tidy-files" >"$build/tidy.log" 2>&1
status=$?
grep -E '(warning|error):' "$build/tidy.log" | sort -u | head -40
exit $status
