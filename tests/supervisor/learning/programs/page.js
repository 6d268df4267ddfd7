const fs = require("fs"), http = require("http"), path = require("path");
const settings = JSON.parse(fs.readFileSync(path.join(__dirname, "settings.json")));
http.get("http://" + settings.host + "/", (answer) => {
    let text = "";
    answer.on("data", (data) => (text += data)).on("end", () => {
        fs.mkdirSync("out", { recursive: true });
        fs.writeFileSync("out/page.txt", text);
        console.log(text);
    });
});
