"""The work as an MCP server over stdio."""

import anyio
import work
from mcp.server import MCPServer

server = MCPServer("work")


@server.tool()
def answer(argument: int) -> int:
    return work.answer(argument)


@server.tool()
def size_of(argument: str) -> int:
    return work.size_of(argument)


@server.tool()
def text(argument: int) -> str:
    return work.text(argument)


@server.tool()
async def nap(argument: float) -> str:
    await anyio.sleep(argument)
    return "slept"


server.run("stdio")
