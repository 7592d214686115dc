# SPDX-License-Identifier: LGPL-2.1-or-later
"""A Flask service with orfeas: its requests are spans and counters, and what it computes is cached.

    flask --app flask_app run
    gunicorn flask_app:app
"""

import os

import flask
import orfeas
from orfeas.wsgi import Middleware

client = orfeas.connect(os.environ.get("ORFEAS_ADDRESS"), service="front")
cache = orfeas.Cache(client=client)

app = flask.Flask(__name__)
app.wsgi_app = Middleware(app.wsgi_app, client)


@cache.cached(ttl=60, key="embed:")
def embed(text):
    with client.span("embed", attributes={"letters": len(text)}):
        return [len(word) for word in text.split()]  # here would be a model


@app.get("/embed/<text>")
def answer(text):
    return {"embedding": embed(text)}


@app.get("/fail")
def fail():
    raise ValueError("as it may be")
