#!/bin/sh
# Replays every recording among the test data under valgrind: no invalid access, nothing lost.
set -eu
merlon=$1
top=$(cd "$(dirname "$0")/.." && pwd)
"$merlon" help replay >/dev/null 2>&1 || { echo "this build has no replay"; exit 77; }
files=$(find "$top/tests/data" -type f \( -name '*.ndjson' -o -name '*.bsm' -o -name '*.log' \) 2>/dev/null | sort)
[ -n "$files" ] || { echo "no recordings in tests/data"; exit 77; }
# shellcheck disable=SC2086
exec valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite \
	"$merlon" replay --json $files >/dev/null
