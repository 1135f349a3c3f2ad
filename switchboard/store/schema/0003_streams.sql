-- The place of the streams.
SELECT 1;
