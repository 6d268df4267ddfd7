import anthropic, openai, requests, os
client = openai.OpenAI()
messages = [{"role": "user", "content": "hi"}]
print(client.chat.completions.create(model="m", messages=messages).choices[0].message.content)
for chunk in client.chat.completions.create(model="m", messages=messages, stream=True):
    print("openai", chunk.choices[0].delta.content)
claude = anthropic.Anthropic()
print(claude.messages.create(model="m", max_tokens=9, messages=messages).content[0].text)
with claude.messages.stream(model="m", max_tokens=9, messages=messages) as stream:
    print("anthropic", *stream.text_stream)
base, token = os.environ["OPENAI_BASE_URL"], os.environ["OPENAI_API_KEY"]
print(requests.get(base + "/models", headers={"Authorization": "Bearer " + token}).json()["path"])
