const OpenAI = require("openai").default;
(async () => {
  const client = new OpenAI();
  const messages = [{role: "user", content: "hi"}];
  const whole = await client.chat.completions.create({model: "m", messages});
  console.log(whole.choices[0].message.content);
  const stream = await client.chat.completions.create({model: "m", messages, stream: true});
  for await (const chunk of stream) console.log("node", chunk.choices[0].delta.content);
})();
