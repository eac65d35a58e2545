#!/bin/bash
# Ordinary work on a Linux machine, for a recording that must raise (almost) no alert:
#
#     merlon record work.merlon &     tests/benign/work.sh     kill %1
#     merlon replay work.merlon
#
# Does what is possible here and says what it left out. Needs root for packages, cron and logins;
# changes nothing that it does not put back, apart from packages it installs and removes.
# work.sh [PART…]: only these parts.
set -u
work=$(mktemp -d "${TMPDIR:-/tmp}/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export GIT_AUTHOR_NAME=Kim GIT_AUTHOR_EMAIL=kim@example.org GIT_COMMITTER_NAME=Kim
export GIT_COMMITTER_EMAIL=kim@example.org DEBIAN_FRONTEND=noninteractive

have() {
	for tool in "$@"; do
		command -v "$tool" >/dev/null || { echo "  left out: no $tool"; return 1; }
	done
}
as_root() { [ "$(id -u)" = 0 ] || { echo "  left out: not root"; return 1; }; }
# In a terminal of its own, as somebody types it.
typed() { script -qec "$1" /dev/null </dev/null >/dev/null 2>&1; }

part_packages() {
	as_root && have apt-get || return
	apt-get update -qq
	local new=
	for package in hello tcpdump logrotate; do
		dpkg -s $package >/dev/null 2>&1 || new="$new $package"
	done
	# shellcheck disable=SC2086
	[ -n "$new" ] && apt-get install -y -qq --no-install-recommends $new >/dev/null 2>&1
	apt-get install -y -qq --reinstall hello >/dev/null 2>&1
	dpkg -l | tail -3 >/dev/null
	apt-cache search '^hello$' >/dev/null
	# shellcheck disable=SC2086
	[ -n "$new" ] && apt-get purge -y -qq $new >/dev/null 2>&1
	dpkg-reconfigure -f noninteractive tzdata >/dev/null 2>&1
	update-ca-certificates >/dev/null 2>&1
	ldconfig
}

part_make() {
	have gcc make || return
	mkdir -p make/src && cd make || return
	for i in 1 2 3 4 5 6; do
		printf 'int f%d(int x)\n{\n\treturn x * %d;\n}\n' $i $i >"src/f$i.c"
	done
	printf 'int f1(int);\nint main(void)\n{\n\treturn f1(0);\n}\n' >src/main.c
	cat >Makefile <<'M'
OBJ := $(patsubst %.c,%.o,$(wildcard src/*.c))
prog: $(OBJ)
	$(CC) -o $@ $^
%.o: %.c
	$(CC) -O2 -Wall -c -o $@ $<
check: prog
	./prog && echo passed
install: prog
	mkdir -p $(DESTDIR)/bin && install -m 755 prog $(DESTDIR)/bin/ && chmod 755 $(DESTDIR)/bin/prog
clean:
	rm -f prog $(OBJ)
M
	make -j2 check >/dev/null && make install DESTDIR="$work/out" >/dev/null && make clean >/dev/null
	cat >configure <<'C'
#!/bin/sh
for tool in cc ld ar; do command -v $tool >/dev/null && echo "checking for $tool... yes"; done
test "$(uname -s)" = Linux && echo "host: $(uname -m)"
echo 'int main(void){return 0;}' >conftest.c && cc conftest.c -o conftest && ./conftest
rm -f conftest conftest.c
C
	chmod +x configure && ./configure >/dev/null && sh -x ./configure >/dev/null 2>&1
	strip "$work/out/bin/prog" && nm -D "$work/out/bin/prog" >/dev/null
}

part_meson() {
	have meson ninja || return
	mkdir -p meson && cd meson || return
	printf "project('p', 'c')\nexecutable('p', 'p.c')\ntest('p', find_program('true'))\n" >meson.build
	printf 'int main(void)\n{\n\treturn 0;\n}\n' >p.c
	meson setup build >/dev/null && ninja -C build >/dev/null && meson test -C build >/dev/null
}

part_cmake() {
	have cmake || return
	mkdir -p cmake && cd cmake || return
	printf 'cmake_minimum_required(VERSION 3.10)\nproject(p C)\nadd_executable(p p.c)\n' >CMakeLists.txt
	printf 'int main(void)\n{\n\treturn 0;\n}\n' >p.c
	cmake -S . -B build >/dev/null && cmake --build build >/dev/null
}

part_npm() {
	have npm node || return
	mkdir -p npm && cd npm || return
	cat >package.json <<'P'
{"name":"w","version":"1.0.0","scripts":{"build":"node build.js","test":"node -e \"process.exit(0)\"",
"postinstall":"node -e \"require('child_process').execSync('uname -m')\""}}
P
	echo 'require("fs").writeFileSync("out.txt", process.version)' >build.js
	npm install --offline --no-audit --no-fund >/dev/null 2>&1
	npm run build >/dev/null && npm test >/dev/null
}

part_python() {
	have python3 || return
	python3 -m venv venv >/dev/null 2>&1 && venv/bin/python -c 'import json; print(json.dumps({}))' >/dev/null
	printf 'def test_a():\n    assert 1\n' >test_a.py
	python3 -m unittest discover >/dev/null 2>&1
	python3 -c 'import subprocess; subprocess.run(["uname", "-a"], capture_output=True)'
	(python3 -m http.server 18765 --bind 127.0.0.1 >/dev/null 2>&1 & server=$!
	sleep 1; curl -s http://127.0.0.1:18765/ >/dev/null; kill $server)
}

part_cargo() {
	have cargo || return
	cargo new --quiet crate >/dev/null 2>&1 && cd crate && cargo build --quiet --offline >/dev/null 2>&1
}

part_git() {
	have git || return
	git init -q --bare origin.git && git clone -q origin.git clone 2>/dev/null && cd clone || return
	for i in 1 2 3 4; do
		echo "line $i" >>notes.txt && git add notes.txt && git commit -qm "Note $i"
	done
	git push -q origin HEAD 2>/dev/null
	git checkout -q -b topic && sed -i 's/line 1/first/' notes.txt && git commit -qam "Reword"
	git checkout -q - && git merge -q topic && git log --oneline >/dev/null
	git -c sequence.editor=true rebase -q -i HEAD~2 && git gc -q && git grep -n line >/dev/null
	git archive --format=tar HEAD | tar tf - >/dev/null
	git diff HEAD~1 | less -FX >/dev/null 2>&1
	printf '#!/bin/sh\nexit 0\n' >.git/hooks/pre-commit && chmod +x .git/hooks/pre-commit
	git commit -q --allow-empty -m "With hook" && git stash list >/dev/null && git fsck >/dev/null 2>&1
}

part_editing() {
	echo "some text" >text.txt
	have vim && typed "vim -u NONE -c 'normal otyped' -c wq text.txt"
	have ed && printf '$a\nmore\n.\nw\nq\n' | ed -s text.txt
	sed -i 's/some/any/' text.txt
	cp text.txt copy.txt && mv copy.txt other.txt && diff text.txt other.txt >/dev/null
	echo 'export EDITOR=vi' >>"$work/.bashrc" && touch -d yesterday text.txt
	find "$work" -name '*.txt' -exec grep -l any {} + >/dev/null
	find /usr/share/doc -maxdepth 1 -type d | wc -l >/dev/null
	grep -rn password "$work" >/dev/null
	awk '{n++} END {print n}' text.txt >/dev/null && sort text.txt | uniq -c >/dev/null
	less text.txt </dev/null >/dev/null; head -1 /etc/passwd >/dev/null; cat /etc/hosts >/dev/null
	chmod 600 text.txt && chmod +x other.txt && ln -s text.txt link && rm link
}

part_shell() {
	typed "bash -i -c 'ls; pwd; whoami; id; uptime; df -h; free; history'"
	typed "bash -l -c 'ps aux | grep -c root; w; last | head -3; ip addr; ss -ltn; hostname'"
	(cd / && ls -la /etc /root /home >/dev/null 2>&1)
	ps -ef >/dev/null; top -bn1 >/dev/null 2>&1; dmesg >/dev/null 2>&1; mount >/dev/null
	env | sort >/dev/null; uname -a >/dev/null; date >/dev/null; which gcc >/dev/null
	for n in 1 2 3 4 5; do (echo $((n * n)) | cat >/dev/null); done
	echo 'echo from a pipe' >script.sh && sh script.sh >/dev/null && bash -e ./script.sh >/dev/null
	seq 100 | xargs -n 20 echo >/dev/null; timeout 5 sleep 0.1; nohup true >/dev/null 2>&1
	have tmux && { tmux -L work new-session -d 'sleep 1' && tmux -L work ls >/dev/null; sleep 1.2; }
	base64 /etc/hostname | base64 -d >/dev/null; openssl rand -hex 8 >/dev/null
	curl -s -o /dev/null --max-time 5 https://deb.debian.org/ || true
}

part_archives() {
	mkdir -p tree/a/b && echo data >tree/a/b/file
	tar czf tree.tgz tree && tar tzf tree.tgz >/dev/null && tar xzf tree.tgz -C "$work/out" 2>/dev/null
	have zip unzip && zip -qr tree.zip tree && unzip -qo tree.zip -d unzipped
	tar cf tree.tar tree && gzip -k tree.tar && gunzip -t tree.tar.gz
	sha256sum tree.tgz >sums && sha256sum -c sums >/dev/null
	have rsync && rsync -a tree/ mirror/
	as_root && tar czf etc.tgz /etc 2>/dev/null   # a backup, with all that is secret there
	dd if=/dev/zero of=image bs=1M count=4 2>/dev/null && mkfs.ext4 -q -F image 2>/dev/null
}

part_cron() {
	as_root && have cron run-parts || return
	for job in /etc/cron.daily/*; do   # apt's waits up to half an hour first
		case $job in *apt-compat) ;; *) [ -x "$job" ] && "$job" >/dev/null 2>&1 ;; esac
	done
	run-parts --report /etc/cron.hourly >/dev/null 2>&1
	crontab -l >/dev/null 2>&1
	pgrep -x cron >/dev/null && echo "  cron runs here already" && return
	cron -f & cron=$!
	sleep 65   # over a full minute
	kill $cron
}

part_ssh() {
	as_root && have sshd ssh ssh-keygen || return
	local port=18722 keys=$work/keys
	mkdir -p /run/sshd "$keys" && chmod 755 "$work"
	ssh-keygen -q -t ed25519 -N '' -f "$keys/host" && ssh-keygen -q -t ed25519 -N '' -f "$keys/user"
	cp "$keys/user.pub" "$keys/allowed" && chmod 600 "$keys/allowed"
	$(command -v sshd) -D -p $port -h "$keys/host" -o ListenAddress=127.0.0.1 \
		-o AuthorizedKeysFile="$keys/allowed" -o StrictModes=no -o PermitRootLogin=prohibit-password \
		>/dev/null 2>&1 &
	local sshd=$! options="-p $port -i $keys/user -o StrictHostKeyChecking=accept-new
		-o UserKnownHostsFile=$keys/known -o BatchMode=yes"
	sleep 1
	# shellcheck disable=SC2086
	for n in 1 2 3; do
		ssh $options root@127.0.0.1 'hostname; cd /tmp && ls >/dev/null'
		typed "ssh -t $options root@127.0.0.1 'ls -la'"
		echo 'echo run from afar' | ssh $options root@127.0.0.1 sh -s >/dev/null
	done
	# shellcheck disable=SC2086
	scp -q -P $port -i "$keys/user" -o UserKnownHostsFile="$keys/known" -o BatchMode=yes \
		"$keys/user.pub" root@127.0.0.1:"$work/copied"
	kill $sshd
}

part_users() {
	as_root && have useradd userdel || return
	adduser --system --group --no-create-home --quiet workbenign >/dev/null 2>&1
	getent passwd workbenign >/dev/null; id workbenign >/dev/null 2>&1
	su -s /bin/sh -c 'id; ls /' nobody >/dev/null 2>&1
	deluser --quiet workbenign >/dev/null 2>&1
	chage -l root >/dev/null 2>&1; passwd -S root >/dev/null 2>&1
}

part_docker() {
	have docker && docker info >/dev/null 2>&1 || { echo "  left out: no docker service"; return; }
	docker ps >/dev/null; docker images >/dev/null
	printf 'FROM scratch\nCOPY text /text\n' >Dockerfile && echo hi >text && docker build -q . >/dev/null
}

part_ci() {
	cat >job.sh <<'J'
set -e
echo "job on $(uname -n)"; mkdir -p ws && cd ws
printf 'int main(void)\n{\n\treturn 0;\n}\n' >m.c && cc m.c -o m && ./m
timeout 1 bash -c 'echo > /dev/tcp/127.0.0.1/18799' 2>/dev/null || echo "service is not up yet"
curl -fsS --max-time 2 http://127.0.0.1:18799/health || true
tar czf artefact.tgz m && sha256sum artefact.tgz && find . -name '*.o' -delete
J
	bash -e job.sh >/dev/null 2>&1; sh -c 'cd ws && ls' >/dev/null; env -i PATH="$PATH" bash job.sh >/dev/null 2>&1
}

part_build_package() {
	have dpkg-deb || return
	mkdir -p pkg/DEBIAN pkg/usr/share/work-benign && echo data >pkg/usr/share/work-benign/data
	printf 'Package: work-benign\nVersion: 1\nArchitecture: all\nMaintainer: Kim <kim@example.org>\nDescription: test\n' \
		>pkg/DEBIAN/control
	printf '#!/bin/sh\nset -e\nif [ "$1" = configure ]; then ldconfig; fi\n' >pkg/DEBIAN/postinst
	chmod 755 pkg/DEBIAN/postinst && dpkg-deb -b --root-owner-group pkg p.deb >/dev/null
	as_root && dpkg -i p.deb >/dev/null && dpkg -P work-benign >/dev/null
}

part_backup() {
	as_root || return
	local to=$work/backups
	mkdir -p "$to" home && cp -r /etc/skel home/kim 2>/dev/null && echo notes >home/kim/notes
	tar --listed-incremental="$to/state" -czf "$to/home-1.tgz" home && echo more >>home/kim/notes
	tar --listed-incremental="$to/state" -czf "$to/home-2.tgz" home
	dpkg --get-selections >"$to/packages" && cp -p /etc/passwd /etc/group /etc/fstab "$to/"
	find "$to" -name '*.tgz' -mtime +7 -delete && sha256sum "$to"/*.tgz >"$to/sums" && sha256sum -c "$to/sums" >/dev/null
	have gpg && gpg --homedir "$to" --batch --yes --passphrase x --symmetric -o "$to/home.gpg" "$to/home-1.tgz" 2>/dev/null
	find home | cpio -o --quiet 2>/dev/null | gzip >"$to/home.cpio.gz"
	crontab -l >"$to/crontab" 2>/dev/null; true
}

part_services() {
	as_root || return
	service --status-all >/dev/null 2>&1; systemctl list-units >/dev/null 2>&1
	cat >unit.service <<'U'
[Unit]
Description=Work
[Service]
ExecStart=/usr/bin/true
U
	have systemd-analyze && systemd-analyze verify "$work/unit.service" >/dev/null 2>&1
	journalctl -n 5 >/dev/null 2>&1; ls -la /var/log >/dev/null; tail -5 /var/log/dpkg.log >/dev/null 2>&1
	printf '/var/log/work-benign.log {\n\trotate 2\n\tmissingok\n}\n' >rotate.conf
	have logrotate && logrotate -s "$work/rotate.state" rotate.conf
	sysctl -a >/dev/null 2>&1; lsmod >/dev/null 2>&1; lsblk >/dev/null 2>&1; ss -tlnp >/dev/null 2>&1
	logger -t work "a line" 2>/dev/null; updatedb --output="$work/db" -U "$work" 2>/dev/null; true
}

part_pip() {
	have python3 || return
	python3 -m venv pip >/dev/null 2>&1 || return
	mkdir -p module/work_benign && echo 'def one(): return 1' >module/work_benign/__init__.py
	printf '[project]\nname = "work-benign"\nversion = "1"\n' >module/pyproject.toml
	pip/bin/pip install --quiet --no-build-isolation ./module >/dev/null 2>&1
	timeout 60 pip/bin/pip install --quiet six >/dev/null 2>&1 && pip/bin/python -c 'import six'
	pip/bin/pip list >/dev/null 2>&1; python3 -m compileall -q module; python3 -m zipfile -c m.zip module
}

part_downloads() {
	have curl wget || return
	mkdir -p Downloads served && echo data >served/data && tar czf served/tool-1.0.tar.gz served/data
	(cd served && exec python3 -m http.server 18766 --bind 127.0.0.1 >/dev/null 2>&1) & local server=$!
	sleep 1
	(cd Downloads && wget -q http://127.0.0.1:18766/tool-1.0.tar.gz && tar xzf tool-1.0.tar.gz
	curl -fsSLO http://127.0.0.1:18766/data && curl -fsS http://127.0.0.1:18766/data | wc -c >/dev/null
	curl -fsS http://127.0.0.1:18766/data | python3 -c 'import sys; sys.stdin.read()'
	wget -q -O- http://127.0.0.1:18766/ | grep -c href; ls -la) >/dev/null
	kill $server
	timeout 20 curl -fsS -o Downloads/index https://deb.debian.org/debian/ 2>/dev/null; true
}

part_database() {
	have sqlite3 || return
	sqlite3 work.db 'create table t (a, b); insert into t values (1, 2);' && sqlite3 work.db .dump >dump.sql
	sqlite3 copy.db <dump.sql && sqlite3 -csv copy.db 'select * from t' >out.csv
}

part_home() {
	local HOME=$work/user
	mkdir -p "$HOME" && cp -r /etc/skel/. "$HOME" && cd "$HOME" || return
	mkdir -p .config/tool .local/bin .cache && echo 'alias ll="ls -l"' >.bash_aliases
	have vim && typed "vim -u NONE -c 'normal Goexport EDITOR=vim' -c wq .bashrc"
	printf '#!/bin/sh\necho hi\n' >.local/bin/hi && chmod +x .local/bin/hi && .local/bin/hi >/dev/null
	git config --global user.name Kim 2>/dev/null; git config --global --list >/dev/null
	have ssh-keygen && mkdir -m 700 .ssh && ssh-keygen -q -t ed25519 -N '' -f .ssh/id_ed25519 && ssh-keygen -lf .ssh/id_ed25519.pub >/dev/null
	have gpg && gpg --batch --quiet --passphrase '' --quick-gen-key kim@example.org >/dev/null 2>&1
	have gpgconf && gpgconf --kill all
	typed "bash -i -c 'history; type ls; cd .config; ls -la; exit'"; du -sh . >/dev/null; rm -rf .cache
}

for part in ${*:-packages make meson cmake npm python pip cargo git editing home shell archives backup database \
	downloads services users build_package ci docker ssh cron}; do
	echo "$part"
	(cd "$work" && "part_$part") </dev/null
done
