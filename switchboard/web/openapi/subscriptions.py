"""Web push subscriptions, the same in each dialect that has them."""

from __future__ import annotations

from switchboard.web.openapi.schemas import Schema, form, record, words

ENDPOINT = words("https://push.example.org/subscription", 2048)

PUBLIC_KEY = record({"publicKey": words()})

SUBSCRIPTION: Schema = form(
    {
        "endpoint": ENDPOINT,
        "keys": form({"p256dh": words(most=100), "auth": words(most=100)}),
    },
    {"expirationTime": {}},
)
"""``PushSubscription.toJSON()``."""

FORGOTTEN: Schema = form({"endpoint": ENDPOINT})
