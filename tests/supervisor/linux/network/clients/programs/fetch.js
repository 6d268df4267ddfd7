const dns = require("dns").promises, http = require("http"), https = require("https");
const [SECURE, PLAIN, DENIED, AT_ONCE] = process.argv.slice(1);

const get = (url) => new Promise((resolve) => {
    const { get } = url.startsWith("https") ? https : http;
    get(url, (answer) => {
        let text = "";
        answer.on("data", (data) => (text += data)).on("end", () => resolve(text));
    }).on("error", (error) => resolve(error.code));
});
const load = (url) => fetch(url).then((answer) => answer.text(), (error) => error.cause.code);

(async () => {
    const found = [];
    for (const url of [SECURE, PLAIN, DENIED]) found.push(await get(url), await load(url));
    const urls = Array.from({ length: AT_ONCE }, (_, number) => `${SECURE}/${number}`);
    found.push(new Set(await Promise.all(urls.map(load))).size);
    const [resolved] = await dns.resolve4("secure.example.net");
    found.push(resolved === (await dns.lookup("secure.example.net")).address);
    console.log(JSON.stringify(found));
})();
