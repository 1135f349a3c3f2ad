-- One schema for Express, FastAPI and Django (Django maps its models onto it with managed = False).
CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE room (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE room_member (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  room_id int NOT NULL REFERENCES room, user_id int NOT NULL REFERENCES users, UNIQUE (room_id, user_id));
CREATE TABLE chat_message (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  room_id int NOT NULL REFERENCES room, sender_id int NOT NULL REFERENCES users,
  body text NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX chat_message_room ON chat_message (room_id, id);
CREATE TABLE gig (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  title text NOT NULL, client_id int NOT NULL REFERENCES users, worker_id int REFERENCES users,
  state text NOT NULL DEFAULT 'open', created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE gig_rating (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  gig_id bigint NOT NULL REFERENCES gig, rater_id int NOT NULL REFERENCES users, stars int NOT NULL CHECK (stars BETWEEN 1 AND 5),
  UNIQUE (gig_id, rater_id));

-- users 1..2000; rooms 1..1000 hold the pair (2r-1, 2r); rooms 5002/5100/5500 hold users 1..2/100/500
INSERT INTO users SELECT g, 'user' || g FROM generate_series(1, 2000) g;
INSERT INTO room SELECT g, 'room' || g FROM generate_series(1, 1000) g;
INSERT INTO room VALUES (5002, 'n2'), (5100, 'n100'), (5500, 'n500');
INSERT INTO room_member (room_id, user_id) SELECT (g + 1) / 2, g FROM generate_series(1, 2000) g;
INSERT INTO room_member (room_id, user_id) SELECT r.id, g FROM (VALUES (5002, 2), (5100, 100), (5500, 500)) r(id, n), generate_series(1, r.n) g;
ANALYZE;
