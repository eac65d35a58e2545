"""Pipes: a list of matches in, a list of matches out."""
import copy

from .evaluate import Scope, evaluate, holds
from .values import elements, fold, is_null, is_number


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
    def plain(value):
        value = elements(value)[0] if isinstance(value, list) and elements(value) else value
        return fold(value) if isinstance(value, str) and dialect.caseless else value

    columns = [[plain(evaluate(v, r.scope(dialect))) for r in rows] for v in pipe.values]
    ranked = []
    for column in columns:
        kinds = [v for v in column if not is_null(v)]
        empty = "" if kinds and isinstance(kinds[0], str) else 0
        column = [empty if is_null(v) else v for v in column]
        ranked.append([(0, v) if is_number(v) or isinstance(v, bool) else (1, str(v)) for v in column])
    order = sorted(range(len(rows)), key=lambda i: tuple(c[i] for c in ranked))
    return [rows[i] for i in order]


PIPES = {"head": head, "tail": tail, "filter": keep, "unique": unique, "unique_count": unique_count, "sort": sort}


def run(pipes, rows, dialect):
    for pipe in pipes:
        rows = PIPES[pipe.name](pipe, rows, dialect)
    return rows
