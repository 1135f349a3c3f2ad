-- What a support desk stands on: its apps, the people of each, the bank's directory.

CREATE TABLE support_app (
    id text COLLATE "C" PRIMARY KEY,
    code text COLLATE "C" NOT NULL UNIQUE,
    name text NOT NULL,
    -- A key of HMAC, which both sides must have as it is.
    secret text NOT NULL,
    needs_auth_token boolean NOT NULL,
    created_at bigint NOT NULL
);

CREATE TABLE bank_customer (
    app text COLLATE "C" NOT NULL,
    alias text COLLATE "C" NOT NULL,
    phone text COLLATE "C" NOT NULL,
    fio text NOT NULL,
    PRIMARY KEY (app, alias)
);
CREATE INDEX bank_customer_phone ON bank_customer (app, phone, alias);

-- An organization's (an app's) people in the order of their ids, and its few operators and administrators.
CREATE INDEX account_of_organization ON account (organization, id) WHERE status = 'active';
CREATE INDEX account_staff ON account (organization, id)
    WHERE status = 'active' AND (admin OR operator = 'approved');
