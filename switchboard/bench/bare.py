"""The ceiling to compare with: one Quart-Trio endpoint as released, which does nothing and keeps nothing."""

from __future__ import annotations

from quart_trio import QuartTrio

app = QuartTrio("bare")


@app.post("/hello")
async def hello() -> dict[str, bool]:
    """The least that an endpoint can do."""
    return {"ok": True}
