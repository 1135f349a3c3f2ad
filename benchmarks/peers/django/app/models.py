from django.db import models


class RoomMember(models.Model):
    room_id = models.IntegerField()
    user_id = models.IntegerField()

    class Meta:
        managed, db_table = False, "room_member"


class ChatMessage(models.Model):
    room_id = models.IntegerField()
    sender_id = models.IntegerField()
    body = models.TextField(max_length=4000)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        managed, db_table = False, "chat_message"

    def as_dict(self):
        return {
            "id": self.id,
            "room": self.room_id,
            "sender": self.sender_id,
            "body": self.body,
            "at": self.created_at.isoformat(),
        }


class Gig(models.Model):
    title = models.TextField()
    client_id = models.IntegerField()
    worker_id = models.IntegerField(null=True)
    state = models.TextField(default="open")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        managed, db_table = False, "gig"


class GigRating(models.Model):
    gig = models.ForeignKey(Gig, models.CASCADE, related_name="ratings")
    rater_id = models.IntegerField()
    stars = models.IntegerField()

    class Meta:
        managed, db_table = False, "gig_rating"
