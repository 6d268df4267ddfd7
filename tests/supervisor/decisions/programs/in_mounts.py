import sys

from nono.broker import ALL_ACCESS, Effect, Glob, Origin, OriginKind, Rule
from nono.broker.floor.wildcards import BoundedTree, WildcardSearch
from nono.supervisor.decisions.tree import RealTree

top = sys.argv[1]
rule = Rule(Glob(f"{top}/**/.env"), ALL_ACCESS, Effect.DENY, Origin(OriginKind.FLAG, "--deny"))
search = WildcardSearch([rule], (), BoundedTree(RealTree(), 1000))
print(*sorted(each.pattern.path for each in search.run([top], lambda _: False)), sep="\n")
