"""An echo server on Uvicorn with wsproto; what it does besides is in ../peers.ts."""

import asyncio
import socket

import uvicorn


async def echo(scope, receive, send):
    await receive()
    subprotocol = "echo" if "echo" in scope["subprotocols"] else None
    await send({"type": "websocket.accept", "subprotocol": subprotocol})
    while (event := await receive())["type"] == "websocket.receive":
        text, data = event.get("text"), event.get("bytes")
        if text == "please close":
            await send({"type": "websocket.close", "code": 4001, "reason": "as you wish"})
            return
        message = {"text": text} if text is not None else {"bytes": data}
        await send({"type": "websocket.send", **message})


listener = socket.create_server(("127.0.0.1", 0))
config = uvicorn.Config(echo, ws="wsproto", lifespan="off", log_level="warning")
print("listening on", listener.getsockname()[1], flush=True)
asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))
