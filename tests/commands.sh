#!/bin/bash
# The command line: statuses, help, suggestions, manual page, completion. Prints TAP.
merlon=$1
count=0
failed=0
ok() { count=$((count + 1)); echo "ok $count - $1"; }
not_ok() { count=$((count + 1)); failed=1; echo "not ok $count - $1"; printf '%s\n' "${@:2}" | sed 's/^/# /'; }
# check NAME STATUS PATTERN ARGUMENT…: the status, and a pattern in what it prints on either stream.
check() {
	local name=$1 status=$2 pattern=$3 output
	shift 3
	output=$("$merlon" "$@" 2>&1 </dev/null)
	local got=$?
	if [ $got = "$status" ] && grep -qE -- "$pattern" <<<"$output"; then ok "$name"
	else not_ok "$name" "status $got, wanted $status and /$pattern/ in:" "$output"; fi
}

check "no command is wrong usage" 2 '^Usage: merlon COMMAND'
check "--help" 0 '^Usage: merlon COMMAND' --help
check "--version" 0 '^merlon [0-9]+\.[0-9]+' --version
check "help of a command" 0 '^Usage: merlon completion' help completion
check "--help of a command" 0 '^Usage: merlon completion' completion --help
check "help of an unknown command" 2 "did you mean 'completion'" help complation
check "unknown command" 2 "did you mean 'version'" verison
check "option before the command" 2 'stands where a command belongs' --json
check "unknown option" 2 'there is no option --nonsense' version --nonsense
check "too many arguments" 2 'one argument too many' version extra
check "too few arguments" 2 'is missing' completion
check "unknown shell" 2 'none of bash, zsh, fish' completion csh

# recordings and rules
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp/in"
echo '{"@timestamp":"2024-01-01T00:00:00Z","event":{"action":"exec","category":["process"]}}' >"$tmp/in/a.json"
ln -s . "$tmp/in/circle"
mkfifo "$tmp/in/pipe"
one=$tmp/in/a.json
check "a file that is not there" 1 'No such file' replay --no-rules "$one" "$tmp/none"
check "of a directory only files are read" 0 '"records":1,' replay --json --no-rules "$tmp/in"
check "shipped rules are listed" 0 '"id":' rules list --json
check "a correlation is explained in words" 0 'when the number of different values >= 3' \
	rules explain --rules "$(dirname "$0")/sigma/correlations" value-count
check "a rule that is not there" 1 "no rule 'none'" rules explain none
check "saving a recording" 0 '^1 records' replay --no-rules --save "$tmp/save" "$one"
check "saving it again starts anew" 0 '^1 records' replay --no-rules --save "$tmp/save" "$one"
check "what was saved can be read" 0 '"records":1,' replay --json --no-rules "$tmp/save"
check "an input is not overwritten" 1 'is an input' replay --no-rules --save "$tmp/save" "$tmp/save"
check "two outputs do not fit into one" 2 'takes only one of' replay --json --save - "$one"
check "saving to a device leaves the device" 0 '^1 records' replay --no-rules --save /dev/null "$one"
if [ -c /dev/null ]; then ok "the device is there"; else not_ok "the device is there"; fi
if "$merlon" replay --quiet --no-rules --save - "$one" 2>&1 | cmp - "$tmp/save"; then ok "only the recording on standard output"
else not_ok "only the recording on standard output"; fi
printf 'title: t\nlogsource: {product: linux}\ndetection: {a: {b: c}, condition: a}\n' >"$tmp/rule.yml"
check "a hunt that finds nothing" 0 '^$' hunt --rules "$tmp/rule.yml" "$one"
check "measuring rules on a directory" 0 '"events":1,' rules bench --json "$tmp/rule.yml" "$tmp/in"
check "measuring rules on a pipe" 2 'only once' rules bench "$tmp/rule.yml" -
if "$merlon" rules check --json - <"$tmp/rule.yml" | grep -q '"status":"ok"'; then ok "rules on standard input"
else not_ok "rules on standard input"; fi
check "an expression's value" 0 '^"bash2"$' rules eval 'concat(process.name, 1 + 1)' --event '{"process":{"name":"bash"}}'
check "an expression that begins with a minus" 0 '^true$' rules eval '-3 < -.5'
check "a value that the event does not have" 0 '^null$' rules eval 'length(process.name)'
check "an expression that means nothing" 1 'line 1, column 8: argument 1 of .number. is a text' rules eval 'number(1)'
check "an event that is none" 1 'the event: .* at byte 1' rules eval 'true' --event '[1]'
check "the dialect decides" 0 '^true$' rules eval --dialect endgame "'A' == 'a*'"
check "and case can be asked for" 0 '^false$' rules eval --dialect endgame --case-sensitive "'A' == 'a*'"
check "both ways at once" 2 'not both' rules eval --case-sensitive --case-insensitive true
lines=$(printf '%s\n' '{"expression":"a > 1","event":{"a":2}}' '{"expression":"a >"}' 'x' |
	"$merlon" rules eval - | cut -d: -f1 | tr '\n' ' ')
if [ "$lines" = '{"value" {"error" {"error" ' ]; then ok "expressions line by line"; else not_ok "expressions line by line" "$lines"; fi
check "unknown sensor" 2 "no live sensor is called 'none'" agent --sensor none --data "$tmp/data" --for 1s
mkdir -m 0777 "$tmp/open"
check "a data directory that everybody may write to" 1 'other users could put' agent --no-rules --data "$tmp/open" --for 1s

if "$merlon" --help >/dev/full 2>/dev/null; then not_ok "full output fails"; else ok "full output fails"; fi
if "$merlon" --help | grep -q $'\033'; then not_ok "no colours into a pipe"; else ok "no colours into a pipe"; fi

# every command explains itself, and the manual names it
manual=$("$merlon" man)
for name in $("$merlon" --help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
	if "$merlon" help "$name" | grep -q "^Usage: merlon $name" && grep -q "^.SS merlon $name" <<<"$manual"; then
		ok "help and manual of $name"
	else
		not_ok "help and manual of $name"
	fi
done

complete_bash() { # WORD…: what bash offers for the last one
	bash -c 'eval "$("$0" completion bash)"; COMP_WORDS=(merlon "$@"); COMP_CWORD=$#
		_merlon; printf "%s " "${COMPREPLY[@]}"' "$merlon" "$@"
}
case "$(complete_bash comp)" in
*completion*) ok "bash completes commands" ;;
*) not_ok "bash completes commands" "$(complete_bash comp)" ;;
esac
case "$(complete_bash version --)" in
*--help*) ok "bash completes options" ;;
*) not_ok "bash completes options" "$(complete_bash version --)" ;;
esac
for shell in zsh fish; do
	if ! command -v $shell >/dev/null; then
		count=$((count + 1)); echo "ok $count - $shell completion # SKIP $shell is not installed"
	elif "$merlon" completion $shell | $shell -n /dev/stdin; then ok "$shell completion"
	else not_ok "$shell completion"; fi
done
echo "1..$count"
exit $failed
