-- Browsers are devices too, and each device knows how far it has been told.

ALTER TABLE device
    DROP CONSTRAINT device_type_check,
    ADD CONSTRAINT device_type_check CHECK (type IN ('ios', 'android', 'web')),
    ADD COLUMN p256dh text,
    ADD COLUMN auth text,
    -- The number of the last notice of topic "account/<account>" that the device has taken. Not indexed, so that the
    -- row is updated on its own page.
    ADD COLUMN told bigint NOT NULL DEFAULT 0;

UPDATE device SET told = topic.sequence FROM topic WHERE topic.topic = 'account/' || device.account;
