from flask import Flask, abort, request

from corsmith import install

app = Flask(__name__)
items = {1: "tea"}


@app.get("/items/<int:number>")
def read_item(number: int) -> dict[str, str]:
    if number not in items:
        abort(404)
    return {"name": items[number]}


@app.put("/items/<int:number>")
def write_item(number: int) -> dict[str, str]:
    item = dict(request.get_json())
    items[number] = item["name"]  # without a name: KeyError, an unhandled 500
    return item


app = install(app, origins=["https://app.example"], methods=["GET", "PUT"])
