-- How far a session reaches, and what the links opened through which it began.
ALTER TABLE sessions ADD COLUMN level TEXT DEFAULT 'full' NOT NULL;
ALTER TABLE sessions ADD COLUMN opens TEXT[] DEFAULT '{}' NOT NULL;
-- Nothing says how these began: they get what a sign-in link gives, and no longer.
UPDATE sessions SET expires_at = least(expires_at, now() + interval '12 hours')
  WHERE revoked_at IS NULL;

-- An address of somebody who never signed in may be replaced at once.
ALTER TABLE people ADD COLUMN signed_in BOOLEAN DEFAULT false NOT NULL;
UPDATE people SET signed_in = true WHERE status <> 'external' AND (
  id IN (SELECT person_id FROM sessions)
  OR id IN (SELECT actor_id FROM audit WHERE action = 'sign_in' AND actor_id IS NOT NULL));

CREATE TABLE address_changes (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  person_id BIGINT NOT NULL,
  old_address TEXT NOT NULL,
  new_address TEXT NOT NULL,
  changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
  changed_by_id BIGINT,
  changed_by_kind TEXT NOT NULL,
  state TEXT NOT NULL,
  holds_until TIMESTAMP WITH TIME ZONE,
  vouched_by BIGINT[] DEFAULT '{}' NOT NULL,
  settled_at TIMESTAMP WITH TIME ZONE,
  settled_by_id BIGINT,
  CONSTRAINT pk_address_changes PRIMARY KEY (id),
  CONSTRAINT fk_address_changes_person_id_people FOREIGN KEY(person_id) REFERENCES people (id),
  CONSTRAINT fk_address_changes_changed_by_id_people
    FOREIGN KEY(changed_by_id) REFERENCES people (id),
  CONSTRAINT fk_address_changes_settled_by_id_people
    FOREIGN KEY(settled_by_id) REFERENCES people (id)
);
CREATE UNIQUE INDEX uq_address_changes_open ON address_changes (person_id) WHERE state = 'open';
CREATE INDEX ix_address_changes_old ON address_changes (lower(old_address));

CREATE TABLE desk_changes (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  source TEXT NOT NULL,
  based_on TEXT,
  joining JSONB NOT NULL,
  leaving JSONB NOT NULL,
  proposed_at TIMESTAMP WITH TIME ZONE NOT NULL,
  proposed_by_id BIGINT NOT NULL,
  state TEXT NOT NULL,
  settled_at TIMESTAMP WITH TIME ZONE,
  settled_by_id BIGINT,
  CONSTRAINT pk_desk_changes PRIMARY KEY (id),
  CONSTRAINT fk_desk_changes_proposed_by_id_people
    FOREIGN KEY(proposed_by_id) REFERENCES people (id),
  CONSTRAINT fk_desk_changes_settled_by_id_people
    FOREIGN KEY(settled_by_id) REFERENCES people (id)
);
CREATE UNIQUE INDEX uq_desk_changes_open ON desk_changes ((true)) WHERE state = 'open';

-- What a rater wrote under an address that has changed since.
ALTER TABLE sealed_answers ADD COLUMN shut BOOLEAN DEFAULT false NOT NULL;
