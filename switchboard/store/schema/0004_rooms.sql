-- Rooms: their messages, members, read markers, issues, and the commit of all these beside what commit_turns writes.
-- As in 0001, text columns hold ids and names compared by code point, and instants are milliseconds since the epoch.

-- ---------------------------------------------------------------------------------------------- messages

-- A message is the entry of its room's journal: the columns from "version" to "code_version" are the journal's, and the
-- body is stored here alone. Never pruned.
CREATE TABLE message (
    room text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    name text COLLATE "C" NOT NULL,
    format integer NOT NULL,
    body bytea NOT NULL,
    at bigint NOT NULL,
    by text COLLATE "C" NOT NULL,
    caused_by text COLLATE "C",
    code_version text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    -- Counts the room's messages from 1 without a gap: "the tenth page" is a range of this index, however far it is.
    number bigint NOT NULL,
    serial bigint,
    PRIMARY KEY (room, version)
);
CREATE UNIQUE INDEX message_number ON message (room, number);
CREATE UNIQUE INDEX message_id ON message (id);

-- ---------------------------------------------------------------------------------------------- rooms

CREATE TABLE room (
    id text COLLATE "C" PRIMARY KEY,
    realm text COLLATE "C" NOT NULL,
    serial bigint,
    shelf text COLLATE "C",
    active_at bigint NOT NULL,
    messages bigint NOT NULL
) WITH (fillfactor = 75, autovacuum_vacuum_scale_factor = 0.05);
CREATE UNIQUE INDEX room_serial ON room (realm, serial) WHERE serial IS NOT NULL;
CREATE INDEX room_shelf ON room (shelf, active_at, id) WHERE shelf IS NOT NULL;

CREATE TABLE room_member (
    room text COLLATE "C" NOT NULL,
    account text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    joined_at bigint NOT NULL,
    -- The room's, repeated with each message, so that a member's rooms are read in their order from one index.
    active_at bigint NOT NULL,
    PRIMARY KEY (room, account)
) WITH (fillfactor = 75, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX room_member_of ON room_member (account, active_at, room);

-- How far somebody has read, member or not; it never goes back.
CREATE TABLE read_marker (
    room text COLLATE "C" NOT NULL,
    reader text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    number bigint NOT NULL,
    message text COLLATE "C" NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (room, reader)
) WITH (fillfactor = 75, autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE serial (
    name text COLLATE "C" PRIMARY KEY,
    taken bigint NOT NULL
);

-- Of organizations' own servers; a key is looked for by its SHA-256, and stands nowhere itself.
CREATE TABLE api_key (
    id text COLLATE "C" PRIMARY KEY,
    realm text COLLATE "C" NOT NULL,
    owner text NOT NULL,
    name text NOT NULL,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    created_at bigint NOT NULL
);
CREATE UNIQUE INDEX api_key_digest ON api_key (realm, digest);

-- ---------------------------------------------------------------------------------------------- issues

CREATE TABLE issue (
    id text COLLATE "C" PRIMARY KEY,
    app text COLLATE "C" NOT NULL,
    room text COLLATE "C" NOT NULL,
    client text COLLATE "C" NOT NULL,
    opened_at bigint NOT NULL,
    answered_at bigint,
    closed_at bigint,
    closed_by text COLLATE "C",
    tags text[] COLLATE "C" NOT NULL,
    first_version bigint,
    last_version bigint
) WITH (fillfactor = 75, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX issue_of_app ON issue (app, opened_at, id);
CREATE INDEX issue_closed ON issue (app, closed_at, id) WHERE closed_at IS NOT NULL;
-- The queue: as long as what waits, not as what has been.
CREATE INDEX issue_open ON issue (app, opened_at, id) WHERE closed_at IS NULL;
CREATE INDEX issue_closed_of_app ON issue (app, opened_at, id) WHERE closed_at IS NOT NULL;

-- One row for each tag of an issue, because a list by tag must come from an index in its order.
CREATE TABLE issue_tag (
    issue text COLLATE "C" NOT NULL,
    tag text COLLATE "C" NOT NULL,
    app text COLLATE "C" NOT NULL,
    is_open boolean NOT NULL,
    opened_at bigint NOT NULL,
    PRIMARY KEY (issue, tag)
) WITH (fillfactor = 75, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX issue_tag_list ON issue_tag (app, tag, opened_at, issue);
CREATE INDEX issue_tag_standing ON issue_tag (app, tag, is_open, opened_at, issue);

-- How many issues there are, kept by the commits: counting them would read them all. The tag '' counts all.
CREATE TABLE issue_count (
    app text COLLATE "C" NOT NULL,
    tag text COLLATE "C" NOT NULL,
    is_open boolean NOT NULL,
    count bigint NOT NULL,
    PRIMARY KEY (app, tag, is_open)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

-- What issues were opened with, as the words and trigrams that the program finds in it (engine/queries/similarity.py):
-- the database's own know only the letters of its locale, which is C in the embedded one.
CREATE TABLE question (
    issue text COLLATE "C" PRIMARY KEY,
    app text COLLATE "C" NOT NULL,
    at bigint NOT NULL,
    terms tsvector NOT NULL
);
CREATE INDEX question_terms ON question USING gin (terms);

CREATE TABLE known_tag (
    app text COLLATE "C" NOT NULL,
    tag text COLLATE "C" NOT NULL,
    PRIMARY KEY (app, tag)
);

-- ---------------------------------------------------------------------------------------------- commit

-- Keeps issue_count: the issues of these ids, times "sign".
CREATE FUNCTION count_issues(ids text[], sign integer) RETURNS void LANGUAGE sql AS $$
    INSERT INTO issue_count AS kept (app, tag, is_open, count)
    SELECT i.app, t.tag, i.closed_at IS NULL, sign * count(*)
    FROM unnest(ids) AS a (id)
    JOIN issue AS i ON i.id = a.id
    CROSS JOIN LATERAL unnest(i.tags || ''::text) AS t (tag)
    GROUP BY i.app, t.tag, i.closed_at IS NULL
    ORDER BY i.app, t.tag, i.closed_at IS NULL
    ON CONFLICT (app, tag, is_open) DO UPDATE SET count = kept.count + excluded.count;
$$;

-- Writes the rows of rooms that belong to the turns of a batch which commit_turns has let win; "losers" are the numbers
-- of the others. Parameters: p(osted messages), r(ooms), b (members), i(ssues), q(uestions), g (tags); "ord" is the
-- number of the row's turn, "t_id" has the turns' sessions (switchboard/store/room_arrays.py).
CREATE FUNCTION commit_rooms(
    losers integer[],
    t_id text[],
    p_ord integer[], p_version bigint[], p_name text[], p_format integer[], p_body bytea[], p_at bigint[],
    p_by text[], p_caused_by text[], p_code_version text[], p_id text[], p_number bigint[], p_sender text[],
    p_serial bigint[],
    r_ord integer[], r_realm text[], r_serial bigint[], r_shelf text[], r_active_at bigint[], r_messages bigint[],
    b_ord integer[], b_account text[], b_id text[], b_at bigint[], b_present boolean[],
    i_ord integer[], i_id text[], i_app text[], i_client text[], i_opened_at bigint[], i_answered_at bigint[],
    i_closed_at bigint[], i_closed_by text[], i_tags text[], i_first bigint[], i_last bigint[],
    q_ord integer[], q_issue text[], q_app text[], q_at bigint[], q_terms text[],
    g_ord integer[], g_app text[], g_tag text[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    changed text[];
BEGIN
    INSERT INTO message (
        room, version, name, format, body, at, by, caused_by, code_version, id, number, serial
    )
    SELECT t_id[p.ord], p.version, p.name, p.format, p.body, p.at, p.by, p.caused_by, p.code_version, p.id, p.number,
        p.serial
    FROM unnest(
        p_ord, p_version, p_name, p_format, p_body, p_at, p_by, p_caused_by, p_code_version, p_id, p_number, p_serial
    ) AS p (ord, version, name, format, body, at, by, caused_by, code_version, id, number, serial)
    WHERE p.ord <> ALL (losers);

    INSERT INTO room AS kept (id, realm, serial, shelf, active_at, messages)
    SELECT t_id[r.ord], r.realm, r.serial, r.shelf, r.active_at, r.messages
    FROM unnest(r_ord, r_realm, r_serial, r_shelf, r_active_at, r_messages)
        AS r (ord, realm, serial, shelf, active_at, messages)
    WHERE r.ord <> ALL (losers)
    ON CONFLICT (id) DO UPDATE SET active_at = excluded.active_at, messages = excluded.messages;

    IF cardinality(b_ord) > 0 THEN
        DELETE FROM room_member AS k
        USING unnest(b_ord, b_account, b_present) AS b (ord, account, present)
        WHERE NOT b.present AND b.ord <> ALL (losers) AND k.room = t_id[b.ord] AND k.account = b.account;
        -- A conflict can only be with this room's own row, which only its turns write.
        INSERT INTO room_member (room, account, id, joined_at, active_at)
        SELECT t_id[b.ord], b.account, b.id, b.at, r.active_at
        FROM unnest(b_ord, b_account, b_id, b_at, b_present) AS b (ord, account, id, at, present)
        JOIN room AS r ON r.id = t_id[b.ord]
        WHERE b.present AND b.ord <> ALL (losers)
        ON CONFLICT (room, account) DO NOTHING;
    END IF;
    UPDATE room_member AS k SET active_at = r.active_at
    FROM unnest(r_ord, r_active_at) AS r (ord, active_at)
    WHERE r.ord <> ALL (losers) AND k.room = t_id[r.ord] AND k.active_at < r.active_at;

    -- Whoever writes has read what came before.
    IF cardinality(p_ord) > 0 THEN
        INSERT INTO read_marker AS kept (room, reader, version, number, message, at)
        SELECT DISTINCT ON (w.room, w.sender) w.room, w.sender, w.version, w.number, w.id, w.at
        FROM (
            SELECT t_id[p.ord] COLLATE "C" AS room, p.sender COLLATE "C" AS sender, p.version, p.number, p.id, p.at
            FROM unnest(p_ord, p_sender, p_version, p_number, p_id, p_at)
                AS p (ord, sender, version, number, id, at)
            WHERE p.ord <> ALL (losers)
        ) AS w
        ORDER BY w.room, w.sender, w.version DESC
        ON CONFLICT (room, reader) DO UPDATE
        SET version = excluded.version, number = excluded.number, message = excluded.message, at = excluded.at
        WHERE kept.version < excluded.version;
    END IF;

    IF cardinality(i_ord) > 0 THEN
        -- Most changes are one more message, which neither the counts nor the lists by tag are about.
        changed := ARRAY(
            SELECT i.id
            FROM unnest(i_ord, i_id, i_closed_at, i_tags) AS i (ord, id, closed_at, tags)
            LEFT JOIN issue AS k ON k.id = i.id
            WHERE i.ord <> ALL (losers) AND (
                k.id IS NULL
                OR (k.closed_at IS NULL) <> (i.closed_at IS NULL)
                OR k.tags <> ARRAY(SELECT jsonb_array_elements_text(i.tags::jsonb))
            )
        );
        PERFORM count_issues(changed, -1);
        DELETE FROM issue_tag WHERE issue = ANY (changed);
        INSERT INTO issue (
            id, app, room, client, opened_at, answered_at, closed_at, closed_by, tags, first_version, last_version
        )
        SELECT i.id, i.app, t_id[i.ord], i.client, i.opened_at, i.answered_at, i.closed_at, i.closed_by,
            ARRAY(SELECT jsonb_array_elements_text(i.tags::jsonb)), i.first, i.last
        FROM unnest(
            i_ord, i_id, i_app, i_client, i_opened_at, i_answered_at, i_closed_at, i_closed_by, i_tags, i_first, i_last
        ) AS i (ord, id, app, client, opened_at, answered_at, closed_at, closed_by, tags, first, last)
        WHERE i.ord <> ALL (losers)
        ON CONFLICT (id) DO UPDATE
        SET answered_at = excluded.answered_at, closed_at = excluded.closed_at, closed_by = excluded.closed_by,
            tags = excluded.tags, first_version = excluded.first_version, last_version = excluded.last_version;
        INSERT INTO issue_tag (issue, tag, app, is_open, opened_at)
        SELECT i.id, t.tag, i.app, i.closed_at IS NULL, i.opened_at
        FROM issue AS i, unnest(i.tags) AS t (tag)
        WHERE i.id = ANY (changed);
        PERFORM count_issues(changed, 1);
    END IF;

    IF cardinality(q_ord) > 0 THEN
        INSERT INTO question (issue, app, at, terms)
        SELECT q.issue, q.app, q.at, array_to_tsvector(ARRAY(SELECT jsonb_array_elements_text(q.terms::jsonb)))
        FROM unnest(q_ord, q_issue, q_app, q_at, q_terms) AS q (ord, issue, app, at, terms)
        WHERE q.ord <> ALL (losers);
    END IF;

    IF cardinality(g_ord) > 0 THEN
        INSERT INTO known_tag (app, tag)
        SELECT DISTINCT g.app, g.tag FROM unnest(g_ord, g_app, g_tag) AS g (ord, app, tag)
        WHERE g.ord <> ALL (losers)
        ON CONFLICT (app, tag) DO NOTHING;
    END IF;
END $$;
