"""Random EQL queries and random events that often match them, for random_test.py."""
import json

WORDS = ["cat", "Cat", "dog", "catalog", "DOG", "a*b", "x?y", "ähre", "ÄHRE", "", "1", "10", "cat dog", "/tmp/cat",
         "C:\\dog\\cat", 'the "cat"', "a\nb", "straße", "STRAẞE", "ſaſs", "σίγμας", "1.5", "true"]
NUMBERS = [-3, -1, 0, 1, 2, 5, 10, 4.5]
TEXTS = ["process.name", "user.name", "other.word", "file.path"]
LISTS = ["process.args", "other.list"]
# What lies in lists of objects, has a dot in its member's name, or is one element.
DEEP = ["other.items.name", "other.dotted.name", "other.list[0]", "other.list[1]", "other.items[1].name"]
COUNTS = ["process.pid", "other.count", "destination.port"]
ADDRESSES = ["10.1.2.3", "10.9.9.9", "192.168.1.7", "127.0.0.1", "fe80::1", "2001:db8::7", "none"]
CATEGORIES = ["process", "file", "network"]
PATTERNS = ["*\\cat", '*"cat"', "stra?e", "*σ*", "S*S", "a?b", "1*", "cat*", "*og", "*a*", "?at", "*", "c*t", "CAT",
            "*o?", "dog", "a*b", "x?y", "**", "?", "ä*"]
REGEXES = ["cat", "[cd].*", "(cat|dog)", "c.t.*", "[a-z]+", "d[no]g?", ".{3}", "[^c].*", "cat( dog)?"]


def quote(text):
    return json.dumps(text, ensure_ascii=False)


def is_raw(text):
    return "\n" not in text and '"' not in text


class Events:
    def __init__(self, random, dialect):
        self.random, self.dialect = random, dialect

    def value(self, of):
        random = self.random
        if random.random() < 0.08:
            return random.choice([None, "", [], [None]])
        if random.random() < 0.04:      # of a type that is not the field's
            return random.choice(["1.5", "abc", "10"] if of in COUNTS else [1, 10, 1.5, True])
        if of in LISTS:
            return [random.choice(WORDS) for _ in range(random.randint(1, 3))]
        if of in COUNTS:
            return random.choice([n for n in NUMBERS if isinstance(n, int)])
        return random.choice(WORDS)

    def event(self, when):
        random = self.random
        data = {"@timestamp": when}
        category = random.choice(CATEGORIES)
        data["event"] = {"category": category if random.random() < 0.5 else [category]}
        if random.random() < 0.1:
            data["event"]["category"] = random.sample(CATEGORIES, 2)
        for name in TEXTS + LISTS + COUNTS:
            if random.random() < 0.75:
                put(data, name, self.value(name))
        if random.random() < 0.3:
            put(data, "other.items", [{"name": random.choice(WORDS)} for _ in range(random.randint(1, 3))])
        if random.random() < 0.3:
            data["other.dotted.name"] = random.choice(WORDS)
        if random.random() < 0.5:
            put(data, "other.flag", random.choice([True, False]))
        if random.random() < 0.5:
            put(data, "other.ratio", random.choice(NUMBERS))
        if random.random() < 0.5:
            put(data, "source.ip", random.choice(ADDRESSES))
        own, parent = f"e{random.randrange(20)}", f"e{random.randrange(20)}"
        put(data, "process.entity_id", own)
        put(data, "process.parent.entity_id", parent)
        data.update(unique_pid=own, unique_ppid=parent, opcode=random.choice([0, 1, 2, 3, 4, 9]))
        return data


def put(data, name, value):
    parts = name.split(".")
    for part in parts[:-1]:
        data = data.setdefault(part, {})
    data[parts[-1]] = value


class Queries:
    """Text of random queries; types fit, so that none is refused."""

    def __init__(self, random, dialect):
        self.random, self.dialect = random, dialect
        self.old = dialect == "endgame"
        self.aliases = []
        self.in_pipes = False

    def pick(self, *choices):
        return self.random.choice(choices)()

    def quote(self, text):
        """In one of the dialect's ways to write it."""
        random = self.random
        if self.old and random.random() < 0.3 and is_raw(text) and "'" not in text:
            escaped = text.replace("\\", "\\\\")
            return f"?'{text}'" if random.random() < 0.5 and escaped == text else f"'{escaped}'"
        if not self.old and random.random() < 0.3 and is_raw(text):
            return f'"""{text}"""'
        if not self.old and random.random() < 0.2 and text.isalpha():
            return '"' + "".join(f"\\u{{{ord(c):02x}}}" for c in text) + '"'
        return quote(text)

    def literal(self):
        word = self.random.choice(WORDS)
        return self.quote(word.replace("*", "+") if self.old and self.random.random() < 0.5 else word)

    def text_field(self):
        # behind pipes, and where earlier events are referred to, no member of an element is known
        deep = DEEP[2:4] if self.old else DEEP[:4] if self.in_pipes or self.aliases else DEEP
        name = self.random.choice(TEXTS + deep if self.old else TEXTS + LISTS + deep)
        if self.random.random() < 0.05:
            name = "/* of text */ " + name + " // for sure\n"
        if self.aliases and self.random.random() < 0.4 and name in TEXTS:
            return f"{self.random.choice(self.aliases)}.{name}"
        return ("?" if not self.old and self.random.random() < 0.1 and name[0].isalpha() else "") + name

    def number_field(self):
        return self.random.choice(COUNTS + ["other.ratio"])

    def number(self):
        def arithmetic():
            op = self.random.choice(["+", "-", "*", "/", "%"])
            return f"({self.number_field()} {op} {self.random.choice([1, 2, 3, -2, 2.5])})"
        return self.pick(self.number_field, self.number_field, arithmetic,
                         lambda: f"length({self.random.choice(TEXTS)})",
                         lambda: f"indexOf({self.random.choice(TEXTS)}, {self.literal()})")

    def tilde(self):
        return "~" if not self.old and self.random.random() < 0.4 else ""

    def several(self, values, least=1):
        count = self.random.randint(least, 3)
        return ", ".join(self.quote(self.random.choice(values)) for _ in range(count))

    def text(self):
        name = self.random.choice(TEXTS)
        return self.pick(lambda: name, lambda: name,
                         lambda: f"substring({name}, {self.random.randint(-2, 2)}, {self.random.randint(1, 4)})",
                         lambda: f"concat({name}, {quote('x')})",
                         lambda: f"between{self.tilde()}({name}, {quote('c')}, {quote('t')})",
                         lambda: f"string({self.random.choice(COUNTS)})")

    def operator(self):
        field = self.text_field()
        choices = [lambda: f"{field} == {self.literal()}", lambda: f"{field} != {self.literal()}",
                   lambda: f"{field} in{self.tilde()} ({self.several(WORDS)})",
                   lambda: f"{field} not in ({self.several(WORDS)})",
                   lambda: f"{field} == null", lambda: f"{field} != null"]
        if not self.old:
            choices += [lambda: f"{field} : {self.literal()}", lambda: f"{field} : ({self.several(PATTERNS)})",
                        lambda: f"{field} like{self.tilde()} ({self.several(PATTERNS)})",
                        lambda: f"{field} like {quote(self.random.choice(PATTERNS))}",
                        lambda: f"{field} regex{self.tilde()} ({self.several(REGEXES)})"]
        else:
            choices += [lambda: f"{field} == {quote(self.random.choice(PATTERNS))}",
                        lambda: f"match({field}, {self.several(REGEXES)})"]
        return self.random.choice(choices)()

    def function(self):
        name = self.random.choice(["startsWith", "endsWith", "stringContains"])
        other = self.pick(self.literal, lambda: self.random.choice(TEXTS))
        return self.pick(lambda: f"{name}{self.tilde()}({self.text_field()}, {other})",
                         lambda: f"wildcard{self.tilde()}({self.text_field()}, {self.several(PATTERNS)})",
                         lambda: f'cidrMatch(source.ip, "10.0.0.0/8", "192.168.1.0/24")')

    def comparison(self):
        op = self.random.choice(["==", "!=", "<", "<=", ">", ">="])
        return self.pick(lambda: f"{self.number()} {op} {self.random.choice(NUMBERS)}",
                         lambda: f"{self.number()} {op} {self.number()}",
                         lambda: f"{self.number_field()} in (0, 1, {self.random.choice(NUMBERS)})",
                         lambda: f"{self.text()} {op} {self.literal()}",
                         lambda: f"{self.random.choice(TEXTS)} {op} {self.random.choice(TEXTS)}",
                         lambda: f"other.flag == {self.random.choice(['true', 'false'])}")

    def condition(self, depth=2):
        if depth == 0 or self.random.random() < 0.35:
            return self.pick(self.operator, self.operator, self.function, self.comparison)
        word = self.random.choice([" and ", " or ", "not "])
        if word == "not ":
            return f"not ({self.condition(depth - 1)})"
        return "(" + word.join(self.condition(depth - 1) for _ in range(self.random.randint(2, 3))) + ")"

    def event(self, depth=2):
        return f"{self.random.choice(CATEGORIES + ['any'])} where {self.condition(depth)}"

    def keys(self):
        return ", ".join(self.key() for _ in range(self.random.choice([1, 1, 2])))

    def key(self):
        if self.dialect != "elasticsearch" and self.random.random() < 0.15:
            return self.random.choice([f"length({self.random.choice(TEXTS)})", f"{self.random.choice(COUNTS)} + 1",
                                       f"concat({self.random.choice(TEXTS)}, {quote('x')})"])
        name = self.random.choice(TEXTS + COUNTS + LISTS)
        return "?" + name if not self.old and self.random.random() < 0.25 else name

    def relation(self):
        kind = self.random.choice(["descendant of", "child of", "event of"])
        inner = self.event(1) if self.random.random() < 0.8 else f"process where {self.relation()}"
        return f"{'not ' if self.random.random() < 0.2 else ''}{kind} [{inner}]"

    def related(self):
        return f"{self.random.choice(CATEGORIES + ['any'])} where {self.relation()} and {self.condition(1)}"

    def pipes(self):
        """After a query; only the oldest dialect has all of them."""
        random, text = self.random, ""
        self.in_pipes = True
        field = lambda: random.choice(TEXTS + COUNTS)  # noqa: E731
        for _ in range(random.randint(1, 3)):
            choices = [f"head {random.randint(1, 20)}", f"tail {random.randint(1, 20)}"]
            if self.dialect != "elasticsearch":
                choices += [f"unique {field()}", f"unique {field()}, {field()}", f"sort {field()}",
                            f"sort {field()}, {field()}", f"filter {self.condition(1)}",
                            f"unique_count {field()} | filter count > {random.randint(1, 4)}"]
            text += " | " + random.choice(choices)
        self.in_pipes = False
        return text

    def piped(self):
        self.aliases = []
        return self.pick(self.event, self.event, self.sequence) + self.pipes()

    def sequence(self):
        random, self.aliases = self.random, []
        common = f" by {self.keys()}" if random.random() < 0.4 else ""
        own = 1 if random.random() < 0.4 else 0
        span = f" with maxspan={random.choice(['1s', '3s', '10s', '500ms'])}" if random.random() < 0.7 else ""
        steps, missing = [], False
        count = random.randint(2, 4)
        for i in range(count):
            text = f"[{self.event(1)}]"
            if not self.old and i and not missing and span and random.random() < 0.15:
                text, missing = "!" + text, True
            if self.old and i and random.random() < 0.15:
                text += " fork=true"
            if own:
                text += f" by {self.key()}"
            if not self.old and random.random() < 0.15:
                text += f" with runs={random.randint(2, 3)}"
            elif self.dialect == "endpoint" and not text.startswith("!") and random.random() < 0.3:
                text += f" as e{i}"
                self.aliases.append(f"e{i}")
            steps.append(text)
        self.aliases = []
        until = ""
        if random.random() < 0.2:
            until = f" until [{self.event(1)}]" + (f" by {self.key()}" if own else "")
        return f"sequence{common}{span} {' '.join(steps)}{until}"

    def gathering(self):
        """A join, or a sample."""
        word = "join" if self.old else "sample"
        steps = " ".join(f"[{self.event(1)}]" for _ in range(self.random.randint(2, 3)))
        until = f" until [{self.event(1)}]" if self.old and self.random.random() < 0.2 else ""
        return f"{word} by {self.keys()} {steps}{until}"

    def query(self):
        self.aliases = []
        choices = [self.event, self.event, self.sequence, self.sequence, self.gathering]
        return self.pick(*choices, *([self.related] if self.dialect != "elasticsearch" else []))
