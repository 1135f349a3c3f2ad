"""The rules by their names, as a violation shows them."""

from __future__ import annotations

# Commits.
LEGAL = "only legal transitions"
LOCKED = "a locked party starts nothing"
ONE_LIVE = "one live gig an operator and a customer"
ONE_STREAM = "a dealer holds at most one offer or stream"
ONE_REQUEST = "a visitor waits for one stream of a house"
ONE_ROOM = "one active room has a key"
ONE_HOLDER = "at most one operator holds a room"
ONE_ISSUE = "at most one issue of a room is open"
SEQUENCE = "a room's messages have no gap and no repeat"
MARKERS = "read markers never go back"
OWN_HOUSE = "a stream goes to dealers of its house to whom it was offered"
ONCE = "what was acknowledged is in the journal exactly once"
TOLD = "a commit writes what its events say"
FOLD = "the fold of the journal is the state"
ORDER = "the instants of a journal never go back"
WRITER = "one writer: nothing of an engine that was fenced off is committed"

# What sessions hold.
CLAIMS = "living sessions hold engagements, locked parties' gigs debts, and nobody else anything"
LISTS = "a session stands in the lists that its state names"
HEADER = "the header is the state's"
DELIVERED = "every reaction is delivered"
HOLE = "notices are heard in order and without a silent hole"

# Deadlines.
DEADLINE_ONCE = "every deadline fires once"
EARLY = "no deadline fires early"
LATE = "no deadline fires late"
STUCK = "nothing is stuck past its deadline"
OVERTAKEN = "what is due fires before anything else is decided"

# What people are told.
COMMITTED = "only what is committed is answered"
EFFECT = "what was acknowledged has happened"
FALSE = "no false refusal after one's own effects were answered"
NOTHING = "what was refused changed nothing"
AT_ONCE = "an overflow is answered at once"
KEYS = "a key belongs to the request that it was first used for"
GIVEN_UP = "nothing is decided for who has given up"
TURNED_AWAY = "no engine that runs turns anybody away"
APART = "a bug answers its caller alone"

# Supervision.
CRASHES = "nothing crashes"
LOOP = "quarantine instead of a loop"
ONE_ACTOR = "one actor a session"
STILL = "a session in quarantine stands still"
BREAKER = "a bad release does not put everything into quarantine"

# The world itself.
TIME = "time goes on"
END = "a world comes to its end"
CHECKERS = "the checkers understand what is committed"
