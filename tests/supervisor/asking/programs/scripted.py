"""Runs programs in sandboxes with a scripted callback, and prints what became of each as JSON."""

import json
import os
import sys
import threading
import time

import trio

from nono.broker.asking.question import Answer
from nono.supervisor import Options, make_plan, run

OUTSIDE = os.environ["OUTSIDE"]
PICK_TREE = ("t", "d", "r", "o")


def asked(name, pick, *arguments, wait=0.0, at_once=False):
    """Run the inner program of this name. `pick` gives the id of an offer, or raises."""
    seen, threads = [], [0]

    def note(question):
        offers = [each.id for each in question.offers]
        objects = [value for _, value in question.objects]
        seen.append([question.wants, question.subject.value, question.waiting, offers, objects])
        return offers

    def answer(question, offers):
        found = pick(question, offers)
        return None if found is None else Answer(found, "script", "tester")

    async def waits(question):
        offers = note(question)
        await trio.sleep(wait)
        threads.append(len(os.listdir("/proc/self/task")))
        return answer(question, offers)

    def answers(question):
        offers = note(question)
        time.sleep(wait)
        return answer(question, offers)

    ask = answers if at_once else waits

    started = time.monotonic()
    inner = open(os.path.join(os.environ["PROGRAMS"], name + ".py")).read()
    plan = make_plan(Options(allow_cwd=True), [sys.executable])
    argv = [sys.executable, "-I", "-c", inner, OUTSIDE, *arguments]
    done = run(argv, plan, ask=ask, capture_output=True, timeout=60)
    return {
        "code": done.returncode,
        "out": done.stdout.decode(),
        "err": done.stderr.decode(),
        "asked": seen,
        "faults": done.faults,
        "threads": max(threads),
        "verdicts": [type(each.verdict).__name__ for each in done.denials],
        "rules": [str(each.verdict.rule.origin) for each in done.denials],
        "seconds": time.monotonic() - started,
    }


def always(*ids):
    return lambda question, offers: next((each for each in ids if each in offers), None)


def boom(question, offers):
    raise SystemExit(7) if question.id == 2 else RuntimeError("a channel that fails")


def unless_secret():
    """Not for this once, and then not in this run: three times the first would make it quiet."""
    refusals = iter("nn")

    def pick(question, offers):
        is_secret = question.request.path.endswith("secret")
        return next(refusals, "m") if is_secret else "o"

    return pick


def leads_to(name):
    """Whoever is outside makes the link of the project lead there, in one step."""
    os.symlink(f"{OUTSIDE}/{name}", "new")
    os.rename("new", "link")


def race_at_once():
    def pick(question, offers):
        leads_to("secret")
        return "o"

    leads_to("one/f")
    return asked("opens", pick, "2", at_once=True)


def swaps():
    is_over = threading.Event()

    def swap():
        while not is_over.is_set():
            leads_to("secret")
            leads_to("one/f")

    swapping = threading.Thread(target=swap)
    swapping.start()
    try:
        return asked("opens", unless_secret(), "2", at_once=True)
    finally:
        is_over.set()
        swapping.join()


CASES = {
    "each_once_at_once": lambda: asked("each_once", always("o"), at_once=True),
    "fails_by_itself": lambda: asked("fails_by_itself", always("o")),
    "flags": lambda: asked("flags", always("o")),
    "flags_at_once": lambda: asked("flags", always("o"), at_once=True),
    "race_at_once": race_at_once,
    "swaps": swaps,
    "combinations_at_once": lambda: asked("combinations", always("d"), at_once=True),
    "fails_at_once": lambda: asked("each_once", boom, at_once=True),
    "quits_at_once": lambda: asked("each_once", always("Q"), at_once=True),
    "refused_at_once": lambda: asked("each_once", always("N"), at_once=True),
    "loop": lambda: asked("loop", always("d")),
    "combinations": lambda: asked("combinations", always("d")),
    "each_once": lambda: asked("each_once", always("o")),
    "alarm": lambda: asked("alarm", lambda q, _: "o" if q.id == 1 else "n", wait=0.5),
    "resized": lambda: asked("resized", always("o"), wait=0.5),
    "race": lambda: asked("race", lambda q, _: "r" if q.id == 1 else "n", wait=0.6),
    "mixed": lambda: asked("mixed", lambda q, _: "o" if q.id < 3 else "n", wait=1.2),
    "details": lambda: asked("details", lambda q, _: "o" if q.id == 1 else "n", wait=0.6),
    "dies": lambda: asked("dies", always("d"), wait=30),
    "thousand": lambda: asked("thousand", always("d"), wait=0.5),
    "walk": lambda: asked("walk", lambda q, offers: "T" if "T" in offers else "r"),
    "fails": lambda: asked("each_once", boom),
    "nobody": lambda: asked("each_once", lambda q, _: None),
    "quits": lambda: asked("each_once", always("Q")),
    "other": lambda: asked("each_once", lambda q, _: "no-such-offer"),
    "refused": lambda: asked("each_once", always("N")),
    "flood": lambda: asked("flood", always("n"), wait=0.3),
    "tools": lambda: asked("tools", always("d", "r", "o")),
    "other_repository": lambda: asked("other_repository", always("d", "o")),
    "never": lambda: asked("never", always("d", "r", "o")),
}
print(json.dumps({name: CASES[name]() for name in sys.argv[1:]}))
