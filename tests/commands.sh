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
