from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from corsmith import Policy
from corsmith.adapters.http_server import CORSMixin


class Handler(CORSMixin, BaseHTTPRequestHandler):
    cors = Policy(origins="*", headers=["x-api-key", "Content-Type"])

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"status": "OK"}')

    def do_POST(self) -> None:
        print(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        self.do_GET()


print("Hosting on http://127.0.0.1:8000")
ThreadingHTTPServer(("127.0.0.1", 8000), Handler).serve_forever()
