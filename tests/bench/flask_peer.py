# SPDX-License-Identifier: LGPL-2.1-or-later
"""The same answer by Flask, for gunicorn: JSON in, JSON out, as such a backend is mostly written."""

import json
import os

from flask import Flask, jsonify, request

app = Flask(__name__)
with open(os.environ["BODY"], encoding="utf-8") as file:
    RESULT = json.load(file)["result"]


@app.post("/rpc")
def rpc():
    call = request.get_json()
    return jsonify({"jsonrpc": "2.0", "id": call["id"], "result": RESULT})
