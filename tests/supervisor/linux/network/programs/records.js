const { promises: dns } = require("dns");
async function say(kind, name) {
  const found = await dns.resolve(name, kind).catch((error) => error.code);
  console.log(kind, name, JSON.stringify(found));
}
(async () => {
  for (const name of ["db.example", "below.db.example", "other.example"]) {
    for (const kind of ["TXT", "MX"]) await say(kind, name);
    await say("SRV", `_mongodb._tcp.${name}`);
  }
  await say("SRV", "_what-is-too-long._tcp.db.example");
  await say("SRV", "_secret._words.db.example");
  await say("SRV", "_missing._tcp.db.example");
  await say("TXT", "closed.db.example");
  await say("NS", "db.example");
  await say("CAA", "db.example");
})();
