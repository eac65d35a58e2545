"""Cases of a test script, printed as TAP."""
import sys
import time

_count, _failed = 0, 0


def check(name, condition, *details):
    """One case; details say what was found when it fails."""
    global _count, _failed
    _count += 1
    print(f"{'ok' if condition else 'not ok'} {_count} - {name}")
    if not condition:
        _failed += 1
        for detail in details:
            for line in str(detail).splitlines()[:20]:
                print("# " + line)
    return condition


def equal(name, got, wanted):
    return check(name, got == wanted, f"got    {got!r}", f"wanted {wanted!r}")


def skip(name, reason):
    global _count
    _count += 1
    print(f"ok {_count} - {name} # SKIP {reason}")


def wait_for(condition, seconds):
    """Whether the condition came true within the time."""
    end = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < end:
        time.sleep(0.05)
    return bool(met)


def done():
    print(f"1..{_count}")
    sys.exit(1 if _failed else 0)
