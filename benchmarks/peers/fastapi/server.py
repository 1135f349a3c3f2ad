"""FastAPI + asyncpg on uvicorn (uvloop, httptools).  One process."""

import json
import os
from collections import defaultdict
from contextlib import asynccontextmanager
from typing import Annotated

import asyncpg
import jwt
from fastapi import Depends, FastAPI, HTTPException, Request, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, Field

SECRET = os.environ["PEERS_SECRET"]


@asynccontextmanager
async def lifespan(app):
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=10, max_size=10) as pool:
        app.state.pool = pool
        yield


app = FastAPI(lifespan=lifespan)


class Rooms:
    def __init__(self):
        self.members: dict[int, set[WebSocket]] = defaultdict(set)

    async def broadcast(self, room: int, text: str):
        for ws in list(self.members.get(room, ())):
            try:
                await ws.send_text(text)
            except (WebSocketDisconnect, RuntimeError):
                self.members[room].discard(ws)


rooms = Rooms()


class Message(BaseModel):
    body: str = Field(min_length=1, max_length=4000)


class NewGig(BaseModel):
    title: str = Field(min_length=1)


class Rating(BaseModel):
    stars: int | None = Field(default=None, ge=1, le=5)


def user_of(token: str) -> int:
    return int(jwt.decode(token, SECRET, algorithms=["HS256"])["sub"])


async def current_user(request: Request) -> int:
    try:
        return user_of(request.headers.get("authorization", "")[7:])
    except (jwt.PyJWTError, KeyError, ValueError):
        raise HTTPException(401, "unauthorized") from None


User = Annotated[int, Depends(current_user)]
IS_MEMBER = "SELECT 1 FROM room_member WHERE room_id = $1 AND user_id = $2"


async def post_message(pool, room: int, sender: int, body: str) -> dict:
    row = await pool.fetchrow(
        "INSERT INTO chat_message (room_id, sender_id, body) VALUES ($1, $2, $3) RETURNING id, created_at",
        room,
        sender,
        body,
    )  # autocommit: returns after COMMIT is flushed
    message = {
        "id": row["id"],
        "room": room,
        "sender": sender,
        "body": body,
        "at": row["created_at"].isoformat(),
    }
    await rooms.broadcast(room, json.dumps(message))
    return message


@app.post("/rooms/{room}/messages", status_code=201)
async def create_message(room: int, message: Message, user: User, request: Request):
    pool = request.app.state.pool
    if not await pool.fetchval(IS_MEMBER, room, user):
        raise HTTPException(403, "not a member")
    return await post_message(pool, room, user, message.body)


@app.websocket("/ws/{room}")
async def chat(ws: WebSocket, room: int, token: str):
    pool = ws.app.state.pool
    try:
        user = user_of(token)
    except (jwt.PyJWTError, KeyError, ValueError):
        return await ws.close(4401)
    if not await pool.fetchval(IS_MEMBER, room, user):
        return await ws.close(4403)
    await ws.accept()
    rooms.members[room].add(ws)
    try:
        while True:
            message = Message.model_validate_json(await ws.receive_text())
            await post_message(pool, room, user, message.body)
    except WebSocketDisconnect:
        pass
    finally:
        rooms.members[room].discard(ws)
        if not rooms.members[room]:
            del rooms.members[room]


@app.post("/gigs", status_code=201)
async def create_gig(gig: NewGig, user: User, request: Request):
    row = await request.app.state.pool.fetchrow(
        "INSERT INTO gig (title, client_id) VALUES ($1, $2) RETURNING id, title, state, client_id",
        gig.title,
        user,
    )
    return dict(row)


STEPS = {  # verb: (from, to, who)
    "claim": ("open", "claimed", "other"),
    "confirm": ("claimed", "confirmed", "client"),
    "handshake": ("confirmed", "handshaken", "worker"),
    "start": ("handshaken", "active", "worker"),
    "stop": ("active", "stopped", "worker"),
    "rate": ("stopped", "closed", "either"),
}
ALLOWED = {
    "other": lambda g, u: u != g["client_id"],
    "client": lambda g, u: u == g["client_id"],
    "worker": lambda g, u: u == g["worker_id"],
    "either": lambda g, u: u in (g["client_id"], g["worker_id"]),
}


@app.post("/gigs/{gig_id}/{verb}")
async def transition(gig_id: int, verb: str, rating: Rating, user: User, request: Request):
    if verb not in STEPS:
        raise HTTPException(404, "no such step")
    before, after, who = STEPS[verb]
    async with request.app.state.pool.acquire() as db, db.transaction():
        gig = await db.fetchrow(
            "SELECT id, state, client_id, worker_id FROM gig WHERE id = $1 FOR UPDATE", gig_id
        )
        if gig is None:
            raise HTTPException(404, "no such gig")
        if not ALLOWED[who](gig, user):
            raise HTTPException(403, "not yours")
        if gig["state"] != before:
            raise HTTPException(409, f"gig is {gig['state']}")
        state, worker = after, gig["worker_id"]
        if verb == "rate":
            if rating.stars is None:
                raise HTTPException(422, "stars")
            done = await db.execute(
                "INSERT INTO gig_rating (gig_id, rater_id, stars) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                gig_id,
                user,
                rating.stars,
            )
            if done == "INSERT 0 0":
                raise HTTPException(409, "already rated")
            if await db.fetchval("SELECT count(*) FROM gig_rating WHERE gig_id = $1", gig_id) < 2:
                state = before
        elif who == "other":
            worker = user
        if state != before:
            await db.execute(
                "UPDATE gig SET state = $2, worker_id = $3, updated_at = now() WHERE id = $1",
                gig_id,
                state,
                worker,
            )
    return {"id": gig_id, "state": state, "client_id": gig["client_id"], "worker_id": worker}
