-- Records: who there is, how often something was tried, and which tokens are void. No session's journal holds any of
-- it, so that a person's data can be erased by changing rows here.
-- Ids and names are compared by code point ("C"), as the fake in memory does. Instants are milliseconds since the epoch.

-- ---------------------------------------------------------------------------------------------- people

CREATE TABLE account (
    id text COLLATE "C" PRIMARY KEY,
    realm text COLLATE "C" NOT NULL,
    first_name text NOT NULL,
    last_name text NOT NULL,
    -- Argon2id in PHC form; NULL: cannot sign in by password.
    password_hash text,
    type text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    operator text COLLATE "C" NOT NULL,
    dealer text COLLATE "C" NOT NULL,
    admin boolean NOT NULL,
    organization text COLLATE "C",
    referral_code text NOT NULL,
    profile_image text,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    version bigint NOT NULL CHECK (version > 0)
);

CREATE TABLE identity (
    -- Its account's, repeated here because uniqueness is by realm.
    realm text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    account text COLLATE "C" NOT NULL REFERENCES account ON DELETE CASCADE,
    -- The account's first identity has 0.
    place smallint NOT NULL,
    shown text NOT NULL,
    verified boolean NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (realm, type, value)
);
CREATE INDEX identity_of_account ON identity (account);

CREATE TABLE organization (
    id text COLLATE "C" PRIMARY KEY,
    code text COLLATE "C" NOT NULL,
    -- As it is compared; folded by the program, because the database's locale knows ASCII only.
    folded_code text COLLATE "C" NOT NULL UNIQUE,
    name text NOT NULL,
    enabled boolean NOT NULL,
    created_at bigint NOT NULL
);

-- ---------------------------------------------------------------------------------------------- limits

CREATE TABLE limit_count (
    scope text COLLATE "C" NOT NULL,
    -- SHA-256: what is counted (an address, a phone number) does not stand here.
    key_hash bytea NOT NULL CHECK (length(key_hash) = 32),
    count bigint NOT NULL,
    -- Unchanged within a window, so that most updates touch no index.
    resets_at bigint NOT NULL,
    PRIMARY KEY (scope, key_hash)
) WITH (fillfactor = 75);
CREATE INDEX limit_count_over ON limit_count (resets_at);

CREATE TABLE attempt (
    id text COLLATE "C" PRIMARY KEY,
    -- NULL: sent to nobody's identity, so no code verifies it.
    account text COLLATE "C",
    identity_type text COLLATE "C" NOT NULL,
    identity_value text COLLATE "C" NOT NULL,
    -- Keyed by the program: a code is too short to be kept secret by a plain hash.
    code_hash bytea NOT NULL,
    tries integer NOT NULL,
    status text COLLATE "C" NOT NULL CHECK (status IN ('pending', 'verified', 'failed')),
    expires_at bigint NOT NULL,
    created_at bigint NOT NULL
);
CREATE INDEX attempt_over ON attempt (expires_at);

-- ---------------------------------------------------------------------------------------------- tokens

CREATE TABLE revocation (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Either one token, or all that an account was given before an instant but the one to keep.
    jti text COLLATE "C" UNIQUE,
    account text COLLATE "C",
    before bigint NOT NULL,
    keep text COLLATE "C",
    expires_at bigint NOT NULL,
    CHECK (num_nonnulls(jti, account) = 1)
);
CREATE INDEX revocation_over ON revocation (expires_at);
