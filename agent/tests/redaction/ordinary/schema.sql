CREATE TABLE users (
  id bigint PRIMARY KEY,
  name text NOT NULL,
  password_hash text NOT NULL,
  reset_token text,
  FOREIGN KEY (id) REFERENCES people (id)
);
SELECT id, password_hash FROM users WHERE name = $1;
