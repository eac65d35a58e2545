"""A million events of a Mac: invented ordinary work (tests/benign/macos.ndjson, varied) with recorded
attacks among it. Merlon cannot record a Mac here, so this is the nearest to what benchmarks/replay.py
makes of a Linux host."""
import hashlib
import json
import os
import random
import subprocess
import time

ORDINARY = 40000  # documents before they are multiplied
EVERY = 400       # of them one from an attack recording
BEGIN = 1767225600  # 2026-01-01
USERS = [("kim", "501"), ("lee", "502"), ("root", "0"), ("_spotlight", "89")]
TEAMS = ["Software Signing", "Developer ID Application: Example Ltd (ABCDE12345)", ""]


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def attack_documents(folder):
    """Every well-formed document of the recordings."""
    found = []
    decoder = json.JSONDecoder()
    for place, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            with open(os.path.join(place, name), encoding="utf-8") as file:
                text = file.read()
            at = 0
            while at < len(text):
                at = text.find("{", at)
                if at < 0:
                    break
                try:
                    document, at = decoder.raw_decode(text, at)
                except ValueError:
                    at += 1
                    continue
                found += hits_of(document)
    return found


def hits_of(document):
    """The documents within an answer of a search, or itself."""
    hits = document.get("hits", {})
    if isinstance(hits, dict) and isinstance(hits.get("hits"), list):
        return [hit["_source"] for hit in hits["hits"] if isinstance(hit.get("_source"), dict)]
    if isinstance(document.get("_source"), dict):
        return [document["_source"]]
    return [document] if "event" in document else []


def signature(dice):
    subject = dice.choice(TEAMS)
    return {"exists": subject != "", "trusted": subject != "", "subject_name": subject,
            "signing_id": "com.example.tool", "team_id": "ABCDE12345" if "ABCDE" in subject else ""}


def complete(document, dice, number):
    """What an agent says of every event: who, where, and which image."""
    process = document.setdefault("process", {})
    parent = process.setdefault("parent", {})
    user, uid = dice.choice(USERS)
    pid = 400 + dice.randrange(60000)
    document.setdefault("user", {"name": user, "id": uid})
    document["host"] = {**document.get("host", {}), "id": "7d0c3f9ab2e64c1d", "name": "studio.example",
                        "architecture": "arm64",
                        "os": {"type": "macos", "family": "macos", "version": "14.5", "name": "macOS"}}
    process.update({"pid": pid, "entity_id": f"{digest(str(pid))[:16]}-{pid}-{number % 977:04d}"})
    parent.update({"pid": pid - 1 - dice.randrange(300)})
    parent["entity_id"] = f"{digest(str(parent['pid']))[:16]}-{parent['pid']}-0001"
    if document["event"].get("action") == "exec":
        process["hash"] = {"sha256": digest(process.get("executable", ""))}
        process["code_signature"] = signature(dice)
        parent.setdefault("command_line", parent.get("executable", ""))
    return document


def varied(text, dice):
    """The same work with other names."""
    return (text.replace("kim", dice.choice(["kim", "lee", "sam", "alex"]))
            .replace("report", dice.choice(["report", "notes", "draft", "budget"]))
            .replace("project", dice.choice(["project", "site", "engine", "archive"])))


def write_seed(benign, attacks, path):
    dice = random.Random(20260101)
    with open(benign, encoding="utf-8") as file:
        templates = file.read().splitlines()
    hostile = attack_documents(attacks) if os.path.isdir(attacks) else []
    now = BEGIN * 1000000
    with open(path, "w", encoding="utf-8") as out:
        for number in range(ORDINARY):
            if hostile and number % EVERY == EVERY - 1:
                document = json.loads(json.dumps(dice.choice(hostile)))
            else:
                document = complete(json.loads(varied(dice.choice(templates), dice)), dice, number)
            now += dice.randrange(200000)
            seconds, micro = divmod(now, 1000000)
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
            document["@timestamp"] = f"{stamp}.{micro:06d}Z"
            out.write(json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n")


def make(top, shared, tools, kept, count):
    """Makes kept.seed.ndjson and of it kept.ndjson."""
    seed = kept + ".seed.ndjson"
    write_seed(os.path.join(top, "tests", "benign", "macos.ndjson"),
               os.path.join(shared, "data", "macos", "attacks-ecs"), seed)
    with open(kept + ".ndjson", "wb") as out:
        subprocess.run([os.path.join(tools, "multiply"), seed, str(count)], stdout=out, check=True)
