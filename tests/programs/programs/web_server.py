import http.server, threading, urllib.request
server = http.server.ThreadingHTTPServer(("localhost", 0), http.server.SimpleHTTPRequestHandler)
server.RequestHandlerClass.log_message = lambda *_: None
threading.Thread(target=server.serve_forever, daemon=True).start()
for name in ("localhost", "127.0.0.1"):
    print(urllib.request.urlopen(f"http://{name}:{server.server_port}/page.txt").read())
server.shutdown()
