"""What an expression is worth for an event, by walking the tree; None is EQL's null."""
from . import parser as tree
from .functions import CALLS, Context, arithmetic, call
from .values import compare, elements, is_null, lucene_regex, text_of, wildcard


def look_up(value, path):
    """The value at a path of names and indexes; a list of objects gives a list. Names may also be
    written with their dots in one member."""
    if not path:
        return value
    if isinstance(value, dict) and path[0] in value:
        found = look_up(value[path[0]], path[1:])
        if found is not None:
            return found
    if isinstance(value, list):
        if isinstance(path[0], int):
            return look_up(value[path[0]], path[1:]) if path[0] < len(value) else None
        found = [look_up(v, path) for v in value if isinstance(v, (dict, list))]
        return [f for f in found if f is not None] or None
    if path[0] == 0 and not isinstance(value, dict):
        return look_up(value, path[1:])     # as a list of one
    if not isinstance(value, dict) or isinstance(path[0], int):
        return None
    name = ""
    for i, part in enumerate(path):
        if isinstance(part, int):
            break
        name = f"{name}.{part}" if name else part
        if name in value:
            found = look_up(value[name], path[i + 1:])
            if found is not None:
                return found
    return None


class Scope:
    """One event, the events of earlier steps by alias, events of a match for pipes, and variables."""

    def __init__(self, document, dialect, aliases=None, events=None, related=None):
        self.document, self.dialect = document, dialect
        self.aliases, self.events = aliases or {}, events
        self.related = related
        self.variables = {}

    def field(self, path):
        """A list of one is its element, one of none is null."""
        found = self.raw(path)
        if isinstance(found, list):
            found = [f for f in elements(found)]
            return None if not found else found[0] if len(found) == 1 else found
        return found

    def raw(self, path):
        if path[0] in self.variables:
            return look_up(self.variables[path[0]], path[1:])
        if self.events is not None and path[0] == "events" and len(path) > 1 and isinstance(path[1], int):
            return look_up(self.events[path[1]], path[2:]) if path[1] < len(self.events) else None
        if path[0] in self.aliases and len(path) > 1:
            return look_up(self.aliases[path[0]], path[1:])
        return look_up(self.document, path)


def truth(value):
    """As a condition: null, true or false."""
    return None if is_null(value) else bool(value)


def _leaf(answer, dialect):
    """What could not be answered: null, or false."""
    return False if answer is None and not dialect.three_valued else answer


def _not(value, dialect):
    value = truth(value)
    if value is None:
        return None if dialect.three_valued else True
    return not value


def _and(scope, node):
    known = True
    for value in node.values:
        answer = truth(evaluate(value, scope))
        if answer is False:
            return False
        known = known and answer is not None
    return True if known else _leaf(None, scope.dialect)


def _or(scope, node):
    known = True
    for value in node.values:
        answer = truth(evaluate(value, scope))
        if answer is True:
            return True
        known = known and answer is not None
    return False if known else _leaf(None, scope.dialect)


def _is_null_literal(node):
    return isinstance(node, tree.Literal) and node.value is None


def _is_optional(node):
    return isinstance(node, tree.Field) and node.optional


def _wildcard_literal(dialect, node):
    is_text = isinstance(node, tree.Literal) and isinstance(node.value, str)
    return dialect.equal_wildcards and is_text and "*" in node.value


def _equal(scope, node):
    """Is left == right: True, False or None."""
    if _is_null_literal(node.left) or _is_null_literal(node.right):
        return is_null(unanswered(node.left, scope)) and is_null(unanswered(node.right, scope))
    left, right = evaluate(node.left, scope), evaluate(node.right, scope)
    if _is_optional(node.left) and _is_optional(node.right) and is_null(left) and is_null(right):
        return True
    for pattern, value, against in ((node.right, left, right), (node.left, right, left)):
        if _wildcard_literal(scope.dialect, pattern):
            return _any(value, lambda v: wildcard(text_of(v), against, scope.dialect.caseless, False), scope.dialect)
    return compare("==", left, right, scope.dialect.caseless, scope.dialect)


def unanswered(node, scope):
    """For comparisons with null: a question that could not be answered is null in every dialect."""
    if type(node) in _QUESTIONS:
        return _QUESTIONS[type(node)](scope, node)
    if isinstance(node, tree.Call):
        return _call(scope, node)
    return evaluate(node, scope)


def _any(value, test, dialect):
    if isinstance(value, list) and dialect.three_valued:
        return None
    answers = [test(v) for v in elements(value)]
    answers = [a for a in answers if a is not None]
    return any(answers) if answers else None


def _compare(scope, node):
    if node.op == "==":
        return _equal(scope, node)
    if node.op == "!=":
        return _not(_equal(scope, node), scope.dialect)
    left, right = evaluate(node.left, scope), evaluate(node.right, scope)
    return compare(node.op, left, right, scope.dialect.caseless, scope.dialect)


def _match(scope, node):
    value = evaluate(node.value, scope)
    patterns = [evaluate(p, scope) for p in node.patterns]
    caseless = node.caseless or scope.dialect.caseless

    def one(v, pattern):
        if not isinstance(pattern, str):
            return compare("==", v, pattern, True, scope.dialect)
        text = text_of(v)
        if text is None:
            return None
        if node.op == "regex":
            return lucene_regex(pattern, caseless).fullmatch(text) is not None
        return wildcard(text, pattern, caseless, True)

    if None in patterns and is_null(value):
        return True
    return _any(value, lambda v: any(one(v, p) for p in patterns if p is not None), scope.dialect)


def _in(scope, node):
    value = evaluate(node.value, scope)
    if is_null(value):
        return None
    answers = [compare("==", value, evaluate(i, scope), node.caseless or scope.dialect.caseless, scope.dialect)
               for i in node.items]
    return True if True in answers else None if None in answers and scope.dialect.three_valued else False


def _arithmetic(scope, node):
    left, right = evaluate(node.left, scope), evaluate(node.right, scope)
    if not isinstance(left, list) and not isinstance(right, list):
        return arithmetic(node.op, left, right, scope.dialect)
    return None


def _negate(scope, node):
    return arithmetic("-", 0, evaluate(node.value, scope), scope.dialect)


def _with_variable(scope, name, value, body):
    before = scope.variables.copy()
    scope.variables[name] = value
    answer = evaluate(body, scope)
    scope.variables = before
    return answer


def _call(scope, node):
    if node.name == "safe":
        return evaluate(node.args[0], scope)
    if node.name in ("arraysearch", "arraycount"):
        array = scope.raw(node.args[0].path) if isinstance(node.args[0], tree.Field) else evaluate(node.args[0], scope)
        hits = [e for e in (array if isinstance(array, list) else [] if array is None else [array])
                if _with_variable(scope, node.args[1].path[0], e, node.args[2])]
        return len(hits) if node.name == "arraycount" else bool(hits)
    if node.name not in CALLS:
        raise TypeError(f"no function {node.name}")
    context = Context(node.caseless or scope.dialect.caseless, scope.dialect)
    return call(node.name, context, [evaluate(a, scope) for a in node.args])


_QUESTIONS = {tree.Compare: _compare, tree.Match: _match, tree.In: _in}
_ASKING = {"cidrmatch", "endswith", "startswith", "stringcontains", "match", "matchlite", "wildcard", "arraycontains"}


def _question(ask):
    return lambda scope, node: _leaf(ask(scope, node), scope.dialect)


def _any_call(scope, node):
    answer = _call(scope, node)
    return _leaf(answer, scope.dialect) if node.name in _ASKING else answer


_NODES = {
    tree.Literal: lambda scope, node: node.value,
    tree.Field: lambda scope, node: scope.field(node.path),
    tree.Not: lambda scope, node: _not(evaluate(node.value, scope), scope.dialect),
    tree.And: _and,
    tree.Or: _or,
    tree.Compare: _question(_compare),
    tree.Match: _question(_match),
    tree.In: _question(_in),
    tree.Arithmetic: _arithmetic,
    tree.Negate: _negate,
    tree.Call: _any_call,
    tree.Relation: lambda scope, node: scope.related(node) if scope.related else False,
}


def evaluate(node, scope):
    return _NODES[type(node)](scope, node)


def holds(node, scope):
    return truth(evaluate(node, scope)) is True
