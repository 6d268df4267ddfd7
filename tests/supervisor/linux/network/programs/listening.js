const http = require("http");
function once(...where) {
  return new Promise((done) => {
    const server = http.createServer((request, response) => response.end("served"));
    server.listen(...where, () => {
      const { address, family, port } = server.address();
      http.get({ host: "127.0.0.1", port, agent: false }, (response) => {
        response.on("data", (data) => console.log(address, family, String(data)));
        response.on("end", () => server.close(done));
      });
    });
  });
}
once(0).then(() => once(0, "0.0.0.0"));
