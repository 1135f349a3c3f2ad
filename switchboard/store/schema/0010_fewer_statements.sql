-- The same commits with fewer and cheaper statements. A call names only the groups of parameters that its batch has
-- rows for (switchboard/store/commit_groups.py), since each parameter costs some 2 us. Notices are counted on their
-- topics by the caller; rows that are nearly always there are updated, and inserted if they were not.
-- commit_turns and commit_rooms stay for a server of the release before, until it has been taken over from.

-- Writes a batch of turns, of which no two touch the same thing, in the caller's transaction.
-- Parameters beginning with a letter are columns of rows that belong to turn "ord": t(urn), e(ntry), s(napshot),
-- m(ark), n(otice), o(utbox), k(eyed reply). A mark's op is 1 take, 2 release, 3 bar, 4 list, 5 unlist, 6 consume,
-- 7 tally (switchboard/store/turn_arrays.py). A notice is on the topic "slot" of c (topics that are c(ounted), each
-- once, in the order of their code points), before "back" others of the batch. First the losers are found, then each
-- table is written once, winners only.
CREATE FUNCTION commit_batch(
    node_id text,
    patience text,
    t_kind text[], t_id text[], t_shard smallint[], t_turn text[], t_expected bigint[], t_version bigint[],
    t_phase text[], t_deadline bigint[], t_summary bytea[], t_at bigint[],
    e_ord integer[] DEFAULT '{}', e_version bigint[] DEFAULT '{}', e_name text[] DEFAULT '{}',
    e_format integer[] DEFAULT '{}', e_body bytea[] DEFAULT '{}', e_at bigint[] DEFAULT '{}',
    e_by text[] DEFAULT '{}', e_caused_by text[] DEFAULT '{}', e_code_version text[] DEFAULT '{}',
    s_ord integer[] DEFAULT '{}', s_version bigint[] DEFAULT '{}', s_format integer[] DEFAULT '{}',
    s_body bytea[] DEFAULT '{}',
    m_ord integer[] DEFAULT '{}', m_op smallint[] DEFAULT '{}', m_name text[] DEFAULT '{}', m_key text[] DEFAULT '{}',
    m_value bigint[] DEFAULT '{}',
    c_topic text[] DEFAULT '{}', c_count bigint[] DEFAULT '{}',
    n_ord integer[] DEFAULT '{}', n_slot integer[] DEFAULT '{}', n_back bigint[] DEFAULT '{}',
    n_name text[] DEFAULT '{}', n_body bytea[] DEFAULT '{}',
    o_ord integer[] DEFAULT '{}', o_id text[] DEFAULT '{}', o_source_kind text[] DEFAULT '{}',
    o_source_id text[] DEFAULT '{}', o_target_kind text[] DEFAULT '{}', o_target_id text[] DEFAULT '{}',
    o_name text[] DEFAULT '{}', o_body bytea[] DEFAULT '{}', o_at bigint[] DEFAULT '{}',
    k_ord integer[] DEFAULT '{}', k_key text[] DEFAULT '{}', k_digest bytea[] DEFAULT '{}',
    k_kind text[] DEFAULT '{}', k_id text[] DEFAULT '{}', k_format integer[] DEFAULT '{}',
    k_reply bytea[] DEFAULT '{}', k_at bigint[] DEFAULT '{}',
    -- The last number of each topic that the winners' notices are on, in the order of the topics.
    OUT sequences bigint[],
    OUT refused refusal[],
    OUT losers integer[]
) LANGUAGE plpgsql AS $$
DECLARE
    reached integer[];  -- Turns whose session's row we have locked,
    current integer[];  -- and of these the ones whose version stands.
    known integer := cardinality(array_remove(t_expected, 0::bigint));
    written boolean := false;  -- The sessions' rows.
    day constant bigint := 86400000;
    n_topic text[];  -- Of the winners' notices, if there are losers.
BEGIN
    sequences := '{}';
    refused := '{}';
    losers := '{}';
    IF patience IS NOT NULL THEN
        PERFORM set_config('lock_timeout', patience, true);
    END IF;
    -- As hold_fence, whose call alone costs as much as the statement.
    PERFORM FROM node WHERE id = node_id AND NOT retired FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'node % is retired', node_id USING ERRCODE = 'SB001';
    END IF;

    -- Versions. A row that a stranger holds is passed over at once, so that nobody else waits for it.
    IF cardinality(t_id) = 1 AND known = 1 AND cardinality(m_ord) = 0 AND cardinality(k_ord) = 0 THEN
        -- A turn that is alone and can lose for nothing else; why it has lost is looked for below.
        UPDATE session AS s
        SET version = t_version[1], phase = t_phase[1], deadline = t_deadline[1], turn_id = t_turn[1],
            summary = t_summary[1], updated_at = coalesce(t_at[1], s.updated_at)
        WHERE s.ctid = (
            SELECT a.ctid FROM session AS a
            WHERE a.kind = t_kind[1] AND a.id = t_id[1] AND a.version = t_expected[1]
            FOR NO KEY UPDATE SKIP LOCKED
        );
        written := FOUND;
    END IF;
    IF known > 0 AND NOT written THEN
        SELECT coalesce(array_agg(l.ord), '{}'), coalesce(array_agg(l.ord) FILTER (WHERE l.stands), '{}')
        INTO reached, current
        FROM (
            SELECT t.ord::integer AS ord, s.version = t.expected AS stands
            FROM (
                SELECT unnest(t_kind) AS kind, unnest(t_id) AS id, unnest(t_expected) AS expected,
                generate_subscripts(t_kind, 1) AS ord
            ) AS t
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
                FROM (
                    SELECT unnest(t_kind) AS kind, unnest(t_id) AS id, unnest(t_expected) AS expected,
                    generate_subscripts(t_kind, 1) AS ord
                ) AS t
                LEFT JOIN session AS s ON s.kind = t.kind AND s.id = t.id
                WHERE t.expected > 0 AND t.ord <> ALL (current)
            );
        END IF;
    END IF;
    IF known < cardinality(t_expected) THEN
        refused := refused || ARRAY(
            SELECT ROW(t.ord::integer, 'stale', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::refusal
            FROM (
                SELECT unnest(t_kind) AS kind, unnest(t_id) AS id, unnest(t_expected) AS expected,
                generate_subscripts(t_kind, 1) AS ord
            ) AS t
            JOIN session AS s ON s.kind = t.kind AND s.id = t.id
            WHERE t.expected = 0
        );
    END IF;
    IF cardinality(refused) > 0 THEN
        losers := ARRAY(SELECT r.ord FROM unnest(refused) AS r);
    END IF;

    IF 6 = ANY (m_op) THEN
        refused := refused || ARRAY(
            SELECT DISTINCT ON (m.ord)
                ROW(m.ord, 'consumed', NULL, m.name, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::refusal
            FROM (
                SELECT unnest(m_ord) AS ord, unnest(m_op) AS op, unnest(m_name) AS name,
                generate_subscripts(m_ord, 1) AS place
            ) AS m
            WHERE m.op = 6 AND m.ord <> ALL (losers) AND NOT EXISTS (SELECT FROM outbox WHERE id = m.name)
            ORDER BY m.ord, m.place
        );
        losers := ARRAY(SELECT r.ord FROM unnest(refused) AS r);
    END IF;

    IF cardinality(k_ord) > 0 THEN
        refused := refused || ARRAY(
            SELECT DISTINCT ON (k.ord)
                ROW(k.ord, 'known', NULL, r.key, NULL, r.digest, r.kind, r.id, r.format, r.reply, r.at)::refusal
            FROM (
                SELECT unnest(k_ord) AS ord, unnest(k_key) AS key, unnest(k_at) AS at,
                generate_subscripts(k_ord, 1) AS place
            ) AS k
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
            FROM (
                SELECT unnest(m_ord) AS ord, unnest(m_op) AS op, unnest(m_name) AS name,
                generate_subscripts(m_ord, 1) AS place
            ) AS m
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
            FROM (
                SELECT unnest(m_ord) AS ord, unnest(m_op) AS op, unnest(m_name) AS name,
                    unnest(m_key) AS key, generate_subscripts(m_ord, 1) AS place
            ) AS m
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
        FROM (
            SELECT unnest(t_kind) AS kind, unnest(t_id) AS id, unnest(t_shard) AS shard,
                unnest(t_turn) AS turn, unnest(t_expected) AS expected, unnest(t_version) AS version,
                unnest(t_phase) AS phase, unnest(t_deadline) AS deadline, unnest(t_summary) AS summary,
                unnest(t_at) AS at, generate_subscripts(t_kind, 1) AS ord
        ) AS t
        WHERE t.expected = 0 AND t.ord <> ALL (losers)
        ORDER BY t.ord;
    END IF;
    IF known > 0 AND NOT written THEN
        UPDATE session AS s
        SET version = t.version, phase = t.phase, deadline = t.deadline, turn_id = t.turn, summary = t.summary,
            updated_at = coalesce(t.at, s.updated_at)
        FROM (
            SELECT unnest(t_kind) AS kind, unnest(t_id) AS id, unnest(t_turn) AS turn,
                unnest(t_expected) AS expected, unnest(t_version) AS version, unnest(t_phase) AS phase,
                unnest(t_deadline) AS deadline, unnest(t_summary) AS summary, unnest(t_at) AS at,
                generate_subscripts(t_kind, 1) AS ord
        ) AS t
        WHERE s.kind = t.kind AND s.id = t.id AND t.expected > 0 AND t.ord <> ALL (losers);
    END IF;

    IF cardinality(e_ord) > 0 THEN
        INSERT INTO journal (kind, id, version, name, format, body, at, by, caused_by, code_version)
        SELECT t_kind[e.ord], t_id[e.ord], e.version, e.name, e.format, e.body, e.at, e.by, e.caused_by, e.code_version
        FROM (
            SELECT unnest(e_ord) AS ord, unnest(e_version) AS version, unnest(e_name) AS name,
                unnest(e_format) AS format, unnest(e_body) AS body, unnest(e_at) AS at, unnest(e_by) AS by,
                unnest(e_caused_by) AS caused_by, unnest(e_code_version) AS code_version
        ) AS e
        WHERE e.ord <> ALL (losers);
    END IF;

    IF cardinality(s_ord) > 0 THEN
        INSERT INTO snapshot (kind, id, version, format, body)
        SELECT t_kind[p.ord], t_id[p.ord], p.version, p.format, p.body
        FROM (
            SELECT unnest(s_ord) AS ord, unnest(s_version) AS version, unnest(s_format) AS format,
                unnest(s_body) AS body
        ) AS p
        WHERE p.ord <> ALL (losers)
        ON CONFLICT (kind, id) DO UPDATE
        SET version = excluded.version, format = excluded.format, body = excluded.body;
    END IF;

    IF 2 = ANY (m_op) THEN
        DELETE FROM claim AS c
        USING (SELECT unnest(m_ord) AS ord, unnest(m_op) AS op, unnest(m_name) AS name, unnest(m_key) AS key) AS m
        WHERE m.op = 2 AND m.ord <> ALL (losers) AND c.scope = m.name AND c.key = m.key
            AND c.holder = t_id[m.ord] AND c.kind = t_kind[m.ord];
    END IF;
    IF 1 = ANY (m_op) THEN
        INSERT INTO claim (scope, key, kind, holder)
        SELECT m.name, m.key, t_kind[m.ord], t_id[m.ord]
        FROM (SELECT unnest(m_ord) AS ord, unnest(m_op) AS op, unnest(m_name) AS name, unnest(m_key) AS key) AS m
        WHERE m.op = 1 AND m.ord <> ALL (losers)
            AND NOT EXISTS (
                SELECT FROM claim AS c
                WHERE c.scope = m.name AND c.key = m.key AND c.holder = t_id[m.ord] AND c.kind = t_kind[m.ord]
            );
    END IF;

    IF 5 = ANY (m_op) THEN
        DELETE FROM session_list AS l
        USING (SELECT unnest(m_ord) AS ord, unnest(m_op) AS op, unnest(m_name) AS name, unnest(m_key) AS key) AS m,
            session AS s
        WHERE m.op = 5 AND m.ord <> ALL (losers) AND s.kind = t_kind[m.ord] AND s.id = t_id[m.ord]
            AND l.name = m.name AND l.key = m.key AND l.serial = s.serial;
    END IF;
    IF 4 = ANY (m_op) THEN
        -- A conflict can only be with this session's own row, which only its turns write.
        INSERT INTO session_list (name, key, serial, kind, id)
        SELECT m.name, m.key, s.serial, s.kind, s.id
        FROM (SELECT unnest(m_ord) AS ord, unnest(m_op) AS op, unnest(m_name) AS name, unnest(m_key) AS key) AS m
        JOIN session AS s ON s.kind = t_kind[m.ord] AND s.id = t_id[m.ord]
        WHERE m.op = 4 AND m.ord <> ALL (losers)
        ON CONFLICT (name, key, serial) DO NOTHING;
    END IF;

    IF 6 = ANY (m_op) THEN
        DELETE FROM outbox AS o
        USING (SELECT unnest(m_ord) AS ord, unnest(m_op) AS op, unnest(m_name) AS name) AS m
        WHERE m.op = 6 AND m.ord <> ALL (losers) AND o.id = m.name;
    END IF;
    IF cardinality(o_ord) > 0 THEN
        INSERT INTO outbox (id, source_kind, source_id, target_kind, target_id, name, body, at)
        SELECT o.id, o.source_kind, o.source_id, o.target_kind, o.target_id, o.name, o.body, o.at
        FROM (
            SELECT unnest(o_ord) AS ord, unnest(o_id) AS id, unnest(o_source_kind) AS source_kind,
                unnest(o_source_id) AS source_id, unnest(o_target_kind) AS target_kind,
                unnest(o_target_id) AS target_id, unnest(o_name) AS name, unnest(o_body) AS body,
                unnest(o_at) AS at, generate_subscripts(o_ord, 1) AS place
        ) AS o
        WHERE o.ord <> ALL (losers)
        ORDER BY o.place;
    END IF;

    IF cardinality(k_ord) > 0 THEN
        DELETE FROM keyed_reply AS r
        USING (SELECT unnest(k_key) AS key, unnest(k_at) AS at) AS k
        WHERE r.key = k.key AND r.at <= k.at - day;
        INSERT INTO keyed_reply (key, digest, kind, id, format, reply, at)
        SELECT k.key, k.digest, k.kind, k.id, k.format, k.reply, k.at
        FROM (
            SELECT unnest(k_ord) AS ord, unnest(k_key) AS key, unnest(k_digest) AS digest,
                unnest(k_kind) AS kind, unnest(k_id) AS id, unnest(k_format) AS format, unnest(k_reply) AS reply,
                unnest(k_at) AS at
        ) AS k
        WHERE k.ord <> ALL (losers);
    END IF;

    IF cardinality(n_ord) > 0 THEN
        IF cardinality(losers) > 0 THEN
            -- Without the losers' notices, which were counted, too.
            SELECT array_agg(n.ord ORDER BY n.place), array_agg(n.topic ORDER BY n.place),
                array_agg(n.back ORDER BY n.place), array_agg(n.name ORDER BY n.place),
                array_agg(n.body ORDER BY n.place)
            INTO n_ord, n_topic, n_back, n_name, n_body
            FROM (
                SELECT a.ord, c_topic[a.slot] COLLATE "C" AS topic, a.name, a.body, a.place,
                    row_number() OVER (PARTITION BY a.slot ORDER BY a.place DESC) - 1 AS back
                FROM (
                    SELECT unnest(n_ord) AS ord, unnest(n_slot) AS slot, unnest(n_name) AS name,
                        unnest(n_body) AS body, generate_subscripts(n_ord, 1) AS place
                ) AS a
                WHERE a.ord <> ALL (losers)
            ) AS n;
            SELECT array_agg(n.topic ORDER BY n.topic), array_agg(n.count ORDER BY n.topic) INTO c_topic, c_count
            FROM (
                SELECT a.topic COLLATE "C" AS topic, count(*) AS count FROM unnest(n_topic) AS a (topic) GROUP BY 1
            ) AS n;
            n_slot := ARRAY(
                SELECT array_position(c_topic, a.topic) FROM unnest(n_topic) WITH ORDINALITY AS a (topic, place)
                ORDER BY a.place
            );
        END IF;
        WITH counted AS (
            INSERT INTO topic AS kept (topic, sequence)
            SELECT unnest(c_topic), unnest(c_count)
            ON CONFLICT (topic) DO UPDATE SET sequence = kept.sequence + excluded.sequence
            RETURNING kept.topic, kept.sequence
        )
        SELECT coalesce(array_agg(c.sequence ORDER BY c.topic), '{}') INTO sequences FROM counted AS c;

        INSERT INTO notice (topic, sequence, name, body, at)
        SELECT c_topic[n.slot], sequences[n.slot] - n.back, n.name, n.body, coalesce(t_at[n.ord], 0)
        FROM (
            SELECT unnest(n_ord) AS ord, unnest(n_slot) AS slot, unnest(n_back) AS back, unnest(n_name) AS name,
                unnest(n_body) AS body
        ) AS n;
    END IF;

    IF 7 = ANY (m_op) THEN
        INSERT INTO tally AS kept (name, key, count, sum)
        SELECT m.name, m.key, count(*), sum(m.value)
        FROM (
            SELECT unnest(m_ord) AS ord, unnest(m_op) AS op, unnest(m_name) AS name, unnest(m_key) AS key,
                unnest(m_value) AS value
        ) AS m
        WHERE m.op = 7 AND m.ord <> ALL (losers)
        GROUP BY m.name, m.key
        ORDER BY m.name COLLATE "C", m.key COLLATE "C"
        ON CONFLICT (name, key) DO UPDATE SET count = kept.count + excluded.count, sum = kept.sum + excluded.sum;
    END IF;
END $$;

-- Writes the rows of rooms that belong to the turns of a batch which commit_batch has let win; "losers" are the numbers
-- of the others. Parameters: p(osted messages), w(riters: the last message of each, since whoever writes has read what
-- came before), r(ooms), b (members), i(ssues), q(uestions), g (tags); "ord" is the number of the row's turn, "t_id" has the turns' sessions (switchboard/store/room_arrays.py).
CREATE FUNCTION commit_batch_rooms(
    losers integer[],
    t_id text[],
    p_ord integer[] DEFAULT '{}', p_version bigint[] DEFAULT '{}', p_name text[] DEFAULT '{}',
    p_format integer[] DEFAULT '{}', p_body bytea[] DEFAULT '{}', p_at bigint[] DEFAULT '{}',
    p_by text[] DEFAULT '{}', p_caused_by text[] DEFAULT '{}', p_code_version text[] DEFAULT '{}',
    p_id text[] DEFAULT '{}', p_number bigint[] DEFAULT '{}', p_serial bigint[] DEFAULT '{}',
    w_ord integer[] DEFAULT '{}', w_reader text[] DEFAULT '{}', w_version bigint[] DEFAULT '{}',
    w_number bigint[] DEFAULT '{}', w_message text[] DEFAULT '{}', w_at bigint[] DEFAULT '{}',
    r_ord integer[] DEFAULT '{}', r_realm text[] DEFAULT '{}', r_serial bigint[] DEFAULT '{}',
    r_shelf text[] DEFAULT '{}', r_active_at bigint[] DEFAULT '{}', r_messages bigint[] DEFAULT '{}',
    b_ord integer[] DEFAULT '{}', b_account text[] DEFAULT '{}', b_id text[] DEFAULT '{}', b_at bigint[] DEFAULT '{}',
    b_present boolean[] DEFAULT '{}',
    i_ord integer[] DEFAULT '{}', i_id text[] DEFAULT '{}', i_app text[] DEFAULT '{}', i_client text[] DEFAULT '{}',
    i_opened_at bigint[] DEFAULT '{}', i_answered_at bigint[] DEFAULT '{}', i_closed_at bigint[] DEFAULT '{}',
    i_closed_by text[] DEFAULT '{}', i_tags text[] DEFAULT '{}', i_first bigint[] DEFAULT '{}',
    i_last bigint[] DEFAULT '{}',
    q_ord integer[] DEFAULT '{}', q_issue text[] DEFAULT '{}', q_app text[] DEFAULT '{}', q_at bigint[] DEFAULT '{}',
    q_terms text[] DEFAULT '{}',
    g_ord integer[] DEFAULT '{}', g_app text[] DEFAULT '{}', g_tag text[] DEFAULT '{}'
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    changed text[];
    known bigint;  -- Rows that were there already.
    -- One turn, whose row of a room is the only one: without arrays its statements cost two thirds.
    alone boolean := cardinality(t_id) = 1 AND cardinality(losers) = 0;
BEGIN
    IF cardinality(p_ord) > 0 THEN
        INSERT INTO message (
            room, version, name, format, body, at, by, caused_by, code_version, id, number, serial
        )
        SELECT t_id[p.ord], p.version, p.name, p.format, p.body, p.at, p.by, p.caused_by, p.code_version, p.id,
            p.number, p.serial
        FROM (
            SELECT unnest(p_ord) AS ord, unnest(p_version) AS version, unnest(p_name) AS name,
                unnest(p_format) AS format, unnest(p_body) AS body, unnest(p_at) AS at, unnest(p_by) AS by,
                unnest(p_caused_by) AS caused_by, unnest(p_code_version) AS code_version, unnest(p_id) AS id,
                unnest(p_number) AS number, unnest(p_serial) AS serial
        ) AS p
        WHERE p.ord <> ALL (losers);
    END IF;

    IF cardinality(r_ord) > 0 THEN
        -- Nearly always it is there, and an update costs half of an insert that meets it.
        IF alone THEN
            UPDATE room AS k SET active_at = r_active_at[1], messages = r_messages[1] WHERE k.id = t_id[1];
        ELSE
            UPDATE room AS k SET active_at = r.active_at, messages = r.messages
            FROM (
                SELECT unnest(r_ord) AS ord, unnest(r_active_at) AS active_at, unnest(r_messages) AS messages
            ) AS r
            WHERE r.ord <> ALL (losers) AND k.id = t_id[r.ord];
        END IF;
        GET DIAGNOSTICS known = ROW_COUNT;
        IF known < cardinality(r_ord) THEN
            INSERT INTO room AS kept (id, realm, serial, shelf, active_at, messages)
            SELECT t_id[r.ord], r.realm, r.serial, r.shelf, r.active_at, r.messages
            FROM (
                SELECT unnest(r_ord) AS ord, unnest(r_realm) AS realm, unnest(r_serial) AS serial,
                    unnest(r_shelf) AS shelf, unnest(r_active_at) AS active_at, unnest(r_messages) AS messages
            ) AS r
            WHERE r.ord <> ALL (losers)
            ON CONFLICT (id) DO UPDATE SET active_at = excluded.active_at, messages = excluded.messages;
        END IF;
    END IF;

    IF cardinality(b_ord) > 0 THEN
        DELETE FROM room_member AS k
        USING (SELECT unnest(b_ord) AS ord, unnest(b_account) AS account, unnest(b_present) AS present) AS b
        WHERE NOT b.present AND b.ord <> ALL (losers) AND k.room = t_id[b.ord] AND k.account = b.account;
        -- A conflict can only be with this room's own row, which only its turns write.
        INSERT INTO room_member (room, account, id, joined_at, active_at)
        SELECT t_id[b.ord], b.account, b.id, b.at, r.active_at
        FROM (
            SELECT unnest(b_ord) AS ord, unnest(b_account) AS account, unnest(b_id) AS id,
                unnest(b_at) AS at, unnest(b_present) AS present
        ) AS b
        JOIN room AS r ON r.id = t_id[b.ord]
        WHERE b.present AND b.ord <> ALL (losers)
        ON CONFLICT (room, account) DO NOTHING;
    END IF;
    IF cardinality(r_ord) > 0 THEN
        IF alone THEN
            UPDATE room_member AS k SET active_at = r_active_at[1]
            WHERE k.room = t_id[1] AND k.active_at < r_active_at[1];
        ELSE
            UPDATE room_member AS k SET active_at = r.active_at
            FROM (SELECT unnest(r_ord) AS ord, unnest(r_active_at) AS active_at) AS r
            WHERE r.ord <> ALL (losers) AND k.room = t_id[r.ord] AND k.active_at < r.active_at;
        END IF;
    END IF;

    IF cardinality(w_ord) > 0 THEN
        UPDATE read_marker AS k
        SET version = w.version, number = w.number, message = w.message, at = w.at
        FROM (
            SELECT unnest(w_ord) AS ord, unnest(w_reader) AS reader, unnest(w_version) AS version,
                unnest(w_number) AS number, unnest(w_message) AS message, unnest(w_at) AS at
        ) AS w
        WHERE w.ord <> ALL (losers) AND k.room = t_id[w.ord] AND k.reader = w.reader AND k.version < w.version;
        GET DIAGNOSTICS known = ROW_COUNT;
        IF known < cardinality(w_ord) THEN
            INSERT INTO read_marker AS kept (room, reader, version, number, message, at)
            SELECT t_id[w.ord], w.reader, w.version, w.number, w.message, w.at
            FROM (
                SELECT unnest(w_ord) AS ord, unnest(w_reader) AS reader, unnest(w_version) AS version,
                    unnest(w_number) AS number, unnest(w_message) AS message, unnest(w_at) AS at
            ) AS w
            WHERE w.ord <> ALL (losers)
            ON CONFLICT (room, reader) DO UPDATE
            SET version = excluded.version, number = excluded.number, message = excluded.message, at = excluded.at
            WHERE kept.version < excluded.version;
        END IF;
    END IF;

    IF cardinality(i_ord) > 0 THEN
        -- Most changes are one more message, which neither the counts nor the lists by tag are about.
        changed := ARRAY(
            SELECT i.id
            FROM (
                SELECT unnest(i_ord) AS ord, unnest(i_id) AS id, unnest(i_closed_at) AS closed_at,
                    unnest(i_tags) AS tags
            ) AS i
            LEFT JOIN issue AS k ON k.id = i.id
            WHERE i.ord <> ALL (losers) AND (
                k.id IS NULL
                OR (k.closed_at IS NULL) <> (i.closed_at IS NULL)
                OR k.tags <> ARRAY(SELECT jsonb_array_elements_text(i.tags::jsonb))
            )
        );
        IF cardinality(changed) > 0 THEN
            PERFORM count_issues(changed, -1);
            DELETE FROM issue_tag WHERE issue = ANY (changed);
        END IF;
        INSERT INTO issue (
            id, app, room, client, opened_at, answered_at, closed_at, closed_by, tags, first_version, last_version
        )
        SELECT i.id, i.app, t_id[i.ord], i.client, i.opened_at, i.answered_at, i.closed_at, i.closed_by,
            ARRAY(SELECT jsonb_array_elements_text(i.tags::jsonb)), i.first, i.last
        FROM (
            SELECT unnest(i_ord) AS ord, unnest(i_id) AS id, unnest(i_app) AS app,
                unnest(i_client) AS client, unnest(i_opened_at) AS opened_at,
                unnest(i_answered_at) AS answered_at, unnest(i_closed_at) AS closed_at,
                unnest(i_closed_by) AS closed_by, unnest(i_tags) AS tags, unnest(i_first) AS first,
                unnest(i_last) AS last
        ) AS i
        WHERE i.ord <> ALL (losers)
        ON CONFLICT (id) DO UPDATE
        SET answered_at = excluded.answered_at, closed_at = excluded.closed_at, closed_by = excluded.closed_by,
            tags = excluded.tags, first_version = excluded.first_version, last_version = excluded.last_version;
        IF cardinality(changed) > 0 THEN
            INSERT INTO issue_tag (issue, tag, app, is_open, opened_at)
            SELECT i.id, t.tag, i.app, i.closed_at IS NULL, i.opened_at
            FROM issue AS i, unnest(i.tags) AS t (tag)
            WHERE i.id = ANY (changed);
            PERFORM count_issues(changed, 1);
        END IF;
    END IF;

    IF cardinality(q_ord) > 0 THEN
        INSERT INTO question (issue, app, at, terms)
        SELECT q.issue, q.app, q.at, array_to_tsvector(ARRAY(SELECT jsonb_array_elements_text(q.terms::jsonb)))
        FROM (
            SELECT unnest(q_ord) AS ord, unnest(q_issue) AS issue, unnest(q_app) AS app, unnest(q_at) AS at,
                unnest(q_terms) AS terms
        ) AS q
        WHERE q.ord <> ALL (losers);
    END IF;

    IF cardinality(g_ord) > 0 THEN
        INSERT INTO known_tag (app, tag)
        SELECT DISTINCT g.app, g.tag FROM (
            SELECT unnest(g_ord) AS ord, unnest(g_app) AS app, unnest(g_tag) AS tag
        ) AS g
        WHERE g.ord <> ALL (losers)
        ON CONFLICT (app, tag) DO NOTHING;
    END IF;
END $$;
