# Set-up shared by ./run, ./test and ./bench: sourced, with $top the source directory.
# shellcheck shell=sh

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# The names of tools/packages.txt for one system (column 1 Debian, 2 Homebrew) and some purposes.
package_names() { # COLUMN PURPOSE…
	column=$1; shift
	arch=$(uname -m); case $arch in x86_64) arch=amd64 ;; aarch64) arch=arm64 ;; esac
	awk -F'|' -v column="$column" -v want=" $* " -v arch="$arch" '
		/^#/ || NF < 4 { next }
		{ for (i = 1; i <= 3; i++) gsub(/ /, "", $i) }
		index(want, " " $3 " ") == 0 { next }
		{
			name = $column
			if (match(name, /\[.*\]$/)) {
				if (substr(name, RSTART + 1, RLENGTH - 2) != arch) next
				name = substr(name, 1, RSTART - 1)
			}
			if (name != "-") print name
		}' "$top/tools/packages.txt"
}

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"
	elif command -v sudo >/dev/null 2>&1; then sudo "$@"
	else die "This needs root: run it as root, or install sudo.  ($*)"
	fi
}

missing_debian() { # PURPOSE…
	for name in $(package_names 1 "$@"); do
		case "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" in
		installed) ;;
		*) echo "$name" ;;
		esac
	done
}

# Installs what is missing for the given purposes. Does nothing when the list was dealt with before.
install_packages() { # PURPOSE…
	stamp="$top/build/.packages-$(echo "$*" | tr ' ' '-')"
	if [ -f "$stamp" ] && cmp -s "$stamp" "$top/tools/packages.txt"; then return 0; fi
	if [ "$(uname -s)" = Darwin ]; then
		command -v brew >/dev/null 2>&1 || die "Homebrew is needed: https://brew.sh"
		# shellcheck disable=SC2046
		brew install --quiet $(package_names 2 "$@") >&2 || die "Homebrew could not install everything."
	elif command -v apt-get >/dev/null 2>&1; then
		missing=$(missing_debian "$@")
		if [ -n "$missing" ]; then
			say "Installing:" $missing
			as_root apt-get update -q >&2 || say "apt-get update failed; trying with the lists at hand."
			# shellcheck disable=SC2086
			as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
				--no-install-recommends $missing >&2 ||
				die "The packages above could not be installed."
		fi
	else
		say "Neither apt-get nor Homebrew here: tools/packages.txt lists what must be installed."
	fi
	mkdir -p "$top/build" && cp "$top/tools/packages.txt" "$stamp"
}

# Configures a build directory once and builds it. Quiet unless there is something to do.
build_in() { # DIRECTORY MESON-OPTION…
	directory=$1; shift
	if [ ! -f "$top/$directory/build.ninja" ]; then
		say "Configuring $directory/"
		mkdir -p "$top/$directory"
		meson setup "$top/$directory" "$top" "$@" >"$top/$directory/setup.log" 2>&1 || {
			cat "$top/$directory/setup.log" >&2
			die "The build could not be configured."
		}
	fi
	if ninja -C "$top/$directory" -n 2>/dev/null | grep -q 'no work to do'; then return 0; fi
	say "Building $directory/"
	ninja -C "$top/$directory" >"$top/$directory/build.log" 2>&1 || {
		tail -n 60 "$top/$directory/build.log" >&2
		die "The build failed; all its output is in $directory/build.log."
	}
}

# A warning of a compiler that we have not met must not keep anybody from running it: werror is for tests.
build_release() { build_in build --buildtype=release -Dwerror=false -Dtests=false; }
