"""A query over a list of documents."""
from dataclasses import dataclass

from .dialect import Dialect
from .evaluate import Scope, holds, look_up
from .parser import parse
from .pipes import Row, run
from .relations import Relations
from .sequence import MACHINES
from .values import elements, number_of, time_of


@dataclass(eq=False)
class Document:
    index: int
    data: dict
    time: int       # nanoseconds


def document_time(data):
    stamp = look_up(data, ["@timestamp"])
    if stamp is None:
        stamp = look_up(data, ["timestamp"])
        return int(stamp) * 100 if isinstance(stamp, int) else 0      # FILETIME
    found = time_of(stamp)
    return found if found is not None else int((number_of(stamp) or 0) * 10**6)


def documents_of(records):
    """In time order; equal times in the order given."""
    documents = [Document(i, data, document_time(data)) for i, data in enumerate(records)]
    return sorted(documents, key=lambda d: d.time)


class Engine:
    def __init__(self, text, dialect="endpoint", caseless=None):
        self.dialect = Dialect(dialect, caseless)
        self.query = parse(text, self.dialect)

    def in_category(self, data, category):
        if category is None:
            return True
        found = look_up(data, ["event", "category"])
        if found is None:
            found = look_up(data, ["event_type"])
        return category in elements(found)

    def matches(self, event, document, aliases=None, related=None):
        return self.in_category(document.data, event.category) and holds(
            event.condition, Scope(document.data, self.dialect, aliases, related=related))

    def run(self, documents):
        """Rows in the order that hunt prints them."""
        relations = Relations(self.query, self)
        single = self.query.kind == "single"
        machine = None if single else MACHINES[self.query.kind](self.query, self)
        rows = []
        if single and not relations.nodes:
            if self.dialect.input_order or not self.query.pipes:
                documents = sorted(documents, key=lambda d: d.index)
        for document in documents:
            relations.take(document.data)
            related = lambda node, d=document.data: relations.related(node, d)  # noqa: E731
            if not single:
                machine.take(document, related)
            elif self.matches(self.query.steps[0].event, document, related=related):
                rows.append(Row([document], None))
        if not single:
            rows = [Row(places, keys) for places, keys in machine.finish(documents, lambda d: None)]
            rows.sort(key=lambda r: (max(_places(r)), min(_places(r))))
        return run(self.query.pipes, rows, self.dialect)


def _places(row):
    return [(d.time, d.index) for d in row.documents if d]


def indexes(rows):
    """[[index or None …]] of each row."""
    return [[d.index if d else None for d in r.documents] for r in rows]
