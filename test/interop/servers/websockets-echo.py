"""An echo server on websockets; what it does besides is in ../peers.ts."""

import asyncio

import websockets


async def echo(connection):
    async for message in connection:
        if message == "please close":
            await connection.close(4001, "as you wish")
        elif message == "please ping":
            await (await connection.ping("are you there?"))
            await connection.send("pong: are you there?")
        else:
            await connection.send(message)


async def main():
    options = {"subprotocols": ["echo"], "max_size": 4 * 1024 * 1024}
    async with websockets.serve(quiet(echo), "127.0.0.1", 0, **options) as server:
        print("listening on", server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()


def quiet(handler):
    """Clients that go away are no news."""

    async def handle(connection):
        try:
            await handler(connection)
        except websockets.ConnectionClosed:
            pass

    return handle


asyncio.run(main())
