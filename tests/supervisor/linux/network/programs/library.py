import sys
from nono.supervisor import Options, make_plan, run

allowed, address, server, port = sys.argv[1:]
plan = make_plan(
    Options(allow_domain=(allowed, address), allow_cwd=True, dns=[f"{server}:{port}"]), ["python3"]
)
fetch = '''
import urllib.request
for host in "one.example.net", "two.example.net":
    try:
        print(urllib.request.urlopen("http://" + host).read().decode())
    except OSError as error:
        print(error.reason.strerror)
'''
done = run(["python3", "-c", fetch], plan, capture_output=True)
print(done.stdout.decode(), end="")
print([str(denial.request.host) for denial in done.denials])
