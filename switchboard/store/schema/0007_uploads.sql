-- What people upload; the bytes lie in the data folder or a bucket.

CREATE TABLE upload (
    id text COLLATE "C" PRIMARY KEY,
    realm text COLLATE "C" NOT NULL,
    account text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    gig text COLLATE "C",
    -- NULL until it has come.
    size bigint,
    content_type text COLLATE "C",
    etag text COLLATE "C",
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX upload_over ON upload (expires_at) WHERE size IS NULL;
