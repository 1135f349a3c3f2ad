"""What was said in a widget's room or a gig's chat is there after the server was killed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
from real_gigs import couple
from server_process import serve

MESSAGES = 20
WIDGET = {
    "user_id": "ABCD12345",
    "org_id": "DOWELL12345",
    "portfolio_name": "umair",
    "product_name": "WIFIQRCODE",
}


class Widget:
    """A visitor's page."""

    def __init__(self, client: httpx.Client, base: str) -> None:
        self.client = client
        self.base = f"{base}/dowell/api/v2"

    def room(self) -> Any:
        """room-control's answer."""
        return self.client.post(f"{self.base}/room-control/", json=WIDGET).json()

    def say(self, room: str, text: str, key: str) -> Any:
        """create_message's answer."""
        body = {"type": "create_message", "room_id": room, "message_data": text, "side": True}
        headers = {"Idempotency-Key": key}
        answer = self.client.post(f"{self.base}/room-service/", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def texts(self, room: str) -> list[str]:
        """What get_messages shows."""
        query = {"type": "get_messages", "room_id": room}
        answer = self.client.get(f"{self.base}/room-service/", params=query).json()
        return [one["message_data"] for one in answer["response"]]


def test_what_was_said_survives_a_kill_and_is_said_once(
    data_dir: Path, client: httpx.Client
) -> None:
    said = [f"text {number}" for number in range(MESSAGES)]
    with serve(data_dir) as server:
        pair = couple(server.base(), client)
        gig = pair.gig_until("operatorEnroute")
        chat = {"gig": gig, "from": pair.customer.id, "message": "where are you?"}
        saved = pair.customer.post("/chat/save", chat, key="c1").json()
        widget = Widget(client, server.base())
        room = widget.room()["inserted_id"]
        answers = [widget.say(room, text, f"k{number}") for number, text in enumerate(said)]
        server.process.kill()
        server.wait()
    with serve(data_dir) as server:
        pair.move_to(server.base())
        widget = Widget(client, server.base())
        assert widget.room()["inserted_id"] == room
        assert widget.texts(room) == said
        # Whoever did not hear the answer asks again.
        assert widget.say(room, said[-1], f"k{MESSAGES - 1}") == answers[-1]
        assert pair.customer.post("/chat/save", chat, key="c1").json() == saved
        widget.say(room, "and on", "k-on")
        assert widget.texts(room) == [*said, "and on"]
        assert pair.operator.get(f"/chat/{gig}").json() == [saved]
        assert server.end() == 0, server.output
    assert "Traceback" not in server.output
