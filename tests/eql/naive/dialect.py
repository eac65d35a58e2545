"""Where the dialects differ, as far as the naive evaluator knows them. One object per query."""


class Dialect:
    def __init__(self, name, caseless=None):
        assert name in ("endpoint", "elasticsearch", "endgame")
        self.name = name
        old = name == "endgame"
        # Text compares without case where an operator leaves it open.
        self.caseless = old if caseless is None else caseless
        # `==` with a literal that has a star is a wildcard, and `=` is `==`.
        self.equal_wildcards = old
        self.single_equal = old
        # '…' and ?"…" are strings; else ? marks a field that may be missing.
        self.old_strings = old
        self.methods = old
        # `?` in patterns of wildcard() is any one character.
        self.question_mark = not old
        # `not` of null: null, or true as if the comparison had been false.
        self.three_valued = old
        # Integer division and remainder: towards minus infinity, or towards zero.
        self.floor_division = old
        # Join keys: null joins null without being asked for, text joins without case.
        self.null_keys = old
        # Pipes take single events in the order of input, or of time.
        self.input_order = old
        # Processes, and whether events say when one begins and ends, after which its id may come again.
        self.process_lives = old
        self.process, self.parent = (
            ("unique_pid", "unique_ppid") if old else ("process.entity_id", "process.parent.entity_id"))
