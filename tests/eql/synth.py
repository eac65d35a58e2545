"""Streams of events that fire an EQL query, made from its syntax tree, and streams with one thing
about them changed. Choices among alternatives are random: the caller asks the naive evaluator whether
a stream fires and tries another seed when it does not."""
import copy
import dataclasses
import ipaddress
import re

from naive import parser as tree
from naive.evaluate import Scope, evaluate
from naive.parser import Parser  # noqa: F401
from naive.sequence import expand
from naive.values import elements, is_null, lucene_to_python

try:
    from re import _parser as regex_parser
except ImportError:
    import sre_parse as regex_parser

SECOND = 10**9
# Fields that hold several values.
MANY = re.compile(r"(args|env_vars|\.type|category|tags|ip|Ext\.[a-z_]*list)$")
NUMBERS = re.compile(r"(pid|port|count|size|length|entropy|score|uid|gid|mtime|exit_code|created|accessed)(_.*)?$")


class NotSynthesised(Exception):
    pass


def put(data, path, value):
    for part in path[:-1]:
        data = data.setdefault(part, {})
        if not isinstance(data, dict):
            raise NotSynthesised("a field is below another field's value")
    if isinstance(data.get(path[-1]), dict):
        raise NotSynthesised("a field is below another field's value")
    data[path[-1]] = value


def from_regex(pattern, random):
    """A text that the regular expression matches."""
    def node(op, argument):
        name = str(op)
        if name == "LITERAL":
            return chr(argument)
        if name == "NOT_LITERAL":
            return "z" if argument != ord("z") else "y"
        if name == "ANY":
            return random.choice("abc1")
        if name == "IN":
            return one_of(argument)
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            low, high, inner = argument
            return "".join(sequence(inner) for _ in range(random.randint(low, min(int(high), low + 2))))
        if name == "SUBPATTERN":
            return sequence(argument[-1])
        if name == "BRANCH":
            return sequence(random.choice(argument[1]))
        return ""

    def one_of(items):
        choices = [item for item in items if str(item[0]) != "NEGATE"]
        allowed = [chr(c) for c in range(32, 127) if any(within(c, *item) for item in choices)]
        if str(items[0][0]) == "NEGATE":
            allowed = [chr(c) for c in range(32, 127) if chr(c) not in allowed]
        return random.choice(allowed or ["?"])

    def within(c, op, argument):
        name = str(op)
        if name == "LITERAL":
            return c == argument
        if name == "RANGE":
            return argument[0] <= c <= argument[1]
        return {"CATEGORY_DIGIT": chr(c).isdigit(), "CATEGORY_WORD": chr(c).isalnum() or chr(c) == "_",
                "CATEGORY_SPACE": chr(c).isspace()}.get(str(argument), False)

    def sequence(nodes):
        return "".join(node(op, argument) for op, argument in nodes)

    return sequence(regex_parser.parse(pattern))


def from_wildcard(pattern, random):
    out = ""
    for c in pattern:
        out += random.choice(["", "x", "ab", "a b", "/tmp/x"]) if c == "*" else random.choice("kx7") if c == "?" else c
    return out


def other_case(text, random):
    return "".join(c.swapcase() if random.random() < 0.2 and c.isascii() else c for c in text)


def from_network(network, random):
    net = ipaddress.ip_network(network, strict=False)
    return str(net[random.randrange(min(net.num_addresses, 1 << 16))])


class Event:
    """One event that is to satisfy (or not) a step: wishes are collected by a walk over the
    condition, then every field gets a value that all its wishes like."""

    def __init__(self, dialect, random, aliases):
        self.dialect, self.random, self.aliases = dialect, random, aliases
        self.data = {}
        self.wishes = {}    # path -> [(node, wanted, candidates)]
        self.later = []     # nodes that compare with other values: (node, wanted)
        self.relations = []

    # the walk
    def want(self, node, wanted):
        if isinstance(node, tree.Not):
            return self.want(node.value, not wanted)
        if isinstance(node, (tree.And, tree.Or)):
            if isinstance(node, tree.And) == wanted:
                for value in node.values:
                    self.want(value, wanted)
            else:
                self.want(self.random.choice(node.values), wanted)
            return None
        if isinstance(node, tree.Relation):
            self.relations.append((node, wanted))
            return None
        if isinstance(node, tree.Literal):
            return None
        return self.leaf(node, wanted)

    def is_own_field(self, node):
        return isinstance(node, tree.Field) and node.path[0] not in self.aliases

    def leaf(self, node, wanted):
        subject = self.subject(node)
        if subject is None:
            return self.later.append((node, wanted))
        self.wishes.setdefault(tuple(subject.path), []).append((node, wanted, self.candidates(node, subject)))
        return None

    def subject(self, node):
        """The field that a leaf is about, when all else in it is literal."""
        if isinstance(node, tree.Field):
            return node if self.is_own_field(node) else None
        operands = {tree.Compare: lambda: [node.left, node.right], tree.Match: lambda: [node.value] + node.patterns,
                    tree.In: lambda: [node.value] + node.items, tree.Call: lambda: node.args,
                    tree.Arithmetic: lambda: [node.left, node.right]}.get(type(node), lambda: [])()
        fields = [self.subject(o) for o in operands if not isinstance(o, tree.Literal)]
        return fields[0] if len(fields) == 1 else None

    def candidates(self, node, field):
        """Values that make the leaf true, most likely; the caller tries them."""
        random = self.random
        if isinstance(node, tree.Field):
            return [True]
        if isinstance(node, tree.Compare):
            return self.comparison(node, field)
        if isinstance(node, tree.In):
            return [random.choice(node.items).value]
        if isinstance(node, tree.Match):
            pattern = random.choice(node.patterns).value
            if not isinstance(pattern, str):
                return [pattern]
            made = (from_regex(lucene_to_python(pattern), random) if node.op == "regex" else
                    from_wildcard(pattern, random))
            return [other_case(made, random) if node.caseless else made, made]
        if isinstance(node, tree.Call):
            texts = [a.value for a in node.args if isinstance(a, tree.Literal)]
            if node.name == "cidrmatch":
                return [from_network(random.choice(texts), random)]
            if texts and all(isinstance(t, str) for t in texts):
                text = random.choice(texts)
                made = {"startswith": text + "x", "endswith": "x" + text, "stringcontains": "x" + text + "y",
                        "wildcard": from_wildcard(text, random)}.get(node.name, text)
                # the field may also be the one looked for
                return [made, text[:max(1, len(text) // 2)]]
        return []

    def comparison(self, node, field):
        literal = node.right if isinstance(node.right, tree.Literal) else node.left
        side = node.left if literal is node.right else node.right
        value = literal.value
        if isinstance(side, tree.Call) and side.name == "length" and isinstance(value, int):
            return ["a" * max(0, n) for n in (value, value + 1, value - 1)]
        if value is None:
            return [None, "some", 7]
        if isinstance(value, bool):
            return [value, not value]
        if isinstance(value, str):
            plain = value.replace("*", "x") if self.dialect.equal_wildcards else value
            return [plain, value + "x", value[:-1] or "a", "other"]
        return [value, value + 1, value - 1, str(value)]

    # the values
    def settle(self):
        for path, wishes in self.wishes.items():
            value = self.choose(path, wishes)
            if value is not None:
                put(self.data, path, value)
        for node, wanted in self.later:
            self.relate(node, wanted)

    def likes(self, path, value, wishes):
        trial = copy.deepcopy(self.data)
        if value is not None:
            put(trial, path, value)
        scope = Scope(trial, self.dialect, self.aliases)
        return all((evaluate(node, scope) is True) == wanted for node, wanted, _ in wishes)

    def choose(self, path, wishes):
        good = [[c for c in candidates] for _, wanted, candidates in wishes if wanted]
        filler = self.random.choice([None, "benign", 4711 if NUMBERS.search(path[-1]) else "/usr/local/share/x-1"])
        singles = [c for candidates in good for c in candidates]
        if not singles:     # only things that must not be: the filler, or what breaks them
            singles = [filler] + [c for _, wanted, candidates in wishes if not wanted for c in candidates] + [None]
        singles += [None] if not good else []
        for value in singles:
            if self.likes(path, value, wishes):
                listed = MANY.search(".".join(path)) and value is not None and self.random.random() < 0.5
                return [value] if listed else value
        texts = [[c for c in candidates if isinstance(c, str)] for candidates in good]
        if all(texts):
            first = [self.random.choice(c) for c in texts]
            for joined in ("".join(first), "".join(reversed(first)), " ".join(first), " ".join(reversed(first))):
                if self.likes(path, joined, wishes):
                    return joined
            several = list(dict.fromkeys(first))
            if self.likes(path, several, wishes):
                return several
        if good:
            several = [c[0] for c in good if c and c[0] is not None]
            if self.likes(path, several, wishes):
                return several
            return several[0] if several else None
        return filler

    def relate(self, node, wanted):
        """A leaf between values that are no literals: one of its own fields follows another value."""
        scope = Scope(self.data, self.dialect, self.aliases)
        if (evaluate(node, scope) is True) == wanted:
            return
        fields = fields_of(node)
        own = [f for f in fields if self.is_own_field(f)]
        if all(is_null(evaluate(f, scope)) for f in fields) and len(own) > 1:
            put(self.data, own[-1].path, "thing")
        values = [elements(evaluate(f, scope))[0] for f in fields if not is_null(evaluate(f, scope))]
        for field in sorted(own, key=lambda f: not is_null(evaluate(f, scope))):
            for value in values:
                made = self.related_values(value, evaluate(field, scope))
                self.random.shuffle(made)
                for one in made:
                    before = copy.deepcopy(self.data)
                    put(self.data, field.path, one)
                    if (evaluate(node, Scope(self.data, self.dialect, self.aliases)) is True) == wanted:
                        return
                    self.data.clear()
                    self.data.update(before)

    def related_values(self, value, old):
        made = [value]
        if isinstance(value, str):
            made += [value + "x", "x" + value + "y", value[:max(1, len(value) // 2)], "other"]
            made += [value[i:] for i, c in enumerate(value) if c == "/"]
            if isinstance(old, str):
                made += [old + " " + value, value + " " + old, value + old]
        elif not isinstance(value, bool):
            made += [value + 1, value - 1]
        return made


def fields_of(node):
    if isinstance(node, tree.Field):
        return [node]
    if isinstance(node, list):
        return [f for item in node for f in fields_of(item)]
    if dataclasses.is_dataclass(node):
        return [f for member in dataclasses.fields(node) for f in fields_of(getattr(node, member.name))]
    return []


def references(node, alias):
    """Paths below alias in fields as alias.process.name."""
    if isinstance(node, tree.Field):
        return [node.path[1:]] if node.path[0] == alias and len(node.path) > 1 else []
    if isinstance(node, list):
        return [path for item in node for path in references(item, alias)]
    if dataclasses.is_dataclass(node):
        return [path for member in dataclasses.fields(node) for path in references(getattr(node, member.name), alias)]
    return []


class Stream:
    """Events with their times, and which step each one is for (None: it only sets the stage)."""

    def __init__(self):
        self.events, self.times, self.steps = [], [], []

    def add(self, data, time, step=None):
        self.events.append(data)
        self.times.append(time)
        self.steps.append(step)

    def copy(self):
        other = Stream()
        other.events, other.times, other.steps = copy.deepcopy(self.events), list(self.times), list(self.steps)
        return other


class Synthesiser:
    def __init__(self, query, dialect, random, extra=None):
        self.query, self.dialect, self.random = query, dialect, random
        self.extra = extra or {}    # members that every event gets, unless the rule says otherwise
        self.serial = 0

    def fresh(self, path):
        self.serial += 1
        number = self.random.randrange(10**9)
        return number if NUMBERS.search(path[-1]) else f"id-{self.serial}-{number}"

    def event(self, step, aliases, keys):
        """An event for a step, with these join keys where they are given."""
        event = Event(self.dialect, self.random, aliases)
        for path, value in self.extra.items():
            put(event.data, path.split("."), value)
        event.want(step.event.condition, True)
        for key, value in zip(step.keys, keys or []):
            if isinstance(key, tree.Field) and value is not None:
                node = tree.Compare("==", key, tree.Literal(value))
                event.wishes.setdefault(tuple(key.path), []).append((node, True, [value]))
        event.settle()
        category = step.event.category or self.random.choice(["process", "file", "network"])
        if evaluate(tree.Field(["event", "category"]), Scope(event.data, self.dialect)) is None:
            put(event.data, ["event", "category"], [category])
        return event

    def fill_keys(self, step, data):
        """Values for the keys that the condition left open."""
        for key in step.keys:
            if isinstance(key, tree.Field) and is_null(evaluate(key, Scope(data, self.dialect))) and not key.optional:
                put(data, key.path, self.fresh(key.path))

    def fill_references(self, alias, data):
        """Values for the fields that later steps ask of this one."""
        for path in references(self.query, alias):
            if is_null(evaluate(tree.Field(path), Scope(data, self.dialect))):
                put(data, path, f"{self.fresh(['name'])}.x")

    def relate(self, stream, event, time):
        """Events before this one that make its relations true."""
        for node, wanted in event.relations:
            if not wanted:
                continue
            marks = Event(self.dialect, self.random, {})
            for path, value in self.extra.items():
                put(marks.data, path.split("."), value)
            marks.want(node.query.condition, True)
            marks.settle()
            put(marks.data, ["event", "category"], [node.query.category or "process"])
            process, parent = self.dialect.process.split("."), self.dialect.parent.split(".")
            own = self.fresh(process)
            put(marks.data, process, own)
            self.relate(stream, marks, time - 1)
            stream.add(marks.data, time - 1)
            if node.kind == "event":
                put(event.data, process, own)
                continue
            child = self.fresh(process)
            start = {"event": {"category": ["process"], "type": ["start"], "action": "exec"}}
            put(start, process, child)
            put(start, parent, own)
            stream.add(start, time - 1)
            put(event.data, process, child)
            put(event.data, parent, own)

    def stream(self, start):
        """A stream that ought to fire; time in nanoseconds."""
        stream, aliases, keys, time = Stream(), {}, None, start
        steps = [s for s in expand(self.query.steps) if not s.missing]
        gap = min(SECOND, self.query.maxspan // (2 * len(steps))) if self.query.maxspan else SECOND
        gap = max(gap // 10**6 * 10**6, 10**6)
        for number, step in enumerate(steps):
            event = self.event(step, aliases, keys)
            self.relate(stream, event, time)
            self.fill_keys(step, event.data)
            if keys is None and step.keys:
                keys = [evaluate(k, Scope(event.data, self.dialect)) for k in step.keys]
                keys = [elements(k)[0] if elements(k) else None for k in keys]
            if step.alias:
                self.fill_references(step.alias, event.data)
                aliases[step.alias] = event.data
            stream.add(event.data, time, number)
            time += gap
        return stream


def leaves(data, path=()):
    if isinstance(data, dict):
        for name, value in data.items():
            yield from leaves(value, path + (name,))
    else:
        yield path


def mutations(stream, query, random, count):
    """(what was done, another stream): each has one change that ought to silence it."""
    own = [i for i, step in enumerate(stream.steps) if step is not None]
    for i in own:
        if len(own) > 1:
            other = stream.copy()
            for part in (other.events, other.times, other.steps):
                del part[i]
            yield "one event is missing", other
    if len(own) > 1:
        if query.maxspan:
            other = stream.copy()
            other.times[own[-1]] = stream.times[own[0]] + query.maxspan + 10**6
            yield "the last event is too late", other
            other = stream.copy()
            other.times[own[-1]] = stream.times[own[0]] + query.maxspan
            yield "the last event is just in time", other
        if query.kind == "sequence":
            other = stream.copy()
            first, last = own[0], own[-1]
            other.events[first], other.events[last] = other.events[last], other.events[first]
            yield "first and last are swapped", other
        step = expand([s for s in query.steps if not s.missing])[-1]
        for key in step.keys:
            if isinstance(key, tree.Field):
                other = stream.copy()
                try:
                    put(other.events[own[-1]], key.path, 123456 if NUMBERS.search(key.path[-1]) else "another")
                except NotSynthesised:
                    continue
                yield "another join key", other
    for _ in range(count):
        other = stream.copy()
        data = other.events[random.choice(own)]
        # An event without category still has what its action says, which only Merlon knows.
        path = random.choice([p for p in leaves(data) if p != ("event", "category")])
        if random.random() < 0.3:
            below = data
            for part in path[:-1]:
                below = below[part]
            del below[path[-1]]
            yield f"without {'.'.join(path)}", other
        else:
            put(data, path, random.choice(["", "changed", -5, None, [], ["changed", "x"], True]))
            yield f"{'.'.join(path)} is changed", other
