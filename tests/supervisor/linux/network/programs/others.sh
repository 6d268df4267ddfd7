getent hosts api.example; getent ahosts api.example | head -n 1; getent ahostsv6 api.example | sed 's/ *$//'
getent hosts localhost | head -n 1; getent hosts 198.18.0.1; getent hosts missing..example
echo "exit $?"
node -e '
const dns = require("dns");
(async () => {
    const said = async promise => { try { return await promise } catch (error) { return error.code } };
    const p = dns.promises;
    console.log(await said(p.lookup("api.example", {all: true})));
    console.log(await said(p.resolve4("api.example")), await said(p.resolve6("api.example")));
    console.log(await said(p.resolve("closed.example", "TXT")), await said(p.reverse("198.18.0.1")));
    console.log(await said(p.lookup("localhost", 4)), await said(p.resolve4("name.invalid")));
    console.log(dns.getServers());
})();'
