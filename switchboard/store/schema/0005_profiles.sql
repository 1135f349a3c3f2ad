-- What an API's clients say about themselves beyond a name: a job title, a device, a place. Read with its account only.

ALTER TABLE account ADD COLUMN profile jsonb NOT NULL DEFAULT '{}';
