"""Sequences, samples and joins over a list of documents, the slow way."""
import itertools
from dataclasses import dataclass, field

from .evaluate import Scope, evaluate, holds
from .parser import Field
from .values import elements, fold, text_of


@dataclass(eq=False)
class Partial:
    documents: list     # one for each step with an event so far
    aliases: dict = field(default_factory=dict)
    keys: tuple = ()


def keys_of(step, scope):
    """The join keys of an event, as tuples: several when a field has several values, none when a
    key is null that may not be."""
    choices = []
    for key in step.keys:
        value = evaluate(key, scope)
        if scope.dialect.null_keys:
            choices.append([tuple(elements(value)) if isinstance(value, list) else value])
            continue
        values = list({text_of(v): v for v in reversed(elements(value)) if v != ""}.values())[::-1]
        if not values and not (isinstance(key, Field) and key.optional):
            return []
        choices.append(values or [None])
    return list(itertools.product(*choices))


def same(keys, dialect):
    """Equal for keys that join: by their text."""
    def plain(key):
        if isinstance(key, tuple):
            return tuple(plain(k) for k in key) if len(key) > 1 else plain(key[0]) if key else None
        text = text_of(key) or None
        return fold(text) if text and dialect.null_keys and dialect.caseless else text
    return tuple(plain(k) for k in keys)


def expand(steps):
    """A step with runs=3 is three steps."""
    return [s for s in steps for _ in range(s.runs)]


class Sequence:
    def __init__(self, query, engine):
        self.engine, self.dialect, self.query = engine, engine.dialect, query
        self.steps = expand(query.steps)
        self.positive = [i for i, s in enumerate(self.steps) if not s.missing]
        self.waiting = [{} for _ in self.positive]    # by how many events are there: key -> partials
        self.complete = []

    def take(self, document, related):
        if self.dialect.null_keys:
            self._until(document, related)
        for stage in reversed(range(len(self.positive))):
            self._step(stage, document, related)
        if not self.dialect.null_keys:
            self._until(document, related)

    def _until(self, document, related):
        step = self.query.until
        if step is None or not self.engine.matches(step.event, document, related=related):
            return
        for keys in keys_of(step, Scope(document.data, self.dialect, related=related)):
            for waiting in self.waiting:
                waiting.pop(same(keys, self.dialect), None)

    def _step(self, stage, document, related):
        step = self.steps[self.positive[stage]]
        if stage == 0:
            if self.engine.matches(step.event, document, related=related):
                for keys in keys_of(step, Scope(document.data, self.dialect, related=related)):
                    self._advance(stage, Partial([]), document, keys)
            return
        for keys in keys_of(step, Scope(document.data, self.dialect, related=related)):
            partials = self.waiting[stage].get(same(keys, self.dialect), [])
            fitting = [p for p in partials if self.engine.matches(step.event, document, p.aliases, related)]
            if not fitting:
                continue
            if not step.fork:
                partials[:] = [p for p in partials if p not in fitting]
            if self.query.maxspan is None or document.time - fitting[-1].documents[0].time <= self.query.maxspan:
                self._advance(stage, fitting[-1], document, keys)

    def _advance(self, stage, partial, document, keys):
        step = self.steps[self.positive[stage]]
        aliases = dict(partial.aliases)
        if step.alias:
            aliases.setdefault(step.alias, document.data)
        grown = Partial(partial.documents + [document], aliases, keys)
        if stage + 1 == len(self.positive):
            self.complete.append(grown)
        else:
            self.waiting[stage + 1].setdefault(same(keys, self.dialect), []).append(grown)

    def finish(self, documents, related_at):
        """The matches, with None in the place of missing events that did stay away."""
        found = []
        for partial in self.complete:
            placed = [None] * len(self.steps)
            for i, document in zip(self.positive, partial.documents):
                placed[i] = document
            if self._stayed_away(placed, partial, documents, related_at):
                found.append((placed, list(partial.keys)))
        return found

    def _hits(self, i, partial, after, before, documents, related_at):
        """Times of events of the missing step i, strictly between two times."""
        step = self.steps[i]
        for document in documents:
            if (after is None or document.time > after) and (before is None or document.time < before):
                related = related_at(document)
                if self.engine.matches(step.event, document, partial.aliases, related):
                    found = keys_of(step, Scope(document.data, self.dialect, related=related))
                    if same(partial.keys, self.dialect) in [same(k, self.dialect) for k in found]:
                        yield document.time

    def _stayed_away(self, placed, partial, documents, related_at):
        first, last = partial.documents[0].time, partial.documents[-1].time
        leading, trailing = None, None      # the nearest that came before, and after
        for i, step in enumerate(self.steps):
            if not step.missing:
                continue
            before = [d.time for d in placed[:i] if d]
            after = [d.time for d in placed[i:] if d]
            hits = list(self._hits(i, partial, before[-1] if before else None, after[0] if after else None,
                                   documents, related_at))
            if not before:
                leading = max(hits + ([leading] if leading is not None else []), default=None)
            elif not after:
                trailing = min(hits + ([trailing] if trailing is not None else []), default=None)
            elif hits:
                return False
        opens, closes = self.steps[0].missing, self.steps[-1].missing
        if opens and leading is None or closes and trailing is None or leading is None and trailing is None:
            return True
        span = (trailing if closes else last) - (leading if opens else first)
        return self.query.maxspan is not None and span > self.query.maxspan


class Join:
    """The older engine's: the first event for each step, whatever the order; then anew."""

    def __init__(self, query, engine):
        self.engine, self.dialect, self.query = engine, engine.dialect, query
        self.steps = expand(query.steps)
        self.found, self.complete = {}, []

    def take(self, document, related):
        until = self.query.until
        scope = Scope(document.data, self.dialect, related=related)
        if until and self.engine.matches(until.event, document, related=related):
            for keys in keys_of(until, scope):
                self.found.pop(same(keys, self.dialect), None)
        for i, step in enumerate(self.steps):
            if not self.engine.matches(step.event, document, related=related):
                continue
            for keys in keys_of(step, scope):
                places = self.found.setdefault(same(keys, self.dialect), [None] * len(self.steps))
                if places[i] is None:
                    places[i] = document
                if None not in places:
                    self.complete.append((places, list(keys)))
                    del self.found[same(keys, self.dialect)]

    def finish(self, documents, related_at):
        return self.complete


class Sample:
    """One event for each step with the same keys, all different."""

    def __init__(self, query, engine):
        self.engine, self.dialect, self.query = engine, engine.dialect, query
        self.steps = expand(query.steps)
        self.found, self.keys = {}, {}

    def take(self, document, related):
        for i, step in enumerate(self.steps):
            if self.engine.matches(step.event, document, related=related):
                for keys in keys_of(step, Scope(document.data, self.dialect, related=related)):
                    self.keys.setdefault(same(keys, self.dialect), keys)
                    self.found.setdefault(same(keys, self.dialect), [[] for _ in self.steps])[i].append(document)

    def finish(self, documents, related_at):
        matches = []
        for key, lists in self.found.items():
            chosen = self._choose(lists, [])
            if chosen:
                matches.append((chosen, list(self.keys[key])))
        return matches

    def _choose(self, lists, chosen):
        if len(chosen) == len(lists):
            return chosen
        for document in lists[len(chosen)]:
            if document not in chosen:
                found = self._choose(lists, chosen + [document])
                if found:
                    return found
        return None


MACHINES = {"sequence": Sequence, "join": Join, "sample": Sample}
