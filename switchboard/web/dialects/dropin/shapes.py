"""dropin's JSON: what accounts, tickets and gigs look like to whom.

Source: contracts/dropin.md, 'The gig object', and the seed's samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from switchboard.engine.records import Account, Attempt, Device, Upload
from switchboard.engine.sessions.gig import Gig, GigStatus, GigSummary, Offer
from switchboard.engine.sessions.video import VideoSession
from switchboard.engine.workflows.messages import Message
from switchboard.web.wire import money, time_text

REFERRAL_RATE = 5
"""The seed's sample; nothing is paid by it."""

RATING_DEFAULT = 5
"""The contract's mean of no ratings."""

PAYMENT_STATUS: Mapping[GigStatus, str] = {
    "purchased": "need_invoice",
    "voted": "need_invoice",
    "invoiceGenerated": "invoiced",
    "invoiceSent": "sent",
    "compensated": "paid",
}
"""The phases that have a purchase and a payment, and how far the payment is."""

Json = dict[str, Any]


def account_shape(account: Account, *, private: bool, ratings: tuple[float, float]) -> Json:
    """An account as GET /accounts/:id shows it.

    Args:
        private: with its identities (to itself and admins).
        ratings: its means as operator and as customer.
    """
    identities = account.identities if private else ()
    operator, customer = ratings
    return {
        "identities": [
            {
                "type": one.type,
                "value": one.shown,
                "status": "verified" if one.verified else "unverified",
                "createdAt": time_text(one.created_at),
                "updatedAt": time_text(one.updated_at),
                "id": one.id,
            }
            for one in identities
        ],
        "firstName": account.first_name,
        "lastName": account.last_name,
        "archive": account.status == "archived",
        "status": account.status,
        "type": account.type,
        "referralRate": REFERRAL_RATE,
        "referralCode": account.referral_code,
        "createdAt": time_text(account.created_at),
        "updatedAt": time_text(account.updated_at),
        "id": account.id,
        "operatorRating": operator,
        "customerRating": customer,
        "profileImage": account.profile_image,
        "operator": None if account.operator == "none" else {"status": account.operator},
        "organization": account.organization,
    }


def mean(tally: tuple[int, int] | None) -> float:
    """The mean of (count, sum) to two decimals, a whole number as such."""
    if tally is None or tally[0] == 0:
        return RATING_DEFAULT
    value = round(tally[1] / tally[0], 2)
    return int(value) if value == int(value) else value


def ticket_shape(attempt: Attempt, account: str | None) -> Json:
    """A login ticket. ``account`` is shown only to who has just made it: a login tells nobody whether there is one."""
    return {
        "id": attempt.id,
        "account": account,
        "attempts": attempt.tries,
        "status": attempt.status,
        "expiresOn": time_text(attempt.expires_at),
    }


# -- gigs -------------------------------------------------------------------------------------------------------


def sees_all(gig: Gig, viewer: str | None) -> bool:
    """Whether the viewer (None: an administrator) sees names and metaData: an operator does from the confirm on."""
    return gig.confirmed_at is not None or viewer is None or viewer == gig.customer


def person(account: Account | None, id: str, *, full: bool = True) -> Json:
    """A party of a gig. Not ``full``: the first name alone, the other keys harmless, as parsers expect them."""
    return {
        "id": id,
        "firstName": "" if account is None else account.first_name,
        "lastName": "" if account is None or not full else account.last_name,
        "profileImage": None if account is None or not full else account.profile_image,
    }


def gig_offered(gig: Gig, accounts: Mapping[str, Account], viewer: str) -> Json:
    """The gig in the answers to POST /gigs and claim: customer and reserved operators objects, operator an id.

    An operator is shown itself alone among the reserved ones, and how far away the place is.
    """
    full = sees_all(gig, viewer)
    shape = _gig(gig, full)
    shape["customer"] = person(accounts.get(gig.customer), gig.customer, full=full)
    shape["operator"] = gig.operator
    offers = [one for one in gig.offers if viewer in (gig.customer, one.operator)]
    shape["reservedOperators"] = [_reserved(one, accounts) for one in offers]
    if viewer != gig.customer and offers:
        shape["distance"] = offers[0].distance_metres
    return shape


def _reserved(offer: Offer, accounts: Mapping[str, Account]) -> Json:
    return {
        **person(accounts.get(offer.operator), offer.operator),
        "distance": offer.distance_metres,
    }


def gig_between(gig: Gig, accounts: Mapping[str, Account], viewer: str | None) -> Json:
    """The gig in all later answers: customer and operator objects."""
    full = sees_all(gig, viewer)
    shape = _gig(gig, full)
    shape["customer"] = person(accounts.get(gig.customer), gig.customer, full=full)
    shape["operator"] = (
        None if gig.operator is None else person(accounts.get(gig.operator), gig.operator)
    )
    return shape


def gig_detail(gig: Gig, accounts: Mapping[str, Account], viewer: str | None) -> Json:
    """The seed's ``{gig,purchase,payment}``; ratings are objects here."""
    shape = gig_between(gig, accounts, viewer)
    for name in ("customerRating", "operatorRating"):
        if shape[name] is not None:
            shape[name] = {"value": shape[name]}
    purchased = gig.phase in PAYMENT_STATUS
    return {
        "gig": shape,
        "purchase": {"status": "confirmed", "amount": money(gig.price_cents)}
        if purchased
        else None,
        "payment": {"status": PAYMENT_STATUS[gig.phase], "amount": money(gig.share_cents)}
        if purchased
        else None,
    }


def gig_listed(gig: GigSummary) -> Json:
    """A line of getall: parties as ids. metaData is in the detail; a list of summaries does not carry it."""
    return {
        "customer": gig.customer,
        "operator": gig.operator,
        "customerRating": gig.customer_rating,
        "operatorRating": gig.operator_rating,
        "longitude": gig.longitude,
        "latitude": gig.latitude,
        "duration": gig.duration,
        "status": gig.status,
        "id": gig.id,
        "type": "real",
        "metaData": None,
        "price": money(gig.price_cents),
        "bypassRating": gig.bypass_rating,
        "createdAt": time_text(gig.created_at),
        "updatedAt": time_text(gig.updated_at),
        "confirmedAt": time_text(gig.confirmed_at),
        "startedAt": time_text(gig.started_at),
        "stoppedAt": time_text(gig.stopped_at),
    }


def _gig(gig: Gig, full: bool) -> Json:
    meta_data = gig.meta_data if full else None
    return {
        "id": gig.id,
        "status": gig.phase,
        "type": "real",
        "longitude": gig.longitude,
        "latitude": gig.latitude,
        "metaData": None if meta_data is None else msgspec.Raw(meta_data.encode()),
        "duration": gig.duration_seconds,
        "price": money(gig.price_cents),
        "bypassRating": gig.bypass_rating,
        "customerRating": None if gig.customer_rating is None else gig.customer_rating.value,
        "operatorRating": None if gig.operator_rating is None else gig.operator_rating.value,
        "createdAt": time_text(gig.created_at),
        "updatedAt": time_text(gig.updated_at),
        "confirmedAt": time_text(gig.confirmed_at),
        "startedAt": time_text(gig.started_at),
        "stoppedAt": time_text(gig.stopped_at),
    }


def stream_shape(gig: Gig, room: VideoSession, token: str) -> Json:
    """The caller's key to the video room."""
    return {
        "id": gig.id,
        "key": room.api_key,
        "sessionId": room.session_id,
        "token": token,
    }


def operator_place(gig: Gig) -> tuple[float, float]:
    """Where the operator that was found is, at worst where it was when the gig was offered to it; never nothing."""
    if gig.operator_latitude is not None and gig.operator_longitude is not None:
        return gig.operator_latitude, gig.operator_longitude
    for offer in gig.offers:
        if offer.operator == gig.operator:
            return offer.latitude, offer.longitude
    return gig.latitude, gig.longitude


def message_shape(gig: str, message: Message) -> Json:
    """A message of a gig's chat."""
    return {
        "gig": gig,
        "account": message.sender,
        "message": message.text,
        "createdAt": time_text(message.at),
        "updatedAt": time_text(message.at),
        "id": message.id,
    }


def upload_shape(upload: Upload, account: Json, *, location: str, url: str) -> Json:
    """A file that was announced. ``location`` takes its bytes, ``url`` shows them."""
    return {
        "id": upload.id,
        "type": upload.type,
        "gig": upload.gig,
        "location": location,
        "url": url,
        "status": "active",
        "archive": False,
        "account": account,
        "createdAt": time_text(upload.created_at),
        "updatedAt": time_text(upload.updated_at),
    }


def device_shape(device: Device) -> Json:
    """A phone that pushes go to."""
    return {
        "id": device.id,
        "account": device.account,
        "deviceAddress": device.address,
        "deviceType": device.type,
        "bundleId": device.bundle,
        "createdAt": time_text(device.created_at),
        "updatedAt": time_text(device.updated_at),
    }


def subscription_shape(device: Device) -> Json:
    """A browser that pushes go to; its keys are shown to nobody."""
    return {
        "id": device.id,
        "account": device.account,
        "endpoint": device.address,
        "createdAt": time_text(device.created_at),
        "updatedAt": time_text(device.updated_at),
    }
