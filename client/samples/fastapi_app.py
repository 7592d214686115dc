# SPDX-License-Identifier: LGPL-2.1-or-later
"""A FastAPI service with orfeas: its requests are spans and counters, and what it computes is cached.

    uvicorn fastapi_app:app
"""

import os

import fastapi
import orfeas
from orfeas.asgi import Middleware

client = orfeas.connect(os.environ.get("ORFEAS_ADDRESS"), service="front")
cache = orfeas.Cache(client=client)

app = fastapi.FastAPI()
app.add_middleware(Middleware, client=client)


@cache.cached(ttl=60, key="embed:")
def embed(text):
    with client.span("embed", attributes={"letters": len(text)}):
        return [len(word) for word in text.split()]  # here would be a model


@app.get("/embed/{text}")
def answer(text: str):  # no `async def`: FastAPI runs it in a thread, where it may wait
    return {"embedding": embed(text)}


@app.get("/fail")
def fail():
    raise ValueError("as it may be")
