"""Small cases of what sequences, samples and joins mean, as docs/CEP.md tells it. Each is
(name, query, events, matches). In queries [A] stands for events of the word A; events are a word,
seconds, and after colons their keys k and l ("A1:x:y", "+" between several values, "-" for none); a
word of several letters is an event that is each of them. Matches are events by their words and
seconds, "-" for a missing one."""
import re

BOTH = [
    ("the latest first step is taken", "sequence [A] [B]", "A1 A2 B3", "A2 B3"),
    ("an event completes once", "sequence [A] [B]", "A1 B2 B3", "A1 B2"),
    ("a match uses up what came before", "sequence [A] [B]", "A1 A2 B3 B4", "A2 B3"),
    ("one after the other", "sequence [A] [B]", "A1 B2 A3 B4", "A1 B2; A3 B4"),
    ("order counts", "sequence [A] [B]", "B1 A2", ""),
    ("later beginnings replace earlier ones", "sequence [A] [B] [C]", "A1 B2 A3 B4 C5", "A3 B4 C5"),
    ("a new beginning leaves what has gone on", "sequence [A] [B] [C]", "A1 B2 A3 C4 B5 C6", "A1 B2 C4; A3 B5 C6"),
    ("a step in the middle is replaced too", "sequence [A] [B] [C]", "A1 B2 B3 C4", "A1 B2 C4"),
    ("the same condition in every step", "sequence [A] [A] [A]", "A1 A2 A3 A4", "A1 A2 A3; A2 A3 A4"),
    ("an event is one step only", "sequence [A] [B]", "AB1 AB2 AB3", "AB1 AB2; AB2 AB3"),
    ("four steps overlap", "sequence [A] [B] [C] [D]", "A1 B2 C3 A4 B5 D6 C7 D8", "A1 B2 C3 D6; A4 B5 C7 D8"),
    ("equal times keep their order", "sequence [A] [B]", "A1 B1 A2", "A1 B1"),
    ("the span is allowed in full", "sequence with maxspan=5s [A] [B]", "A1 B6", "A1 B6"),
    ("and no more", "sequence with maxspan=5s [A] [B]", "A1 B7", ""),
    ("the span is from first to last", "sequence with maxspan=5s [A] [B] [C]", "A1 B5 C7", ""),
    ("who is too late uses up all the same", "sequence with maxspan=2s [A] [B]", "A1 B4 A5 B6", "A5 B6"),
    ("keys join", "sequence by k [A] [B]", "A1:x A2:y B3:x B4:y", "A1 B3; A2 B4"),
    ("keys of steps", "sequence [A] by k [B] by l", "A1:x:q B2:x:y B3:y:x", "A1 B3"),
    ("two keys", "sequence by k [A] by l [B] by l", "A1:x:1 B2:x:2 B3:x:1", "A1 B3"),
    ("until ends", "sequence by k [A] [B] until [U]", "A1:x U2:x B3:x", ""),
    ("until ends its own key", "sequence by k [A] [B] until [U]", "A1:x A2:y U3:x B4:x B5:y", "A2 B5"),
    ("until before does nothing", "sequence [A] [B] until [U]", "U1 A2 B3", "A2 B3"),
]
OLD = [
    ("null joins null", "sequence by k [A] [B]", "A1:- B2:-", "A1 B2"),
    ("until comes first", "sequence [A] [B] until [U]", "A1 BU2", ""),
    ("until may begin anew", "sequence [A] [B] until [U]", "A1 AU2 B3", "AU2 B3"),
    ("case does not keep keys apart", "sequence by k [A] [B]", "A1:X B2:x", "A1 B2"),
    ("fork goes on", "sequence [A] [B] fork=true [C]", "A1 B2 C3 B4 C5", "A1 B2 C3; A1 B4 C5"),
    ("a join is in any order", "join [A] [B]", "B1 A2", "A2 B1"),
    ("a join takes the first", "join [A] [B]", "A1 A2 B3", "A1 B3"),
    ("and begins anew", "join [A] [B]", "A1 B2 B3 A4", "A1 B2; A4 B3"),
    ("one event may be all of a join", "join [A] [B]", "AB1", "AB1 AB1"),
    ("until ends a join", "join [A] [B] until [U]", "A1 U2 B3 A4", "A4 B3"),
]
NEW = [
    ("null joins nothing", "sequence by k [A] [B]", "A1:- B2:-", ""),
    ("unless it may", "sequence by ?k [A] [B]", "A1:- B2:-", "A1 B2"),
    ("null is not a value", "sequence by ?k [A] [B]", "A1:- B2:x", ""),
    ("several values join each", "sequence by k [A] [B]", "A1:x+y B2:y+z", "A1 B2"),
    ("a match for each value", "sequence by k [A] [B]", "A1:x+y B2:y+x", "A1 B2; A1 B2"),
    ("values count once", "sequence by k [A] [B]", "A1:x+x B2:x+x", "A1 B2"),
    ("case keeps keys apart", "sequence by k [A] [B]", "A1:X B2:x", ""),
    ("until takes its step before", "sequence [A] [B] until [U]", "A1 BU2", "A1 BU2"),
    ("and ends what it has begun", "sequence [A] [B] until [U]", "AU1 B2", ""),
    ("runs", "sequence [A] with runs=2 [B]", "A1 A2 A3 B4", "A2 A3 B4"),
    ("runs at the end", "sequence [A] [B] with runs=2", "A1 B2 B3 B4", "A1 B2 B3"),
    ("nothing between", "sequence with maxspan=1m [A] ![M] [B]", "A1 M2 B3 A4 B5", "A4 - B5"),
    ("what stays away has a key", "sequence by k with maxspan=1m [A] ![M] [B]", "A1:x M2:y B3:x", "A1 - B3"),
    ("at the edges it does not count", "sequence with maxspan=1m [A] ![M] [B]", "A1 M1 B2 M3", "A1 - B2"),
    ("a found event uses up what came before", "sequence with maxspan=1m [A] ![M] [B]", "A1 A2 M3 B4 B5", ""),
    ("nothing after", "sequence with maxspan=10s [A] ![M]", "A1 M5 A20 M40", "A20 -"),
    ("nothing after, to the end", "sequence with maxspan=10s [A] ![M]", "A1", "A1 -"),
    ("nothing after within the span", "sequence with maxspan=10s [A] [B] ![M]", "A1 B9 M12 A20 B21 M29", "A1 B9 -"),
    ("nothing before", "sequence with maxspan=10s ![M] [A]", "M1 A5 A20", "- A20"),
    ("nothing before and after", "sequence with maxspan=10s ![M] [A] ![M]", "M1 A5 M9 A30", "- A30 -"),
    ("not both within the span", "sequence with maxspan=10s ![M] [A] ![M]", "M1 A5 M12", "- A5 -"),
    ("a run of missing events", "sequence with maxspan=1m [A] ![M] with runs=2 [B]", "A1 B2", "A1 - - B2"),
    ("a sample is in any order", "sample by k [A] [B]", "B1:x A2:x", "A2 B1"),
    ("a sample takes the earliest", "sample by k [A] [B]", "A1:x A2:x B3:x B4:x", "A1 B3"),
    ("a sample needs different events", "sample by k [A] [B]", "AB1:x AB2:x", "AB1 AB2"),
    ("a sample makes room", "sample by k [A] [B]", "AB1:x B2:x A3:x", "AB1 B2"),
    ("a sample for each key", "sample by k [A] [B]", "A1:x A2:y B3:y B4:x", "A2 B3; A1 B4"),
    ("samples without a key", "sample by k [A] [B]", "A1:- B2:-", ""),
    ("samples whose key may be missing", "sample by ?k [A] [B]", "A1:- B2:-", "A1 B2"),
]


def query_of(text, old):
    condition = 'any where arrayContains(w, "{}")' if old else 'any where w == "{}"'
    return re.sub(r"\[([A-Z])\]", lambda m: "[" + condition.format(m.group(1)) + "]", text)


def event_of(text):
    name, *keys = text.split(":")
    word, seconds = re.fullmatch(r"([A-Z]+)(\d+)", name).groups()
    event = {"@timestamp": f"2026-01-01T00:{int(seconds) // 60:02}:{int(seconds) % 60:02}Z", "id": name,
             "w": list(word) if len(word) > 1 else word, "event": {"category": "process"}}
    for field, value in zip("kl", keys):
        if value != "-":
            event[field] = value.split("+") if "+" in value else value
    return event


def cases():
    """(name, dialect, query, events, matches as lists of ids)"""
    for dialect, lists in (("endgame", (BOTH, OLD)), ("elasticsearch", (BOTH, NEW)), ("endpoint", (BOTH, NEW))):
        for name, query, events, matches in [case for cases_ in lists for case in cases_]:
            events = [event_of(e) for e in events.split()]
            if dialect == "endgame":
                for event in events:
                    event["w"] = list(event["w"])
            wanted = [[None if w == "-" else w for w in m.split()] for m in matches.split(";") if m.strip()]
            yield f"{dialect}: {name}", dialect, query_of(query, dialect == "endgame"), events, wanted
