import sys
from nono.supervisor import Options, make_plan, run
plan = make_plan(Options(read=[sys.argv[1]]), ["cat"])
for what in (plan.policy, plan):
    done = run(["cat", sys.argv[2]], what, capture_output=True)
    print(done.returncode, done.stdout)
