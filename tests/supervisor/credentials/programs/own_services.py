import os, base64, urllib.request, urllib.error
def get(url, **headers):
    try:
        return urllib.request.urlopen(urllib.request.Request(url, headers=headers)).status
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
e = os.environ
print(get(e["BOT_BASE_URL"] + "/bot" + e["BOT_KEY"] + "/me"))
print(get(e["BOT_BASE_URL"] + "/bot" + e["BOT_KEY"] + "/delete"))
print(get(e["QUERY_BASE_URL"] + "/things?a=1&key=" + e["QUERY_KEY"]))
basic = base64.b64encode(("me:" + e["BASIC"]).encode()).decode()
print(get(e["BASIC_BASE_URL"] + "/x", Authorization="Basic " + basic))
try:
    print(open("basic.key").read())
except PermissionError as error:
    print(error)
