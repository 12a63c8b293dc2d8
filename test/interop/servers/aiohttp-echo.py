"""An echo server on aiohttp; what it does besides is in ../peers.ts."""

import asyncio

from aiohttp import WSMsgType, web


async def echo(request):
    connection = web.WebSocketResponse(protocols=["echo"], autoping=False)
    await connection.prepare(request)
    async for message in connection:
        if message.type == WSMsgType.PING:
            await connection.pong(message.data)
        elif message.type == WSMsgType.PONG:
            await connection.send_str("pong: " + message.data.decode())
        elif message.type == WSMsgType.BINARY:
            await connection.send_bytes(message.data)
        elif message.data == "please close":
            await connection.close(code=4001, message=b"as you wish")
        elif message.data == "please ping":
            await connection.ping(b"are you there?")
        else:
            await connection.send_str(message.data)
    return connection


async def main():
    application = web.Application()
    application.add_routes([web.get("/", echo)])
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print("listening on", runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
