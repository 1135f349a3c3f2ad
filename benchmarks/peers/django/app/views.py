from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, NotFound, PermissionDenied
from rest_framework.response import Response
from rest_framework.views import APIView

from .models import ChatMessage, Gig, GigRating, RoomMember


class Conflict(APIException):
    status_code = status.HTTP_409_CONFLICT


class MessageIn(serializers.Serializer):
    body = serializers.CharField(max_length=4000)


class RatingIn(serializers.Serializer):
    stars = serializers.IntegerField(min_value=1, max_value=5)


class GigSerializer(serializers.ModelSerializer):
    class Meta:
        model = Gig
        fields = ["id", "title", "state", "client_id", "worker_id"]
        read_only_fields = ["state", "client_id", "worker_id"]


class Messages(APIView):
    def post(self, request, room):
        data = MessageIn(data=request.data)
        data.is_valid(raise_exception=True)
        if not RoomMember.objects.filter(room_id=room, user_id=request.user.id).exists():
            raise PermissionDenied("not a member")
        message = ChatMessage.objects.create(
            room_id=room, sender_id=request.user.id, body=data.validated_data["body"]
        ).as_dict()
        async_to_sync(get_channel_layer().group_send)(
            f"room_{room}", {"type": "chat.message", "message": message}
        )
        return Response(message, status=status.HTTP_201_CREATED)


class Gigs(APIView):
    def post(self, request):
        data = GigSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        data.save(client_id=request.user.id)
        return Response(data.data, status=status.HTTP_201_CREATED)


STEPS = {  # verb: (from, to, who)
    "claim": ("open", "claimed", "other"),
    "confirm": ("claimed", "confirmed", "client"),
    "handshake": ("confirmed", "handshaken", "worker"),
    "start": ("handshaken", "active", "worker"),
    "stop": ("active", "stopped", "worker"),
    "rate": ("stopped", "closed", "either"),
}
ALLOWED = {
    "other": lambda g, u: u != g.client_id,
    "client": lambda g, u: u == g.client_id,
    "worker": lambda g, u: u == g.worker_id,
    "either": lambda g, u: u in (g.client_id, g.worker_id),
}


class GigStep(APIView):
    def post(self, request, pk, verb):
        if verb not in STEPS:
            raise NotFound() from None
        before, after, who = STEPS[verb]
        with transaction.atomic():
            try:
                gig = Gig.objects.select_for_update().get(pk=pk)
            except Gig.DoesNotExist:
                raise NotFound() from None
            if not ALLOWED[who](gig, request.user.id):
                raise PermissionDenied("not yours")
            if gig.state != before:
                raise Conflict(f"gig is {gig.state}")
            if verb == "rate":
                data = RatingIn(data=request.data)
                data.is_valid(raise_exception=True)
                if gig.ratings.filter(rater_id=request.user.id).exists():
                    raise Conflict("already rated")
                GigRating.objects.create(
                    gig=gig, rater_id=request.user.id, stars=data.validated_data["stars"]
                )
                if gig.ratings.count() < 2:
                    after = before
            elif who == "other":
                gig.worker_id = request.user.id
            if after != before:
                gig.state = after
                gig.save(update_fields=["state", "worker_id", "updated_at"])
        return Response(GigSerializer(gig).data)
