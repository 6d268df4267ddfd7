const fs = require("fs"), os = require("os"), { execFileSync } = require("child_process");
fs.mkdirSync("out/deep", { recursive: true, mode: 0o750 });
fs.writeFileSync("out/deep/note.txt", "from node\n", { mode: 0o640 });
fs.renameSync("out/deep/note.txt", "note.txt");
console.log(fs.readFileSync("note.txt", "utf8"), os.cpus().length > 0);
console.log(execFileSync("ls", ["-1"], { encoding: "utf8" }));
fs.promises.readdir("out").then(console.log);
