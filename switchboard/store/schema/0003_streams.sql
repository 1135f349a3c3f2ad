-- Streams: what their lists are found by, and the records that belong to them.

-- A list by time begins near its first row instead of at the newest stream of all.
CREATE INDEX stream_created ON session (created_at, serial) WHERE kind = 'stream';

-- Whom an organization's streams may be offered to.
CREATE INDEX account_dealers ON account (organization, id) WHERE dealer = 'approved' AND status = 'active';

CREATE TABLE lead (
    id text COLLATE "C" PRIMARY KEY,
    organization text COLLATE "C" NOT NULL,
    stream text COLLATE "C",
    vin text,
    session text,
    email text,
    first_name text,
    last_name text,
    phone text,
    comment text,
    created_at bigint NOT NULL
);

CREATE TABLE vehicle (
    organization text COLLATE "C" NOT NULL,
    vin text COLLATE "C" NOT NULL,
    model text NOT NULL,
    photo text,
    created_at bigint NOT NULL,
    PRIMARY KEY (organization, vin)
);

CREATE TABLE device (
    address text COLLATE "C" PRIMARY KEY,
    id text COLLATE "C" NOT NULL UNIQUE,
    account text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL CHECK (type IN ('ios', 'android')),
    bundle text NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE INDEX device_of_account ON device (account, created_at, id);
