H = b"Host: x\r\nAuthorization: Bearer TOKEN\r\nConnection: close\r\n"
tricks = {
    "fine": b"GET /openai/v1/models HTTP/1.1\r\n" + H + b"\r\n",
    "none": b"GET /openai/v1/models HTTP/1.1\r\nHost: x\r\n\r\n",
    "wrong": b"GET /openai/v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKENx\r\n\r\n",
    "other": b"GET /openai/v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer OTHER\r\n\r\n",
    "connect": b"CONNECT api.openai.com:443 HTTP/1.1\r\n" + H + b"\r\n",
    "absolute": b"GET http://api.openai.com/v1/models HTTP/1.1\r\n" + H + b"\r\n",
    "both": b"POST /openai/v1/x HTTP/1.1\r\n" + H
        + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled",
    "lengths": b"POST /openai/v1/x HTTP/1.1\r\n" + H
        + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    "encodings": b"POST /openai/v1/x HTTP/1.1\r\n" + H
        + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "space": b"POST /openai/v1/x HTTP/1.1\r\n" + H + b"Content-Length : 4\r\n\r\nabcd",
    "fold": b"GET /openai/v1/x HTTP/1.1\r\n" + H + b"X: a\r\n Host: evil\r\n\r\n",
    "cr": b"GET /openai/v1/x HTTP/1.1\r\n" + H + b"X: a\rHost: evil\r\n\r\n",
    "nul": b"GET /openai/v1/x HTTP/1.1\r\n" + H + b"X: a\0b\r\n\r\n",
    "space in target": b"GET /openai/v1/x HTTP/1.1\r\nX: y HTTP/1.1\r\n" + H[:-2] + b"\r\n\r\n",
    "hosts": b"GET /openai/v1/x HTTP/1.1\r\nHost: evil\r\n" + H + b"\r\n",
    "up": b"GET /openai/v1/../../admin HTTP/1.1\r\n" + H + b"\r\n",
    "huge head": b"GET /openai/v1/x HTTP/1.1\r\n" + H + b"X: " + b"a" * 200000 + b"\r\n\r\n",
    "endless target": b"GET /openai/v1/" + b"a" * 200000,
    "not http": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200 + b"\r\n\r\n",
    "bad chunk": b"POST /openai/v1/x HTTP/1.1\r\n" + H
        + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc",
    "redirect": b"GET /openai/v1/redirect HTTP/1.1\r\n" + H + b"\r\n",
    "elsewhere": b"GET /openai/v1/elsewhere HTTP/1.1\r\n" + H + b"\r\n",
    "gzip": b"GET /openai/v1/gzip HTTP/1.1\r\n" + H + b"\r\n",
    "two framings": b"GET /openai/v1/two/framings HTTP/1.1\r\n" + H + b"\r\n",
    "head": b"HEAD /openai/v1/models HTTP/1.1\r\n" + H + b"\r\n",
    "head refused": b"HEAD /openai/v1/models HTTP/1.1\r\nHost: x\r\n\r\n",
    "head failed": b"HEAD /openai/v1/gzip HTTP/1.1\r\n" + H + b"\r\n",
    "h2c": b"GET /openai/v1/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\n"
        + b"Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n\r\n",
}
print(json.dumps({name: raw(data) for name, data in tricks.items()}))
