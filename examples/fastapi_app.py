from fastapi import FastAPI, HTTPException

from corsmith import install

app = FastAPI()
items = {1: "tea"}


@app.get("/items/{number}")
def read_item(number: int) -> dict[str, str]:
    if number not in items:
        raise HTTPException(404, "There is no such item.")
    return {"name": items[number]}


@app.put("/items/{number}")
def write_item(number: int, item: dict[str, str]) -> dict[str, str]:
    items[number] = item["name"]  # without a name: KeyError, an unhandled 500
    return item


# Outermost, wherever this line stands: the 404 and the 500 carry the headers too.
app = install(app, origins=["https://app.example"], methods=["GET", "PUT"])
