"""Pipes: a list of matches in, a list of matches out."""
import copy

from .evaluate import Scope, evaluate, holds
from .values import elements, fold, is_null


class Row:
    """A match on its way through pipes: its documents, what pipes see of them, its keys."""

    def __init__(self, documents, keys):
        self.documents, self.keys = documents, keys
        self.data = [d.data if d else {} for d in documents]

    def scope(self, dialect):
        return Scope(self.data[0], dialect, events=self.data)


def _key(pipe, row, dialect):
    def part(value):
        if isinstance(value, list):
            return tuple(part(v) for v in value)
        if isinstance(value, str) and dialect.caseless:
            return fold(value)
        return (type(value) is bool, value)
    return tuple(part(evaluate(v, row.scope(dialect))) for v in pipe.values)


def _count_of(pipe, default=50):
    return pipe.values[0].value if pipe.values else default


def head(pipe, rows, dialect):
    return rows[:_count_of(pipe)]


def tail(pipe, rows, dialect):
    return rows[-_count_of(pipe):]


def keep(pipe, rows, dialect):
    return [r for r in rows if holds(pipe.values[0], r.scope(dialect))]


def unique(pipe, rows, dialect):
    first = {}
    for row in rows:
        first.setdefault(_key(pipe, row, dialect), row)
    return list(first.values())


def unique_count(pipe, rows, dialect):
    groups = {}
    for row in rows:
        groups.setdefault(_key(pipe, row, dialect), []).append(row)
    counted = []
    for group in groups.values():
        row = Row(group[0].documents, group[0].keys)
        row.data = [copy.copy(group[0].data[0])] + group[0].data[1:]
        row.data[0]["count"] = sum(r.data[0].get("count", 1) for r in group)
        counted.append(row)
    total = sum(r.data[0]["count"] for r in counted)
    for row in counted:
        row.data[0]["percent"] = row.data[0]["count"] / total
    return counted


def sort(pipe, rows, dialect):
    """By the values; null first, then truth, numbers, texts, lists."""
    def ranked(value):
        if is_null(value):
            return (0, 0)
        if isinstance(value, list):
            return (4, [ranked(v) for v in elements(value)])
        if isinstance(value, str):
            return (3, fold(value) if dialect.caseless else value)
        return (1 if isinstance(value, bool) else 2, value)

    return sorted(rows, key=lambda r: [ranked(evaluate(v, r.scope(dialect))) for v in pipe.values])


PIPES = {"head": head, "tail": tail, "filter": keep, "unique": unique, "unique_count": unique_count, "sort": sort}


def run(pipes, rows, dialect):
    for pipe in pipes:
        rows = PIPES[pipe.name](pipe, rows, dialect)
    return rows
