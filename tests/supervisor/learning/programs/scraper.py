import sys, requests
session = requests.Session()
session.verify = "ca.pem"
titles = [session.get(f"https://shop.example.net/{page}").text for page in range(3)]
titles.append(requests.get("http://api.example.net:8080/prices").text)
try:
    open("/nowhere/settings.ini")
except OSError as error:
    print(error.strerror)
with open("found.txt", "w") as file:
    file.write("\n".join(titles))
print(len(titles))
