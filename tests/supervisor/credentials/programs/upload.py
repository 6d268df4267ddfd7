import http.client, os
from urllib.parse import urlsplit
base = urlsplit(os.environ["OPENAI_BASE_URL"])
connection = http.client.HTTPConnection(base.hostname, base.port, timeout=60)
piece = bytes(1 << 20)
headers = {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
connection.request("POST", base.path + "/upload", (piece for _ in range(200)), headers)
print(connection.getresponse().read().decode())
connection.request("GET", base.path + "/models", headers=headers)
print(connection.getresponse().status)
