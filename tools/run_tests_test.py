"""The runner must count right: a miscounted failure would look like success."""
import unittest
from run_tests import Tally, cases_of, count_program

CMOCKA = """[==========] Running 3 test(s).
[ RUN      ] one
[       OK ] one
[ RUN      ] two
no ../shared here
[  SKIPPED ] two
[ RUN      ] three
[  ERROR   ] --- 1 != 2
[  FAILED  ] three
[==========] 3 test(s) run.
[  PASSED  ] 1 test(s).
[  SKIPPED ] 1 test(s), listed below:
[  SKIPPED ] two
[  FAILED  ] group: 1 test(s), listed below:
[  FAILED  ] three
"""


def tally_of(result, stdout):
    tally = Tally()
    count_program(tally, {"name": "t", "result": result, "stdout": stdout})
    return tally.passed, len(tally.failed), tally.skipped


class Counting(unittest.TestCase):
    def test_cmocka(self):
        self.assertEqual([(c, w) for c, w, _ in cases_of(CMOCKA)],
                         [("one", "ok"), ("two", "skipped"), ("three", "failed")])
        self.assertEqual(tally_of("FAIL", CMOCKA), (1, 1, [("t: two", "no ../shared here")]))

    def test_tap(self):
        text = "1..3\nok 1 - a\nok 2 - b # SKIP no BPF here\nnot ok 3 - c\n"
        self.assertEqual(tally_of("FAIL", text), (1, 1, [("t: b", "no BPF here")]))

    def test_a_crash_fails(self):
        self.assertEqual(tally_of("FAIL", "[ RUN      ] one\n[       OK ] one\n==1==ERROR")[1], 1)
        self.assertEqual(tally_of("TIMEOUT", "")[1], 1)

    def test_plain_programs(self):
        self.assertEqual(tally_of("OK", "12 seeds\n"), (1, 0, []))
        self.assertEqual(tally_of("SKIP", "needs root\n"), (0, 0, [("t", "needs root")]))


if __name__ == "__main__":
    unittest.main()
