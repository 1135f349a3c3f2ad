"""What one commit writes, and which of several turns win."""

from __future__ import annotations

from collections import Counter

import trio
from msgspec.structs import replace
from session_stores import DAY, NOW, World, address, at_once, commit, entry, in_order, turn

from switchboard.engine.ports import (
    AlreadyConsumed,
    ClaimTaken,
    CommitFailed,
    Committed,
    KeyedReply,
    KeyKnown,
    NewNotice,
    OutboxRow,
    Sessions,
    Snapshot,
    Stale,
    Stored,
)
from switchboard.engine.sessions.kind import Claim, ListEntry, Tally

ENGAGED = Claim("engaged", "ann")


def outbox_row(id_: str, source: str = "a") -> OutboxRow:
    return OutboxRow(
        id=id_,
        source=address(source),
        target=address("target"),
        name="Do",
        body=b"{}",
        at=NOW,
    )


def reply(key: str, session: str, at: int = NOW) -> KeyedReply:
    return KeyedReply(key=key, digest=b"d", session=address(session), format=1, reply=b"{}", at=at)


# -- the session itself


async def test_a_session_that_was_never_written_is_not_there(sessions: Sessions) -> None:
    assert await sessions.load(address("a")) is None
    assert await sessions.header(address("a")) is None
    assert list(await sessions.journal(address("a"))) == []


async def test_what_was_committed_is_loaded(sessions: Sessions) -> None:
    assert await commit(sessions, turn("a", entries=2)) == Committed()
    assert await commit(sessions, turn("a", 2)) == Committed()
    assert await sessions.load(address("a")) == Stored(
        3, None, (entry(1), entry(2), entry(3)), None, NOW
    )
    assert await sessions.journal(address("a")) == [entry(1), entry(2), entry(3)]


async def test_a_load_folds_only_what_came_after_the_snapshot(sessions: Sessions) -> None:
    await commit(sessions, turn("a", entries=2, snapshot=True))
    await commit(sessions, turn("a", 2))
    snapshot = Snapshot(2, 1, b'{"folded":2}')
    assert await sessions.load(address("a")) == Stored(3, snapshot, (entry(3),), None, NOW)
    await commit(sessions, turn("a", 3, snapshot=True))
    assert await sessions.load(address("a")) == Stored(
        4, Snapshot(4, 1, b'{"folded":4}'), (), None, NOW
    )


async def test_the_header_says_what_the_last_turn_said(sessions: Sessions) -> None:
    await commit(sessions, turn("a", deadline=NOW + 5, summary=b"first", phase="early"))
    header = await sessions.header(address("a"))
    assert header is not None
    assert (header.version, header.phase, header.deadline, header.summary) == (
        1,
        "early",
        NOW + 5,
        b"first",
    )
    await commit(sessions, turn("a", 1, at=NOW + 9, phase="late"))
    later = await sessions.header(address("a"))
    assert later is not None
    assert (later.version, later.phase, later.deadline, later.summary) == (2, "late", None, None)
    assert (later.serial, header.updated_at, later.updated_at) == (header.serial, NOW, NOW + 9)


async def test_sessions_that_are_loaded_at_once_get_each_their_own(sessions: Sessions) -> None:

    await at_once(sessions, [turn(f"s{n}", entries=1 + n % 3) for n in range(20)])
    versions: dict[str, int | None] = {}

    async def one(id_: str) -> None:
        stored = await sessions.load(address(id_))
        versions[id_] = None if stored is None else stored.version

    async with trio.open_nursery() as nursery:
        for n in range(22):
            nursery.start_soon(one, f"s{n}")
    assert versions == {f"s{n}": 1 + n % 3 for n in range(20)} | {"s20": None, "s21": None}


# -- versions


async def test_a_turn_on_another_version_is_stale_and_writes_nothing(sessions: Sessions) -> None:
    await commit(sessions, turn("a"))
    before = await sessions.load(address("a"))
    for stale in (turn("a"), turn("a", 2), turn("b", 1)):
        assert await commit(sessions, stale) == Stale()
    assert await sessions.load(address("a")) == before
    assert await sessions.load(address("b")) is None


async def test_a_stale_turn_loses_alone(sessions: Sessions) -> None:
    await at_once(sessions, [turn(f"s{n}") for n in range(10)])
    turns = [turn(f"s{n}", 1 if n % 2 else 7) for n in range(10)]
    outcomes = await at_once(sessions, turns)
    assert outcomes == [Committed() if n % 2 else Stale() for n in range(10)]


async def test_turns_of_one_session_that_wait_together_are_written_in_order(
    sessions: Sessions,
) -> None:
    outcomes = await in_order(sessions, [turn("a", n) for n in range(5)])
    assert outcomes == [Committed()] * 5
    assert [each.version for each in await sessions.journal(address("a"))] == [1, 2, 3, 4, 5]


# -- claims and bars


async def test_a_claim_is_refused_to_a_second_session_until_the_first_releases_it(
    sessions: Sessions,
) -> None:
    assert await commit(sessions, turn("a", taken=(ENGAGED,))) == Committed()
    assert await commit(sessions, turn("b", taken=(ENGAGED,))) == ClaimTaken(ENGAGED, "a")
    assert await sessions.load(address("b")) is None
    assert await commit(sessions, turn("a", 1, released=(ENGAGED,))) == Committed()
    assert await commit(sessions, turn("b", taken=(ENGAGED,))) == Committed()
    assert await sessions.claims(["engaged"], ["ann"]) == {ENGAGED: "b"}


async def test_nobody_releases_the_claim_of_another(sessions: Sessions) -> None:
    await commit(sessions, turn("a", taken=(ENGAGED,)))
    assert await commit(sessions, turn("b", released=(ENGAGED,))) == Committed()
    assert await sessions.claims(["engaged"], ["ann"]) == {ENGAGED: "a"}


async def test_a_session_may_take_again_what_it_holds(sessions: Sessions) -> None:
    await commit(sessions, turn("a", taken=(ENGAGED,)))
    assert await commit(sessions, turn("a", 1, taken=(ENGAGED,))) == Committed()
    assert await sessions.claims(["engaged"], ["ann"]) == {ENGAGED: "a"}


async def test_of_many_that_want_a_claim_at_once_exactly_one_gets_it(sessions: Sessions) -> None:
    outcomes = await at_once(sessions, [turn(f"s{n}", taken=(ENGAGED,)) for n in range(20)])
    winner = outcomes.index(Committed())
    others = [outcome for n, outcome in enumerate(outcomes) if n != winner]
    assert others == [ClaimTaken(ENGAGED, f"s{winner}")] * 19


async def test_among_turns_that_want_the_same_the_first_come_is_the_first_served(
    sessions: Sessions,
) -> None:
    outcomes = await in_order(sessions, [turn(f"s{n}", taken=(ENGAGED,)) for n in range(10)])
    assert outcomes == [Committed()] + [ClaimTaken(ENGAGED, "s0")] * 9


async def test_no_refusal_rests_on_a_turn_that_loses_itself(sessions: Sessions) -> None:
    stale = turn("a", 5, taken=(ENGAGED,))
    assert await in_order(sessions, [stale, turn("b", taken=(ENGAGED,))]) == [Stale(), Committed()]


async def test_a_claim_released_at_the_same_moment_is_had_by_the_next(sessions: Sessions) -> None:
    await commit(sessions, turn("a", taken=(ENGAGED,)))
    turns = [turn("a", 1, released=(ENGAGED,)), turn("b", taken=(ENGAGED,))]
    assert await in_order(sessions, turns) == [Committed(), Committed()]


async def test_a_barred_scope_must_be_free_of_the_claims_of_others(sessions: Sessions) -> None:
    later, debt = Claim("debt:ann", "gig2"), Claim("debt:ann", "gig1")
    await commit(sessions, turn("holder", taken=(later,)))
    await commit(sessions, turn("a", taken=(debt,)))
    assert await commit(sessions, turn("b", bars=("debt:ann",))) == ClaimTaken(debt, "a")
    assert await commit(sessions, turn("a", 1, bars=("debt:ann",))) == ClaimTaken(later, "holder")
    await commit(sessions, turn("holder", 1, released=(later,)))
    assert await commit(sessions, turn("a", 1, bars=("debt:ann",))) == Committed()
    assert await commit(sessions, turn("b", bars=("debt:ben",))) == Committed()


async def test_a_bar_sees_a_claim_taken_at_the_same_moment(sessions: Sessions) -> None:
    debt = Claim("debt:ann", "gig1")
    turns = [turn("a", taken=(debt,)), turn("b", bars=("debt:ann",))]
    # A batch waits for as many as there were the last time, so that these two could share one.
    await at_once(sessions, [turn("c"), turn("d")])
    assert await in_order(sessions, turns) == [Committed(), ClaimTaken(debt, "a")]


async def test_a_bar_is_told_before_a_claim_that_is_taken(sessions: Sessions) -> None:
    debt = Claim("debt:ann", "gig1")
    await commit(sessions, turn("a", taken=(debt, ENGAGED)))
    both = turn("b", taken=(ENGAGED,), bars=("debt:ann",))
    assert await commit(sessions, both) == ClaimTaken(debt, "a")


# -- idempotency keys and the outbox


async def test_a_known_key_is_answered_with_the_first_reply(sessions: Sessions) -> None:
    first = reply("k", "a")
    assert await commit(sessions, turn("a", keyed=(first,))) == Committed()
    second = turn("b", keyed=(reply("k", "b", NOW + DAY - 1),))
    assert await commit(sessions, second) == KeyKnown(first)
    assert await sessions.load(address("b")) is None
    assert await sessions.keyed("k") == first
    assert await sessions.keyed("other") is None


async def test_a_key_is_known_by_the_request_that_it_was_first_used_for(
    sessions: Sessions,
) -> None:
    first, other = reply("k", "a"), replace(reply("k", "b"), digest=b"of another body")
    await commit(sessions, turn("a", keyed=(first,)))
    assert await commit(sessions, turn("b", keyed=(other,))) == KeyKnown(first)
    assert await sessions.keyed("k") == first


async def test_a_key_is_forgotten_after_a_day(sessions: Sessions) -> None:
    await commit(sessions, turn("a", keyed=(reply("k", "a"),)))
    later = reply("k", "b", NOW + DAY)
    assert await commit(sessions, turn("b", keyed=(later,))) == Committed()
    assert await sessions.keyed("k") == later


async def test_the_same_key_at_once_is_answered_once(sessions: Sessions) -> None:
    turns = [turn(f"s{n}", keyed=(reply("k", f"s{n}"),)) for n in range(8)]
    outcomes = await at_once(sessions, turns)
    first = outcomes.index(Committed())
    others = [outcome for n, outcome in enumerate(outcomes) if n != first]
    assert others == [KeyKnown(reply("k", f"s{first}"))] * 7


async def test_an_outbox_row_waits_until_it_is_consumed_and_is_so_once(sessions: Sessions) -> None:
    rows = tuple(outbox_row(f"r{n}") for n in range(3))
    await commit(sessions, turn("a", outbox=rows))
    assert await sessions.outbox(10) == list(rows)
    assert await sessions.outbox(2) == list(rows[:2])
    assert await commit(sessions, turn("target", consumed=("r0",))) == Committed()
    assert await commit(sessions, turn("target", 1, consumed=("r0",))) == AlreadyConsumed("r0")
    await sessions.outbox_done(["r2", "unknown"])
    assert await sessions.outbox(10) == [rows[1]]


async def test_an_outbox_row_that_two_consume_at_once_goes_to_one(sessions: Sessions) -> None:
    await commit(sessions, turn("a", outbox=(outbox_row("r"),)))
    outcomes = await at_once(sessions, [turn(f"s{n}", consumed=("r",)) for n in range(5)])
    assert Counter(map(repr, outcomes)) == {
        repr(Committed()): 1,
        repr(AlreadyConsumed("r")): 4,
    }


async def test_the_outbox_keeps_the_order_of_the_commits(sessions: Sessions) -> None:
    turns = [turn(f"s{n}", outbox=(outbox_row(f"{n}a"), outbox_row(f"{n}b"))) for n in range(5)]
    await in_order(sessions, turns)
    ids = [row.id for row in await sessions.outbox(100)]
    assert ids == [f"{n}{half}" for n in range(5) for half in "ab"]


# -- notices and tallies


async def test_notices_are_numbered_within_their_topic_without_a_gap(sessions: Sessions) -> None:
    a, b = NewNotice("ann", "Rang", b"1"), NewNotice("ben", "Rang", b"2")
    assert await commit(sessions, turn("s", notices=(a, b, a))) == Committed((1, 1, 2))
    winners = [turn(f"w{n}", notices=(a, b)) for n in range(5)]
    losers = [turn(f"l{n}", 3, notices=(a, b)) for n in range(5)]
    outcomes = await at_once(sessions, [*winners, *losers])
    assert outcomes[5:] == [Stale()] * 5
    numbers = [each.sequences for each in outcomes if isinstance(each, Committed)]
    assert sorted(numbers) == [(3, 2), (4, 3), (5, 4), (6, 5), (7, 6)]
    stored = await sessions.notices("ann", 0, 100)
    assert [notice.sequence for notice in stored] == [1, 2, 3, 4, 5, 6, 7]
    assert (stored[0].topic, stored[0].name, stored[0].body, stored[0].at) == (
        "ann",
        "Rang",
        b"1",
        NOW,
    )
    assert [notice.sequence for notice in await sessions.notices("ann", 3, 2)] == [4, 5]
    assert list(await sessions.notices("nobody", 0, 10)) == []


async def test_each_notice_has_the_number_that_its_caller_hears_also_beside_a_loser(
    sessions: Sessions,
) -> None:
    def told(topic: str, body: bytes) -> NewNotice:
        return NewNotice(topic, "Rang", body)

    turns = [
        turn("a", notices=(told("zoe", b"1"), told("ann", b"2"), told("zoe", b"3"))),
        turn("lost", 3, notices=(told("zoe", b"4"), told("nobody", b"5"), told("ann", b"6"))),
        turn("b", notices=(told("ann", b"7"), told("ben", b"8"), told("zoe", b"9"))),
        turn("silent"),
    ]
    first, lost, second, silent = await at_once(sessions, turns)
    assert isinstance(first, Committed)
    assert isinstance(second, Committed)
    assert (lost, silent) == (Stale(), Committed())
    heard = [
        (notice.topic, number, notice.body)
        for one, outcome in ((turns[0], first), (turns[2], second))
        for notice, number in zip(one.notices, outcome.sequences, strict=True)
    ]
    stored = [
        (notice.topic, notice.sequence, notice.body)
        for topic in ("ann", "ben", "nobody", "zoe")
        for notice in await sessions.notices(topic, 0, 10)
    ]
    assert sorted(heard) == stored
    assert [number for topic, number, _ in stored if topic == "zoe"] == [1, 2, 3]


async def test_tallies_count_and_sum_what_was_observed(sessions: Sessions) -> None:
    def rated(value: int, of: str = "ann") -> Tally:
        return Tally("rating", of, value)

    await commit(sessions, turn("a", tallies=(rated(5), rated(3), rated(1, "ben"))))
    turns = [turn(f"s{n}", tallies=(rated(2),)) for n in range(4)]
    await at_once(sessions, [*turns, turn("stale", 9, tallies=(rated(100),))])
    assert await sessions.tallies("rating", ["ann", "ben", "cleo"]) == {
        "ann": (6, 16),
        "ben": (1, 1),
    }
    assert await sessions.tallies("other", ["ann"]) == {}


# -- what no table takes


async def test_a_turn_with_a_nul_character_leaves_a_hundred_others_untouched(
    world: World,
) -> None:
    sessions = world.store.sessions
    bad = turn("bad", listed=(ListEntry("of", "a\0b"),))
    others = [turn(f"s{n}") for n in range(100)]
    outcomes = await at_once(sessions, [*others[:50], bad, *others[50:]])
    assert isinstance(outcomes.pop(50), CommitFailed)
    assert outcomes == [Committed()] * 100
    assert world.committer.statistics().halved > 0
    assert await sessions.load(address("bad")) is None
    assert await commit(sessions, turn("bad")) == Committed()


async def test_a_lone_surrogate_and_a_known_outbox_id_fail_alone(sessions: Sessions) -> None:
    await commit(sessions, turn("a", outbox=(outbox_row("r"),)))
    outcomes = await at_once(
        sessions,
        [
            turn("b", taken=(Claim("engaged", "\ud800"),)),
            turn("c"),
            turn("d", outbox=(outbox_row("r"),)),
            turn("e"),
        ],
    )
    assert [type(outcome) for outcome in outcomes] == [
        CommitFailed,
        Committed,
        CommitFailed,
        Committed,
    ]
