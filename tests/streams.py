"""Streams: the short way to write down what happens on one host one after another, for tests of
rules over several events. docs/HACKING.md, "A rule", describes the form."""
import copy
import datetime
import json

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
APART_S = 10 * 86400.0  # between the beginnings of two streams
EVERY_S = 1.0           # between two events that do not say when they happen


class Malformed(Exception):
    """A stream that does not follow the form."""


def merged(base, over):
    """over, with what it does not say taken from base, object by object."""
    if not isinstance(base, dict) or not isinstance(over, dict):
        return copy.deepcopy(over)
    result = copy.deepcopy(base)
    for key, value in over.items():
        result[key] = merged(result.get(key), value)
    return result


def numbered(value, n):
    """The value with {n} in its texts replaced."""
    if isinstance(value, str):
        return value.replace("{n}", str(n))
    if isinstance(value, list):
        return [numbered(item, n) for item in value]
    if isinstance(value, dict):
        return {key: numbered(item, n) for key, item in value.items()}
    return value


def moments(stream):
    """(seconds since the beginning, event) in the order written, repetitions unrolled."""
    now, first = 0.0, True
    for written in stream["events"]:
        event = merged(stream.get("base", {}), written)
        times, every = event.pop("repeat", 1), event.pop("every", EVERY_S)
        at = event.pop("at", None)
        for n in range(times):
            if at is not None and n == 0:
                now = float(at)
            elif not first:
                now += every if n > 0 else EVERY_S
            first = False
            yield now, numbered(event, n) if times > 1 else event


def name_processes(value, prefix, pids):
    """Makes entity ids unique to the stream, and adds the pid that belongs to each."""
    if isinstance(value, list):
        for item in value:
            name_processes(item, prefix, pids)
    if not isinstance(value, dict):
        return
    entity = value.get("entity_id")
    if isinstance(entity, str):
        value["entity_id"] = f"{prefix}-{entity}"
        value.setdefault("pid", pids.setdefault(entity, 2000 + len(pids)))
    for item in value.values():
        name_processes(item, prefix, pids)


def stamp(seconds):
    return (START + datetime.timedelta(seconds=seconds)).isoformat(timespec="microseconds")


def documents(stream, number):
    """The events of a stream as ECS documents, on a host and at a time of its own."""
    prefix, pids, result = f"stream-{number}", {}, []
    for at, event in moments(stream):
        if at >= APART_S:
            raise Malformed("lasts longer than the ten days that streams are apart")
        event.setdefault("@timestamp", stamp(number * APART_S + at))
        event.setdefault("host", {}).setdefault("id", prefix)
        process = event.setdefault("process", {})
        process.setdefault("entity_id", f"event-{len(result)}")
        name_processes(event, prefix, pids)
        result.append(event)
    return result


def wrong_in(stream):
    if not isinstance(stream.get("events"), list) or not stream["events"]:
        return "has no events"
    if not isinstance(stream.get("alerts"), int) or stream["alerts"] < 0:
        return "does not say how many alerts it must raise"
    odd = set(stream) - {"alerts", "events", "base", "note", "indexes", "keys", "others"}
    return f"has an unknown member {min(odd)}" if odd else None


def load(path):
    """A test file: the single events that fire, those that do not, and {name: stream}."""
    with open(path, encoding="utf-8") as file:
        test = json.load(file)
    odd = set(test) - {"fires", "silent", "streams", "base"}
    if odd:
        raise Malformed(f"unknown member {min(odd)}")
    base, streams = test.get("base", {}), {}
    for name, stream in test.get("streams", {}).items():
        reason = wrong_in(stream)
        if reason:
            raise Malformed(f"stream \"{name}\" {reason}")
        streams[name] = dict(stream, base=merged(base, stream.get("base", {})))
    fires, silent = ([merged(base, event) for event in test.get(key, [])]
                     for key in ("fires", "silent"))
    fired = [stream["alerts"] > 0 for stream in streams.values()]
    if not fires and True not in fired or not silent and False not in fired:
        raise Malformed("needs something that fires and something that does not")
    return fires, silent, streams
