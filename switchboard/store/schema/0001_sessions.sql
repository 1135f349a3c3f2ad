-- Sessions: what they decided, what they hold, what they have to say, and which node may write.
-- Text columns hold ids and names only, compared by code point ("C"), as the fake in memory does. Instants are
-- milliseconds since the epoch, given by the engine; only leases and migrations go by the server's clock.

-- ---------------------------------------------------------------------------------------------- ownership

CREATE TABLE node (
    id text COLLATE "C" PRIMARY KEY,
    -- Every commit reads this row FOR SHARE, so that setting it waits for the commits in flight and stops all later ones.
    retired boolean NOT NULL DEFAULT false,
    description text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Apart from node: a renewal must not wait for commits, nor make them wait.
CREATE TABLE lease (
    node text COLLATE "C" PRIMARY KEY REFERENCES node,
    expires_at timestamptz NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE shard (
    number smallint PRIMARY KEY CHECK (number BETWEEN 0 AND 255),
    node text COLLATE "C" REFERENCES node
);
INSERT INTO shard (number) SELECT generate_series(0, 255);

-- ---------------------------------------------------------------------------------------------- sessions

CREATE TABLE session (
    kind text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    serial bigint GENERATED ALWAYS AS IDENTITY,
    shard smallint NOT NULL,
    version bigint NOT NULL CHECK (version > 0),
    phase text COLLATE "C" NOT NULL,
    deadline bigint,
    -- The turn that wrote this version, by which an unknown commit is recognised.
    turn_id text COLLATE "C" NOT NULL,
    summary bytea,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (kind, id)
) WITH (
    -- Room for the next version on the same page; every turn updates its row.
    fillfactor = 75,
    -- A twentieth instead of a fifth: dead rows are what the index of deadlines is scanned through.
    autovacuum_vacuum_scale_factor = 0.05,
    autovacuum_analyze_scale_factor = 0.05
);
CREATE INDEX session_due ON session (deadline, kind, id) WHERE deadline IS NOT NULL;
-- The expression keeps this index out of look-ups by (kind, id): planned while the table was small, they were seen to
-- use it and to read every session of the kind for each row.
CREATE INDEX session_newest ON session ((kind || ''), serial DESC);

CREATE TABLE journal (
    kind text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    name text COLLATE "C" NOT NULL,
    format integer NOT NULL,
    body bytea NOT NULL,
    at bigint NOT NULL,
    by text COLLATE "C" NOT NULL,
    caused_by text COLLATE "C",
    code_version text COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, id, version)
);

CREATE TABLE snapshot (
    kind text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    format integer NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (kind, id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE claim (
    scope text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    holder text COLLATE "C" NOT NULL,
    PRIMARY KEY (scope, key)
) WITH (autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE session_list (
    name text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    serial bigint NOT NULL,
    kind text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    -- The serial names the session, and pages are read newest first from this index alone.
    PRIMARY KEY (name, key, serial)
);

CREATE TABLE outbox (
    id text COLLATE "C" PRIMARY KEY,
    sequence bigint GENERATED ALWAYS AS IDENTITY,
    source_kind text COLLATE "C" NOT NULL,
    source_id text COLLATE "C" NOT NULL,
    target_kind text COLLATE "C" NOT NULL,
    target_id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    body bytea NOT NULL,
    at bigint NOT NULL
    -- Rows live for milliseconds: vacuum after so many dead ones, however many live.
) WITH (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);
CREATE UNIQUE INDEX outbox_order ON outbox (sequence);

CREATE TABLE keyed_reply (
    key text COLLATE "C" PRIMARY KEY,
    digest bytea NOT NULL,
    kind text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    format integer NOT NULL,
    reply bytea NOT NULL,
    at bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.05);
-- Rows come in the order of their instants, for which a block range index is enough and costs next to nothing.
CREATE INDEX keyed_reply_at ON keyed_reply USING brin (at);

CREATE TABLE topic (
    topic text COLLATE "C" PRIMARY KEY,
    sequence bigint NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE notice (
    topic text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL,
    name text COLLATE "C" NOT NULL,
    body bytea NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (topic, sequence)
);
CREATE INDEX notice_at ON notice USING brin (at);

CREATE TABLE tally (
    name text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    count bigint NOT NULL,
    sum bigint NOT NULL,
    PRIMARY KEY (name, key)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE quarantine (
    kind text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    at bigint NOT NULL,
    incident text COLLATE "C" NOT NULL,
    -- Bytes: a traceback may quote text that no text column takes.
    traceback bytea NOT NULL,
    fingerprint text COLLATE "C" NOT NULL,
    message text COLLATE "C" NOT NULL,
    code_version text COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, id)
);

-- ---------------------------------------------------------------------------------------------- commit

-- Why a turn was left out. "ord" counts the turns of the batch from 1.
CREATE TYPE refusal AS (
    ord integer,
    why text,
    scope text,
    key text,
    holder text,
    digest bytea,
    kind text,
    id text,
    format integer,
    reply bytea,
    at bigint
);

-- Raises SB001 unless the node may write; from here to the end of the transaction it cannot be retired.
CREATE FUNCTION hold_fence(node_id text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM node WHERE id = node_id AND NOT retired FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'node % is retired', node_id USING ERRCODE = 'SB001';
    END IF;
END $$;

-- Writes a batch of turns, of which no two touch the same thing, in the caller's transaction.
-- Parameters beginning with a letter are columns of rows that belong to turn "ord": t(urn), e(ntry), s(napshot),
-- m(ark), n(otice), o(utbox), k(eyed reply). A mark's op is 1 take, 2 release, 3 bar, 4 list, 5 unlist, 6 consume,
-- 7 tally (switchboard/store/turn_arrays.py). First the losers are found, then each table is written once, winners only.
CREATE FUNCTION commit_turns(
    node_id text,
    patience text,
    t_kind text[], t_id text[], t_shard smallint[], t_turn text[], t_expected bigint[], t_version bigint[],
    t_phase text[], t_deadline bigint[], t_summary bytea[], t_at bigint[],
    e_ord integer[], e_version bigint[], e_name text[], e_format integer[], e_body bytea[], e_at bigint[],
    e_by text[], e_caused_by text[], e_code_version text[],
    s_ord integer[], s_version bigint[], s_format integer[], s_body bytea[],
    m_ord integer[], m_op smallint[], m_name text[], m_key text[], m_value bigint[],
    n_ord integer[], n_topic text[], n_name text[], n_body bytea[],
    o_ord integer[], o_id text[], o_source_kind text[], o_source_id text[], o_target_kind text[],
    o_target_id text[], o_name text[], o_body bytea[], o_at bigint[],
    k_ord integer[], k_key text[], k_digest bytea[], k_kind text[], k_id text[], k_format integer[],
    k_reply bytea[], k_at bigint[],
    -- The numbers of the winners' notices in the order of the parameters.
    OUT sequences bigint[],
    OUT refused refusal[]
) LANGUAGE plpgsql AS $$
DECLARE
    losers integer[] := '{}';
    reached integer[];  -- Turns whose session's row we have locked,
    current integer[];  -- and of these the ones whose version stands.
    known integer := (SELECT count(*) FROM unnest(t_expected) AS expected WHERE expected > 0);
    day constant bigint := 86400000;
BEGIN
    sequences := '{}';
    refused := '{}';
    PERFORM set_config('lock_timeout', patience, true);
    PERFORM hold_fence(node_id);

    -- Versions. A row that a stranger holds is passed over at once, so that nobody else waits for it.
    IF known > 0 THEN
        SELECT coalesce(array_agg(l.ord), '{}'), coalesce(array_agg(l.ord) FILTER (WHERE l.stands), '{}')
        INTO reached, current
        FROM (
            SELECT t.ord::integer AS ord, s.version = t.expected AS stands
            FROM unnest(t_kind, t_id, t_expected) WITH ORDINALITY AS t (kind, id, expected, ord)
            JOIN session AS s ON s.kind = t.kind AND s.id = t.id
            WHERE t.expected > 0
            FOR NO KEY UPDATE OF s SKIP LOCKED
        ) AS l;
        IF cardinality(current) < known THEN
            refused := ARRAY(
                SELECT ROW(
                    t.ord::integer,
                    CASE WHEN s.id IS NULL OR t.ord = ANY (reached) THEN 'stale' ELSE 'locked' END,
                    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
                )::refusal
                FROM unnest(t_kind, t_id, t_expected) WITH ORDINALITY AS t (kind, id, expected, ord)
                LEFT JOIN session AS s ON s.kind = t.kind AND s.id = t.id
                WHERE t.expected > 0 AND t.ord <> ALL (current)
            );
        END IF;
    END IF;
    IF known < cardinality(t_expected) THEN
        refused := refused || ARRAY(
            SELECT ROW(t.ord::integer, 'stale', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::refusal
            FROM unnest(t_kind, t_id, t_expected) WITH ORDINALITY AS t (kind, id, expected, ord)
            JOIN session AS s ON s.kind = t.kind AND s.id = t.id
            WHERE t.expected = 0
        );
    END IF;
    losers := ARRAY(SELECT r.ord FROM unnest(refused) AS r);

    IF 6 = ANY (m_op) THEN
        refused := refused || ARRAY(
            SELECT DISTINCT ON (m.ord)
                ROW(m.ord, 'consumed', NULL, m.name, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::refusal
            FROM unnest(m_ord, m_op, m_name) WITH ORDINALITY AS m (ord, op, name, place)
            WHERE m.op = 6 AND m.ord <> ALL (losers) AND NOT EXISTS (SELECT FROM outbox WHERE id = m.name)
            ORDER BY m.ord, m.place
        );
        losers := ARRAY(SELECT r.ord FROM unnest(refused) AS r);
    END IF;

    IF cardinality(k_ord) > 0 THEN
        refused := refused || ARRAY(
            SELECT DISTINCT ON (k.ord)
                ROW(k.ord, 'known', NULL, r.key, NULL, r.digest, r.kind, r.id, r.format, r.reply, r.at)::refusal
            FROM unnest(k_ord, k_key, k_at) WITH ORDINALITY AS k (ord, key, at, place)
            JOIN keyed_reply AS r ON r.key = k.key AND r.at > k.at - day
            WHERE k.ord <> ALL (losers)
            ORDER BY k.ord, k.place
        );
        losers := ARRAY(SELECT r.ord FROM unnest(refused) AS r);
    END IF;

    IF 3 = ANY (m_op) THEN
        refused := refused || ARRAY(
            SELECT DISTINCT ON (m.ord)
                ROW(m.ord, 'claimed', m.name, c.key, c.holder, NULL, NULL, NULL, NULL, NULL, NULL)::refusal
            FROM unnest(m_ord, m_op, m_name) WITH ORDINALITY AS m (ord, op, name, place)
            CROSS JOIN LATERAL (
                SELECT claim.key, claim.holder
                FROM claim
                WHERE claim.scope = m.name AND (claim.holder <> t_id[m.ord] OR claim.kind <> t_kind[m.ord])
                ORDER BY claim.key
                LIMIT 1
            ) AS c
            WHERE m.op = 3 AND m.ord <> ALL (losers)
            ORDER BY m.ord, m.place
        );
        losers := ARRAY(SELECT r.ord FROM unnest(refused) AS r);
    END IF;

    IF 1 = ANY (m_op) THEN
        refused := refused || ARRAY(
            SELECT DISTINCT ON (m.ord)
                ROW(m.ord, 'claimed', c.scope, c.key, c.holder, NULL, NULL, NULL, NULL, NULL, NULL)::refusal
            FROM unnest(m_ord, m_op, m_name, m_key) WITH ORDINALITY AS m (ord, op, name, key, place)
            JOIN claim AS c ON c.scope = m.name AND c.key = m.key
            WHERE m.op = 1 AND m.ord <> ALL (losers) AND (c.holder <> t_id[m.ord] OR c.kind <> t_kind[m.ord])
            ORDER BY m.ord, m.place
        );
        losers := ARRAY(SELECT r.ord FROM unnest(refused) AS r);
    END IF;

    IF cardinality(losers) = cardinality(t_id) THEN
        RETURN;
    END IF;

    -- No insert below says ON CONFLICT DO NOTHING where another's uncommitted row could be what it meets: it would
    -- wait for that and then silently give up what the turn was promised. A unique violation is tried again instead.
    IF known < cardinality(t_expected) THEN
        INSERT INTO session (kind, id, shard, version, phase, deadline, turn_id, summary, created_at, updated_at)
        SELECT t.kind, t.id, t.shard, t.version, t.phase, t.deadline, t.turn, t.summary,
            coalesce(t.at, 0), coalesce(t.at, 0)
        FROM unnest(t_kind, t_id, t_shard, t_turn, t_expected, t_version, t_phase, t_deadline, t_summary, t_at)
            WITH ORDINALITY AS t (kind, id, shard, turn, expected, version, phase, deadline, summary, at, ord)
        WHERE t.expected = 0 AND t.ord <> ALL (losers)
        ORDER BY t.ord;
    END IF;
    IF known > 0 THEN
        UPDATE session AS s
        SET version = t.version, phase = t.phase, deadline = t.deadline, turn_id = t.turn, summary = t.summary,
            updated_at = coalesce(t.at, s.updated_at)
        FROM unnest(t_kind, t_id, t_turn, t_expected, t_version, t_phase, t_deadline, t_summary, t_at)
            WITH ORDINALITY AS t (kind, id, turn, expected, version, phase, deadline, summary, at, ord)
        WHERE s.kind = t.kind AND s.id = t.id AND t.expected > 0 AND t.ord <> ALL (losers);
    END IF;

    INSERT INTO journal (kind, id, version, name, format, body, at, by, caused_by, code_version)
    SELECT t_kind[e.ord], t_id[e.ord], e.version, e.name, e.format, e.body, e.at, e.by, e.caused_by, e.code_version
    FROM unnest(e_ord, e_version, e_name, e_format, e_body, e_at, e_by, e_caused_by, e_code_version)
        AS e (ord, version, name, format, body, at, by, caused_by, code_version)
    WHERE e.ord <> ALL (losers);

    IF cardinality(s_ord) > 0 THEN
        INSERT INTO snapshot (kind, id, version, format, body)
        SELECT t_kind[p.ord], t_id[p.ord], p.version, p.format, p.body
        FROM unnest(s_ord, s_version, s_format, s_body) AS p (ord, version, format, body)
        WHERE p.ord <> ALL (losers)
        ON CONFLICT (kind, id) DO UPDATE
        SET version = excluded.version, format = excluded.format, body = excluded.body;
    END IF;

    IF 2 = ANY (m_op) THEN
        DELETE FROM claim AS c
        USING unnest(m_ord, m_op, m_name, m_key) AS m (ord, op, name, key)
        WHERE m.op = 2 AND m.ord <> ALL (losers) AND c.scope = m.name AND c.key = m.key
            AND c.holder = t_id[m.ord] AND c.kind = t_kind[m.ord];
    END IF;
    IF 1 = ANY (m_op) THEN
        INSERT INTO claim (scope, key, kind, holder)
        SELECT m.name, m.key, t_kind[m.ord], t_id[m.ord]
        FROM unnest(m_ord, m_op, m_name, m_key) AS m (ord, op, name, key)
        WHERE m.op = 1 AND m.ord <> ALL (losers)
            AND NOT EXISTS (
                SELECT FROM claim AS c
                WHERE c.scope = m.name AND c.key = m.key AND c.holder = t_id[m.ord] AND c.kind = t_kind[m.ord]
            );
    END IF;

    IF 5 = ANY (m_op) THEN
        DELETE FROM session_list AS l
        USING unnest(m_ord, m_op, m_name, m_key) AS m (ord, op, name, key), session AS s
        WHERE m.op = 5 AND m.ord <> ALL (losers) AND s.kind = t_kind[m.ord] AND s.id = t_id[m.ord]
            AND l.name = m.name AND l.key = m.key AND l.serial = s.serial;
    END IF;
    IF 4 = ANY (m_op) THEN
        -- A conflict can only be with this session's own row, which only its turns write.
        INSERT INTO session_list (name, key, serial, kind, id)
        SELECT m.name, m.key, s.serial, s.kind, s.id
        FROM unnest(m_ord, m_op, m_name, m_key) AS m (ord, op, name, key)
        JOIN session AS s ON s.kind = t_kind[m.ord] AND s.id = t_id[m.ord]
        WHERE m.op = 4 AND m.ord <> ALL (losers)
        ON CONFLICT (name, key, serial) DO NOTHING;
    END IF;

    IF 6 = ANY (m_op) THEN
        DELETE FROM outbox AS o
        USING unnest(m_ord, m_op, m_name) AS m (ord, op, name)
        WHERE m.op = 6 AND m.ord <> ALL (losers) AND o.id = m.name;
    END IF;
    IF cardinality(o_ord) > 0 THEN
        INSERT INTO outbox (id, source_kind, source_id, target_kind, target_id, name, body, at)
        SELECT o.id, o.source_kind, o.source_id, o.target_kind, o.target_id, o.name, o.body, o.at
        FROM unnest(
            o_ord, o_id, o_source_kind, o_source_id, o_target_kind, o_target_id, o_name, o_body, o_at
        ) WITH ORDINALITY
            AS o (ord, id, source_kind, source_id, target_kind, target_id, name, body, at, place)
        WHERE o.ord <> ALL (losers)
        ORDER BY o.place;
    END IF;

    IF cardinality(k_ord) > 0 THEN
        DELETE FROM keyed_reply AS r
        USING unnest(k_key, k_at) AS k (key, at)
        WHERE r.key = k.key AND r.at <= k.at - day;
        INSERT INTO keyed_reply (key, digest, kind, id, format, reply, at)
        SELECT k.key, k.digest, k.kind, k.id, k.format, k.reply, k.at
        FROM unnest(k_ord, k_key, k_digest, k_kind, k_id, k_format, k_reply, k_at)
            AS k (ord, key, digest, kind, id, format, reply, at)
        WHERE k.ord <> ALL (losers);
    END IF;

    IF cardinality(n_ord) > 0 THEN
        INSERT INTO topic AS counted (topic, sequence)
        SELECT n.topic, count(*)
        FROM unnest(n_ord, n_topic) AS n (ord, topic)
        WHERE n.ord <> ALL (losers)
        GROUP BY n.topic
        ORDER BY n.topic COLLATE "C"
        ON CONFLICT (topic) DO UPDATE SET sequence = counted.sequence + excluded.sequence;

        WITH numbered AS (
            SELECT n.ord, n.topic, n.name, n.body, n.place,
                c.sequence - count(*) OVER whole + row_number() OVER ordered AS sequence
            FROM unnest(n_ord, n_topic, n_name, n_body) WITH ORDINALITY AS n (ord, topic, name, body, place)
            JOIN topic AS c ON c.topic = n.topic
            WHERE n.ord <> ALL (losers)
            WINDOW whole AS (PARTITION BY c.topic), ordered AS (PARTITION BY c.topic ORDER BY n.place)
        ), written AS (
            INSERT INTO notice (topic, sequence, name, body, at)
            SELECT n.topic, n.sequence, n.name, n.body, coalesce(t_at[n.ord], 0) FROM numbered AS n
        )
        SELECT coalesce(array_agg(n.sequence ORDER BY n.place), '{}') INTO sequences FROM numbered AS n;
    END IF;

    IF 7 = ANY (m_op) THEN
        INSERT INTO tally AS kept (name, key, count, sum)
        SELECT m.name, m.key, count(*), sum(m.value)
        FROM unnest(m_ord, m_op, m_name, m_key, m_value) AS m (ord, op, name, key, value)
        WHERE m.op = 7 AND m.ord <> ALL (losers)
        GROUP BY m.name, m.key
        ORDER BY m.name COLLATE "C", m.key COLLATE "C"
        ON CONFLICT (name, key) DO UPDATE SET count = kept.count + excluded.count, sum = kept.sum + excluded.sum;
    END IF;
END $$;

-- Decides an unknown commit: true if that turn happened; else the version goes up by one, so that it never will.
-- Whoever is about to commit the same turn is waited for by the row's lock (or by its key, if the row is new).
CREATE FUNCTION settle_turn(
    node_id text, s_kind text, s_id text, s_shard smallint, s_turn text, s_expected bigint, s_at bigint,
    s_code_version text
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    found_version bigint;
    found_turn text;
BEGIN
    PERFORM hold_fence(node_id);
    IF s_expected = 0 THEN
        INSERT INTO session (kind, id, shard, version, phase, turn_id, created_at, updated_at)
        VALUES (s_kind, s_id, s_shard, 1, 'void', 'void:' || s_turn, s_at, s_at)
        ON CONFLICT (kind, id) DO NOTHING;
        IF FOUND THEN
            INSERT INTO journal (kind, id, version, name, format, body, at, by, caused_by, code_version)
            VALUES (s_kind, s_id, 1, 'void', 1, '{}', s_at, 'system:settle', s_turn, s_code_version);
            RETURN false;
        END IF;
    END IF;
    SELECT version, turn_id INTO found_version, found_turn
    FROM session WHERE kind = s_kind AND id = s_id FOR NO KEY UPDATE;
    IF found_turn = s_turn THEN
        RETURN true;
    END IF;
    IF found_version = s_expected THEN
        UPDATE session
        SET version = s_expected + 1, turn_id = 'void:' || s_turn, updated_at = greatest(updated_at, s_at)
        WHERE kind = s_kind AND id = s_id;
        INSERT INTO journal (kind, id, version, name, format, body, at, by, caused_by, code_version)
        VALUES (s_kind, s_id, s_expected + 1, 'void', 1, '{}', s_at, 'system:settle', s_turn, s_code_version);
    END IF;
    RETURN false;
END $$;
