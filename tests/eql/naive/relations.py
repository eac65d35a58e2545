"""descendant of, child of, event of: which processes a query has marked so far."""
import dataclasses

from . import parser as tree
from .evaluate import Scope, holds, look_up


def relations_of(node):
    """Relation nodes below, inner ones first."""
    found = []
    if isinstance(node, list):
        for n in node:
            found += relations_of(n)
    elif dataclasses.is_dataclass(node):
        for m in dataclasses.fields(node):
            found += relations_of(getattr(node, m.name))
        if isinstance(node, tree.Relation):
            found.append(node)
    return found


class Relations:
    def __init__(self, query, engine):
        self.engine, self.dialect = engine, engine.dialect
        self.nodes = relations_of(query)
        self.marked = {id(n): set() for n in self.nodes}
        self.below = {id(n): set() for n in self.nodes}
        self.ended = set()

    def _forget(self):
        """Processes that have ended are known at that event still."""
        for known in [*self.marked.values(), *self.below.values()]:
            known -= self.ended
        self.ended.clear()

    def _names(self, document):
        def name(path):
            value = look_up(document, path.split("."))
            return None if value in (None, "", 0) else str(value)
        return name(self.dialect.process), name(self.dialect.parent)

    def take(self, document):
        """Before the query itself is asked about the event."""
        if not self.nodes:
            return
        process, parent = self._names(document)
        begins = True
        self._forget()
        if self.dialect.process_lives:
            of_process = self.engine.in_category(document, "process")
            begins = of_process and document.get("opcode") in (1, 3, 9)
            if of_process and document.get("opcode") in (2, 4):
                self.ended.add(process)
        for node in self.nodes:
            marked, below = self.marked[id(node)], self.below[id(node)]
            if begins and process and parent and (parent in marked or node.kind == "descendant" and parent in below):
                below.add(process)
            scope = Scope(document, self.dialect, related=lambda n: self.related(n, document))
            if not process or not self.engine.in_category(document, node.query.category):
                continue
            if holds(node.query.condition, scope):
                marked.add(process)

    def related(self, node, document):
        process = self._names(document)[0]
        return process in (self.marked if node.kind == "event" else self.below)[id(node)]
