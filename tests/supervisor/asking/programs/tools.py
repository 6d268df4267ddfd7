import subprocess

SCRIPT = """
set -e
python3 -c 'import asyncio, json, ssl, sqlite3, tempfile; tempfile.TemporaryFile().close()'
git init -q repository && cd repository && echo x > f && git add f
git -c user.name=a -c user.email=a@b commit -qm x && git log --oneline | wc -l
cd .. && tar cf a.tar repository && tar tf a.tar | sed 1q | awk '{print NF}'
find . -name '*.tar' | xargs ls | sort | head -1
rm -rf repository a.tar
"""
print(subprocess.run(["sh", "-c", SCRIPT], capture_output=True, text=True, check=True).stdout)
