const net = require("net");
const server = net.createServer(socket => socket.end("from node")).listen("socket", () => {
    net.connect("socket").on("data", data => console.log(data.toString()))
        .on("close", () => server.close());
});
