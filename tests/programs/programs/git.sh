set -e
git init -q -b main .
git add . && git commit -q -m first
echo more >> src/a.txt
git diff --stat
git commit -q -a -m second
git checkout -q -b side HEAD~1
git mv src/a.txt b.txt && git commit -q -m third
git merge -q --no-edit main
git clone -q . copy && git -C copy log --format=%s -1
git gc -q; git status --short
git log --graph --format='%h %s' --all
