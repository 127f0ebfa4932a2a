"""An app that speaks TCP: it names itself, echoes, and knows a little HTTP."""

import asyncio
import os

NAME = os.environ["INSTANCE_NAME"].encode()


async def http(reader, writer, line):
    while line.startswith(b"GET "):
        while (await reader.readline()).strip():
            pass
        if line.startswith(b"GET /endless"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + NAME + b"\n")
            await writer.drain()
            await reader.read()
            return
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(NAME), NAME))
        await writer.drain()
        line = await reader.readline()


async def echo(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.write(b"end")


async def serve(reader, writer):
    try:
        line = await reader.readline()
        while line == b"who\n":
            writer.write(NAME + b"\n")
            await writer.drain()
            line = await reader.readline()
        if line == b"echo\n":
            await echo(reader, writer)
        await http(reader, writer, line)
        await writer.drain()
    except (OSError, ValueError):
        pass
    finally:
        writer.close()


async def main():
    port = int(os.environ["WEBUI_PORT"])
    server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


asyncio.run(main())
