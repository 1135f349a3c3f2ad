"""dropin's getall."""

from __future__ import annotations

from gig_parties import EVERYWHERE, parties
from web_worlds import web_world


async def test_getall_has_the_seeds_shape_newest_first() -> None:
    """Parties as ids, nulls for what did not happen."""
    async with web_world() as world:
        gigs = await parties(world)
        await gigs.request()
        first = gigs.id
        await gigs.do(gigs.customer, "cancel")
        await gigs.until("stop")
        reply = await gigs.customer.get(f"/gigs/{gigs.customer.id}/getall")
        assert [one["id"] for one in reply.body] == [gigs.id, first]
        assert all(set(one) == EVERYWHERE for one in reply.body)
        assert reply.body[0]["operator"] == gigs.operator.id
        old = reply.body[1]
        assert (old["customer"], old["operator"]) == (gigs.customer.id, None)
        assert old["customerRating"] is old["operatorRating"] is None
        assert (old["status"], old["bypassRating"]) == ("cancelled", True)
        mine = await gigs.operator.get(f"/gigs/{gigs.operator.id}/getall")
        assert [one["id"] for one in mine.body] == [gigs.id]


async def test_getall_filters_and_pages() -> None:
    """One status, a comma list, repeated; skip and limit, a large one clamped."""
    async with web_world() as world:
        gigs = await parties(world)
        ids: list[str] = []
        for _ in range(3):
            await gigs.request()
            await gigs.do(gigs.customer, "cancel")
            ids.insert(0, gigs.id)
        await gigs.until("claim")
        path = f"/gigs/{gigs.customer.id}/getall"
        for query, expected in (
            ("status=cancelled", ids),
            ("status=voted", []),
            ("status=cancelled,operatorFound", [gigs.id, *ids]),
            ("status=cancelled&status=operatorFound", [gigs.id, *ids]),
            ("status[]=operatorFound", [gigs.id]),
            ("status=", [gigs.id, *ids]),
            ("skip=1&limit=2", ids[:2]),
            ("limit=100000", [gigs.id, *ids]),
            ("limit=0", []),
            ("skip=50", []),
        ):
            reply = await gigs.customer.get(f"{path}?{query}")
            assert [one["id"] for one in reply.body] == expected, query
