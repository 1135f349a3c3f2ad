-- What an API's clients say about themselves beyond a name: a job title, a device, a place. Read with its account only.

ALTER TABLE account ADD COLUMN profile jsonb NOT NULL DEFAULT '{}';

-- A realm's people, who changed last first.
CREATE INDEX account_latest ON account (realm, updated_at DESC, id DESC) WHERE status = 'active';
