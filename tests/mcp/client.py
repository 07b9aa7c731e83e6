"""The official client of Python, which does what the test says and tells what came of it as one line of JSON."""

import asyncio
import json
import sys

from mcp import Client, StdioServerParameters


async def run(order):
    async with open_client(order) as client:
        tools = (await client.list_tools()).tools
        progress = []

        async def on_progress(share, total, message):
            progress.append([share, total, message])

        results = []
        for call in order["calls"]:
            result = await client.call_tool(call["name"], call["arguments"], progress_callback=on_progress)
            results.append(result.model_dump(mode="json", by_alias=True, exclude_none=True))
        left = asyncio.create_task(client.call_tool(order["cancel"]["name"], order["cancel"]["arguments"], progress_callback=on_progress))
        while not any(message == order["cancel"]["until"] for _, _, message in progress):
            await asyncio.sleep(0.005)
        left.cancel()
        after = await client.call_tool(order["after"]["name"], order["after"]["arguments"])
        names = [tool.name for tool in tools]
        return {"tools": names, "results": results, "progress": progress, "after": after.content[0].text}


def open_client(order):
    if "url" in order:
        return Client(http_transport(order), mode=order["mode"])
    return Client(StdioServerParameters(**order["program"]), mode=order["mode"])


def http_transport(order):
    from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client

    client = create_mcp_http_client(headers={"authorization": "Bearer " + order["token"]})
    return streamable_http_client(order["url"], http_client=client)


print(json.dumps(asyncio.run(run(json.loads(sys.argv[1])))))
