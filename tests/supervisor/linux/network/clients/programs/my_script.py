import urllib.request

def post(url):
    with urllib.request.urlopen(url, b"{}") as answer:
        return answer.read().decode()

print(post("https://api.openai.com/v1/chat/completions"))
print(post("https://api.anthropic.com/v1/messages"))
try:
    print(post("https://huggingface.co/api/models"))
except OSError as error:
    print(error)
