# SPDX-License-Identifier: LGPL-2.1-or-later
"""An ASGI service of no framework with orfeas: its requests are spans and counters, and what it computes is cached.

    uvicorn asgi_app:app
"""

import asyncio
import json
import os

import orfeas
from orfeas.asgi import Middleware

client = orfeas.connect(os.environ.get("ORFEAS_ADDRESS"), service="front")
cache = orfeas.Cache(client=client)


@cache.cached(ttl=60, key="embed:")
def embed(text):
    with client.span("embed", attributes={"letters": len(text)}):
        return [len(word) for word in text.split()]  # here would be a model


async def answer(scope, receive, send):
    assert scope["type"] == "http"
    _, name, text = scope["path"].split("/", 2)
    scope["orfeas.route"] = f"/{name}/{{text}}"
    # what waits, for the daemon or for a model, does so in a thread; it goes on in the request's trace
    body = json.dumps({"embedding": await asyncio.to_thread(embed, text)}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": body})


app = Middleware(answer, client)
