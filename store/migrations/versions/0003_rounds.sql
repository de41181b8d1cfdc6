-- 360 rounds. Frozen: later changes are migrations of their own.

ALTER TABLE people ADD COLUMN projects TEXT[] DEFAULT '{}' NOT NULL;

CREATE TABLE raters (
    id UUID DEFAULT uuidv7() NOT NULL,
    stage_id UUID NOT NULL,
    subject_id BIGINT NOT NULL,
    person_id BIGINT NOT NULL,
    relationship TEXT NOT NULL,
    state TEXT NOT NULL,
    source TEXT NOT NULL,
    position INTEGER DEFAULT '0' NOT NULL,
    decline_reason TEXT,
    replace BOOLEAN DEFAULT false NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_raters PRIMARY KEY (id),
    CONSTRAINT fk_raters_stage_id FOREIGN KEY(stage_id) REFERENCES stages (id) ON DELETE CASCADE,
    CONSTRAINT fk_raters_subject_id FOREIGN KEY(subject_id) REFERENCES people (id),
    CONSTRAINT fk_raters_person_id FOREIGN KEY(person_id) REFERENCES people (id)
);

CREATE INDEX ix_raters_person_id ON raters (person_id, stage_id);

CREATE INDEX ix_raters_subject ON raters (stage_id, subject_id);

CREATE UNIQUE INDEX uq_raters_live ON raters (stage_id, subject_id, person_id) WHERE state IN ('proposed', 'asked');

CREATE TABLE round_seals (
    stage_id UUID NOT NULL,
    subject_id BIGINT NOT NULL,
    key BYTEA NOT NULL,
    extended BOOLEAN DEFAULT false NOT NULL,
    CONSTRAINT pk_round_seals PRIMARY KEY (stage_id, subject_id),
    CONSTRAINT fk_round_seals_stage_id FOREIGN KEY(stage_id) REFERENCES stages (id) ON DELETE CASCADE,
    CONSTRAINT fk_round_seals_subject_id FOREIGN KEY(subject_id) REFERENCES people (id)
);

CREATE TABLE sealed_answers (
    task_id UUID NOT NULL,
    sealed BYTEA NOT NULL,
    submitted BOOLEAN DEFAULT false NOT NULL,
    saved_on DATE NOT NULL,
    CONSTRAINT pk_sealed_answers PRIMARY KEY (task_id),
    CONSTRAINT fk_sealed_answers_task_id FOREIGN KEY(task_id) REFERENCES tasks (id) ON DELETE CASCADE
);

CREATE TABLE feedback_answers (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    stage_id UUID NOT NULL,
    subject_id BIGINT NOT NULL,
    relationship TEXT NOT NULL,
    question TEXT NOT NULL,
    rating INTEGER,
    words TEXT,
    CONSTRAINT pk_feedback_answers PRIMARY KEY (id),
    CONSTRAINT fk_feedback_answers_stage_id FOREIGN KEY(stage_id) REFERENCES stages (id) ON DELETE CASCADE,
    CONSTRAINT fk_feedback_answers_subject_id FOREIGN KEY(subject_id) REFERENCES people (id)
);

CREATE INDEX ix_feedback_answers_subject ON feedback_answers (stage_id, subject_id);

CREATE TABLE feedback_reports (
    stage_id UUID NOT NULL,
    subject_id BIGINT NOT NULL,
    content JSONB NOT NULL,
    digest TEXT NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    held BOOLEAN DEFAULT false NOT NULL,
    readable_on DATE,
    CONSTRAINT pk_feedback_reports PRIMARY KEY (stage_id, subject_id),
    CONSTRAINT fk_feedback_reports_stage_id FOREIGN KEY(stage_id) REFERENCES stages (id) ON DELETE CASCADE,
    CONSTRAINT fk_feedback_reports_subject_id FOREIGN KEY(subject_id) REFERENCES people (id)
);

CREATE TABLE comment_reviews (
    answer_id UUID NOT NULL,
    state TEXT NOT NULL,
    text TEXT,
    by_id BIGINT,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_comment_reviews PRIMARY KEY (answer_id),
    CONSTRAINT fk_comment_reviews_answer_id FOREIGN KEY(answer_id) REFERENCES feedback_answers (id) ON DELETE CASCADE,
    CONSTRAINT fk_comment_reviews_by_id FOREIGN KEY(by_id) REFERENCES people (id)
);

CREATE TABLE chosen_people (
    cycle_id UUID NOT NULL,
    person_id BIGINT NOT NULL,
    CONSTRAINT pk_chosen_people PRIMARY KEY (cycle_id, person_id),
    CONSTRAINT fk_chosen_people_cycle_id FOREIGN KEY(cycle_id) REFERENCES cycles (id) ON DELETE CASCADE,
    CONSTRAINT fk_chosen_people_person_id FOREIGN KEY(person_id) REFERENCES people (id)
);

CREATE INDEX ix_chosen_people_person_id ON chosen_people (person_id);

-- What was deleted here is not to lie about in dead rows.
ALTER TABLE round_seals SET (
    autovacuum_vacuum_threshold = 1,
    autovacuum_vacuum_scale_factor = 0
);

ALTER TABLE sealed_answers SET (
    autovacuum_vacuum_threshold = 1,
    autovacuum_vacuum_scale_factor = 0
);
