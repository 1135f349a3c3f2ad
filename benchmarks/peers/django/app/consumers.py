from urllib.parse import parse_qs

import jwt
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from .auth import user_of
from .models import ChatMessage, RoomMember


class ChatConsumer(AsyncJsonWebsocketConsumer):
    group = None

    async def connect(self):
        self.room = int(self.scope["url_route"]["kwargs"]["room"])
        try:
            self.user = user_of(parse_qs(self.scope["query_string"].decode())["token"][0])
        except (jwt.PyJWTError, KeyError, ValueError):
            return await self.close(4401)
        if not await RoomMember.objects.filter(room_id=self.room, user_id=self.user).aexists():
            return await self.close(4403)
        self.group = f"room_{self.room}"
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()

    async def disconnect(self, code):
        if self.group:
            await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive_json(self, content):
        body = content.get("body")
        if not isinstance(body, str) or not 0 < len(body) <= 4000:
            return await self.close(1007)
        message = await ChatMessage.objects.acreate(
            room_id=self.room, sender_id=self.user, body=body
        )  # committed when this returns
        await self.channel_layer.group_send(
            self.group, {"type": "chat.message", "message": message.as_dict()}
        )

    async def chat_message(self, event):
        await self.send_json(event["message"])
