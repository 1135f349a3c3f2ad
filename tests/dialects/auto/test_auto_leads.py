"""auto's leads and vehicles: the seed's feedback, what identifies a stream, what a number says."""

from __future__ import annotations

from typing import Any

import pytest
from auto_people import TIME, house, proof, stream_of
from web_worlds import web_world

from switchboard.engine.records import Vehicle
from switchboard.engine.workflows.quotas import Quota, Quotas

SEED: dict[str, Any] = {
    "streamId": "dfdsfsdf",
    "organizationToken": "organizationninh0",
    "vinId": "123",
    "email": "hoa@codehub.io",
    "lastName": "hoa",
    "firstName": "hoa",
    "phone": "dfdsfds",
    "comment": "123213",
}
"""The seed's own lead."""

TEXTS = {name: SEED[name] for name in ("email", "lastName", "firstName", "phone", "comment")}

LEAD_KEYS = {
    *("_id", "id", "stream", "organization", "vinId", "sessionId", "createdAt"),
    *TEXTS,
}


async def test_the_seeds_lead_is_kept_as_the_visitor_wrote_it() -> None:
    """With a stream the stream's organization counts, whatever else is given."""
    async with web_world() as world:
        home = await house(world)
        dealer = await (await home.dealer("a")).online()
        stream = await home.streaming(dealer)
        reply = await world.post("/auto/leads", SEED | {"streamId": stream["_id"]})
        lead = reply.data
        assert (reply.status, set(lead)) == (200, LEAD_KEYS)
        assert {name: lead[name] for name in TEXTS} == TEXTS
        assert (lead["stream"], lead["organization"]) == (stream["_id"], home.id)
        assert (lead["vinId"], lead["_id"]) == ("123", lead["id"])
        assert TIME.fullmatch(lead["createdAt"])
        shown = (await dealer.get(f"/streams/{stream['_id']}")).data
        assert shown["lead"] == lead
        assert shown["status"] == "streaming"


async def test_the_seeds_lead_as_it_stands_names_no_stream_that_exists() -> None:
    async with web_world() as world:
        await house(world, "organizationninh0")
        reply = await world.post("/auto/leads", SEED)
        assert (reply.status, reply.code) == (400, "ERROR_INVALID_STREAMID")
        assert world.database.leads._leads == {}


async def test_an_organization_and_a_vehicle_are_enough_for_a_lead() -> None:
    async with web_world() as world:
        home = await house(world, "organizationninh0")
        reply = await world.post("/auto/leads", SEED | {"streamId": ""})
        lead = reply.data
        assert (reply.status, lead["stream"], lead["organization"]) == (200, None, home.id)
        reply = await world.post("/auto/leads", SEED | {"streamId": None, "organizationToken": "x"})
        assert (reply.status, reply.code) == (400, "ERROR_TOKEN_INVALID")


@pytest.mark.parametrize(
    "given", [{}, {"vinId": "1"}, {"organizationToken": "house"}, {"sessionId": "s"}]
)
async def test_a_lead_of_nothing_cannot_be_created(given: dict[str, Any]) -> None:
    async with web_world() as world:
        await house(world)
        reply = await world.post("/auto/leads", TEXTS | given)
        assert (reply.status, reply.code) == (400, "ERROR_CANNOT_CREATE_LEAD")
        assert reply.body["message"] == "The information is not enough for creating lead"


async def test_a_session_finds_the_visitors_latest_stream_or_the_stream_with_that_id() -> None:
    async with web_world() as world:
        home, other = await house(world), await house(world, "other")
        await home.dealer("a")
        await other.dealer("b")
        missed = [(await home.request(sessionId="mine")).data["_id"] for _ in range(2)]
        elsewhere = (await other.request(sessionId="mine")).data["_id"]
        by_organization = {"organizationToken": home.code, "vinId": "1"}
        for session, stream in (
            ("mine", missed[1]),
            (missed[0], missed[0]),
            (elsewhere, None),
            ("nobody's", None),
        ):
            lead = (await world.post("/auto/leads", by_organization | {"sessionId": session})).data
            assert (lead["stream"], lead["sessionId"]) == (stream, session)
        assert (await stream_of(world, missed[0])).lead is not None


async def test_a_lead_completes_a_stopped_stream_or_the_stop_completes_it() -> None:
    async with web_world() as world:
        home = await house(world)
        dealer = await (await home.dealer("a")).online()
        first = (await home.streaming(dealer))["_id"]
        await world.post(f"/auto/streams/stop/{first}")
        await world.post("/auto/leads", {"streamId": first})
        assert (await stream_of(world, first)).phase == "completed"
        second = (await home.streaming(dealer))["_id"]
        await world.post("/auto/leads", {"streamId": second})
        assert (await stream_of(world, second)).phase == "streaming"
        stopped = (await world.post(f"/auto/streams/stop/{second}")).data
        assert stopped["status"] == "completed"


async def test_a_later_lead_takes_the_place_of_the_first_and_both_are_kept() -> None:
    async with web_world() as world:
        home = await house(world)
        dealer = await home.dealer("a")
        id = (await home.request()).data["_id"]
        for comment in ("one", "two"):
            await world.post("/auto/leads", {"streamId": id, "comment": comment})
        assert (await dealer.get(f"/streams/{id}")).data["lead"]["comment"] == "two"
        assert len(world.database.leads._leads) == 2


async def test_a_repeated_lead_with_its_key_is_the_first_one() -> None:
    """By who sends it: a visitor's key is not its neighbour's."""
    async with web_world() as world:
        home = await house(world)
        await (await home.dealer("a")).online()
        stream = await home.requested()
        lead = {"streamId": stream["_id"], "comment": "one"}
        key = {"Idempotency-Key": "k"}
        first = await world.post("/auto/leads", lead, headers=key)
        again = await world.post("/auto/leads", lead, headers=key)
        assert first.body == again.body
        other = await world.post("/auto/leads", lead | {"comment": "two"}, headers=key)
        assert (other.status, other.code) == (400, "ERROR_VALIDATION")
        mine = await world.post("/auto/leads", lead, headers=key | proof(stream))
        assert mine.data["id"] != first.data["id"]


async def test_bad_leads_are_refused_and_change_nothing() -> None:
    async with web_world() as world:
        home = await house(world)
        await home.dealer("a")
        id = (await home.request()).data["_id"]
        before = world.fingerprint()
        for bad in (
            *({"comment": "x" * 10_001}, {"email": {"a": 1}}, {"phone": ["1", "2"]}),
            *({"firstName": "a\x00"}, {"sessionId": "x" * 201}),
        ):
            reply = await world.post("/auto/leads", {"streamId": id} | bad)
            assert (reply.status, reply.code) == (400, "ERROR_VALIDATION"), bad
        for stream in ("f" * 24, "nothing"):
            reply = await world.post("/auto/leads", SEED | {"streamId": stream})
            assert reply.code == "ERROR_INVALID_STREAMID"
        assert world.fingerprint() == before


async def test_leads_are_limited_per_address() -> None:
    async with web_world(quotas=Quotas(leads_per_address=Quota(2))) as world:
        await house(world)
        lead = {"organizationToken": "house", "vinId": "1"}
        statuses = [(await world.post("/auto/leads", lead)).status for _ in range(3)]
        assert statuses == [200, 200, 429]


# -- vehicles ---------------------------------------------------------------------------------------------------

HONDA = "1HGCM82633A004352"


async def test_a_number_says_who_made_the_car_where_and_when() -> None:
    async with web_world() as world:
        reply = await world.get(f"/auto/vin/{HONDA.lower()}")
        assert reply.data == {
            "vin": HONDA,
            "make": "Honda",
            "model": None,
            "year": 2003,
            "country": "United States",
            "manufacturer": "Honda",
            "type": None,
            "checksumOk": True,
        }
        renault = (await world.get("/auto/vin/VF1LM1B0H36666155")).data
        assert (renault["make"], renault["model"]) == ("Renault", "Megan II")
        assert renault["type"] == "Sedan, 4-Door"
        assert renault["checksumOk"] is False


async def test_the_organizations_own_car_is_shown_with_its_model_and_photo() -> None:
    async with web_world() as world:
        home = await house(world)
        photo = "https://cars.example.test/1.png"
        vehicle = Vehicle(
            organization=home.id, vin=HONDA, model="Accord", photo=photo, created_at=1
        )
        await world.engine.store.vehicles.put(vehicle)
        shown = (await world.get(f"/auto/vin/{HONDA}?organization=HOUSE")).data
        assert (shown["make"], shown["model"], shown["photo"]) == ("Honda", "Accord", photo)
        for query in ("", "?organization=nowhere"):
            assert (await world.get(f"/auto/vin/{HONDA}{query}")).data["model"] is None
        await (await home.dealer("a")).online()
        stream = await home.requested(vin=HONDA.lower())
        assert stream["vehicle"] == {"vin": HONDA, "model": "Accord", "photo": photo}


@pytest.mark.parametrize(
    "vin", ["123", "1HGCM82633A00435", "1HGCM82633A0043521", "1HGCM82633A00435O", "%00" * 17]
)
async def test_a_malformed_number_is_refused(vin: str) -> None:
    async with web_world() as world:
        reply = await world.get(f"/auto/vin/{vin}")
        assert (reply.status, reply.code) == (400, "ERROR_VALIDATION")
        assert reply.body["message"].startswith("vin: ")


async def test_a_number_of_an_unknown_maker_is_not_found() -> None:
    async with web_world() as world:
        reply = await world.get("/auto/vin/ZZZ12345678901234")
        assert (reply.status, reply.code) == (404, "ERROR_NOT_FOUND")
