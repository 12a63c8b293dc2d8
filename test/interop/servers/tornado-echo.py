"""An echo server on Tornado; what it does besides is in ../peers.ts."""

import asyncio

import tornado.httpserver
import tornado.netutil
import tornado.web
import tornado.websocket


class Echo(tornado.websocket.WebSocketHandler):
    def get_compression_options(self):
        return {}

    def select_subprotocol(self, subprotocols):
        return "echo" if "echo" in subprotocols else None

    def on_message(self, message):
        if message == "please close":
            self.close(4001, "as you wish")
        elif message == "please ping":
            self.ping(b"are you there?")
        else:
            self.write_message(message, binary=isinstance(message, bytes))

    def on_pong(self, data):
        self.write_message("pong: " + data.decode())


async def main():
    sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
    application = tornado.web.Application([("/", Echo)])
    tornado.httpserver.HTTPServer(application).add_sockets(sockets)
    print("listening on", sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
