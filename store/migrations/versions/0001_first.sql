-- The first schema. Frozen: later changes are migrations of their own.

CREATE TABLE audit (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor_id INTEGER,
    actor_kind TEXT NOT NULL,
    on_behalf_of_id INTEGER,
    action TEXT NOT NULL,
    object_type TEXT NOT NULL,
    object_id TEXT NOT NULL,
    cycle_id UUID,
    before JSONB,
    after JSONB,
    CONSTRAINT pk_audit PRIMARY KEY (id)
);

CREATE INDEX ix_audit_cycle_id ON audit (cycle_id, id);

CREATE INDEX ix_audit_object ON audit (object_type, object_id);

CREATE TABLE audit_seals (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    first_id BIGINT NOT NULL,
    last_id BIGINT NOT NULL,
    hash TEXT NOT NULL,
    sealed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_audit_seals PRIMARY KEY (id)
);

CREATE TABLE bells (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    process_id TEXT NOT NULL,
    urgent BOOLEAN DEFAULT false NOT NULL,
    CONSTRAINT pk_bells PRIMARY KEY (id)
);

CREATE TABLE command_keys (
    actor TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    status INTEGER NOT NULL,
    answer JSONB NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_command_keys PRIMARY KEY (actor, key)
);

CREATE TABLE profiles (
    id INTEGER GENERATED ALWAYS AS IDENTITY,
    calendar TEXT NOT NULL,
    zone TEXT NOT NULL,
    work_days SMALLINT[],
    office TEXT,
    CONSTRAINT pk_profiles PRIMARY KEY (id)
);

CREATE UNIQUE INDEX uq_profiles_all ON profiles (calendar, zone, coalesce(work_days, '{}'), coalesce(office, ''));

CREATE TABLE rate_counts (
    bucket TEXT NOT NULL,
    window_at TIMESTAMP WITH TIME ZONE NOT NULL,
    hits INTEGER NOT NULL,
    CONSTRAINT pk_rate_counts PRIMARY KEY (bucket, window_at)
);

CREATE TABLE people (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    employee_id TEXT NOT NULL,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    email TEXT NOT NULL,
    phone TEXT,
    hire_date DATE NOT NULL,
    job_title TEXT,
    level TEXT,
    department TEXT,
    office TEXT,
    country TEXT,
    time_zone TEXT,
    work_days SMALLINT[],
    employment TEXT DEFAULT 'permanent' NOT NULL,
    language TEXT DEFAULT 'en' NOT NULL,
    status TEXT DEFAULT 'active' NOT NULL,
    left_on DATE,
    profile_id INTEGER,
    address_refused_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_people PRIMARY KEY (id),
    CONSTRAINT uq_people_employee_id UNIQUE (employee_id),
    CONSTRAINT fk_people_profile_id FOREIGN KEY(profile_id) REFERENCES profiles (id)
);

CREATE INDEX ix_people_profile_id ON people (profile_id);

CREATE UNIQUE INDEX uq_people_email_lower ON people (lower(email));

CREATE TABLE company_settings (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    content JSONB NOT NULL,
    source TEXT NOT NULL,
    hash TEXT NOT NULL,
    saved_at TIMESTAMP WITH TIME ZONE NOT NULL,
    saved_by_id BIGINT,
    CONSTRAINT pk_company_settings PRIMARY KEY (id),
    CONSTRAINT fk_company_settings_saved_by_id FOREIGN KEY(saved_by_id) REFERENCES people (id)
);

CREATE TABLE definition_versions (
    id UUID DEFAULT uuidv7() NOT NULL,
    definition TEXT NOT NULL,
    version INTEGER NOT NULL,
    hash TEXT NOT NULL,
    title TEXT NOT NULL,
    content JSONB NOT NULL,
    source TEXT NOT NULL,
    published_at TIMESTAMP WITH TIME ZONE NOT NULL,
    published_by_id BIGINT,
    CONSTRAINT pk_definition_versions PRIMARY KEY (id),
    CONSTRAINT uq_definition_versions_definition_version UNIQUE (definition, version),
    CONSTRAINT fk_definition_versions_published_by_id FOREIGN KEY(published_by_id) REFERENCES people (id)
);

CREATE INDEX ix_definition_versions_hash ON definition_versions (hash);

CREATE TABLE leaves (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    person_id BIGINT NOT NULL,
    first_day DATE NOT NULL,
    last_day DATE NOT NULL,
    delegate_id BIGINT,
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_leaves PRIMARY KEY (id),
    CONSTRAINT ck_leaves_order CHECK (last_day >= first_day),
    CONSTRAINT fk_leaves_person_id FOREIGN KEY(person_id) REFERENCES people (id),
    CONSTRAINT fk_leaves_delegate_id FOREIGN KEY(delegate_id) REFERENCES people (id)
);

CREATE INDEX ix_leaves_person_id ON leaves (person_id, first_day);

CREATE TABLE mails (
    id UUID DEFAULT uuidv7() NOT NULL,
    key TEXT NOT NULL,
    person_id BIGINT,
    instead_of_id BIGINT,
    kind TEXT NOT NULL,
    address TEXT NOT NULL,
    message_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    raw BYTEA,
    text TEXT,
    state TEXT NOT NULL,
    attempts INTEGER DEFAULT '0' NOT NULL,
    next_try_at TIMESTAMP WITH TIME ZONE NOT NULL,
    claimed_until TIMESTAMP WITH TIME ZONE,
    handed_over_at TIMESTAMP WITH TIME ZONE,
    unanswered INTEGER DEFAULT '0' NOT NULL,
    smtp_code INTEGER,
    smtp_answer TEXT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    sent_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_mails PRIMARY KEY (id),
    CONSTRAINT uq_mails_key UNIQUE (key),
    CONSTRAINT fk_mails_person_id FOREIGN KEY(person_id) REFERENCES people (id),
    CONSTRAINT fk_mails_instead_of_id FOREIGN KEY(instead_of_id) REFERENCES people (id)
);

CREATE INDEX ix_mails_person_id ON mails (person_id);

CREATE INDEX ix_mails_unfinished ON mails (next_try_at) WHERE state = 'sending';

CREATE TABLE reporting_lines (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    person_id BIGINT NOT NULL,
    manager_id BIGINT NOT NULL,
    valid_from DATE NOT NULL,
    valid_to DATE,
    CONSTRAINT pk_reporting_lines PRIMARY KEY (id),
    CONSTRAINT ck_reporting_lines_order CHECK (valid_to IS NULL OR valid_to > valid_from),
    CONSTRAINT ck_reporting_lines_not_self CHECK (manager_id <> person_id),
    CONSTRAINT fk_reporting_lines_person_id FOREIGN KEY(person_id) REFERENCES people (id),
    CONSTRAINT fk_reporting_lines_manager_id FOREIGN KEY(manager_id) REFERENCES people (id)
);

CREATE INDEX ix_reporting_lines_manager_id ON reporting_lines (manager_id);

CREATE INDEX ix_reporting_lines_person_id ON reporting_lines (person_id, valid_from);

CREATE TABLE sessions (
    token_hash BYTEA NOT NULL,
    person_id BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_sessions PRIMARY KEY (token_hash),
    CONSTRAINT fk_sessions_person_id FOREIGN KEY(person_id) REFERENCES people (id)
);

CREATE INDEX ix_sessions_person_id ON sessions (person_id);

CREATE TABLE cycles (
    id UUID DEFAULT uuidv7() NOT NULL,
    version_id UUID NOT NULL,
    definition TEXT NOT NULL,
    title TEXT NOT NULL,
    period JSONB NOT NULL,
    state TEXT NOT NULL,
    launched_by TEXT NOT NULL,
    launch_on DATE NOT NULL,
    check_at TIMESTAMP WITH TIME ZONE,
    confirmed_at TIMESTAMP WITH TIME ZONE,
    confirmed_by_id BIGINT,
    opened_at TIMESTAMP WITH TIME ZONE,
    ends_at TIMESTAMP WITH TIME ZONE,
    closed_at TIMESTAMP WITH TIME ZONE,
    ended_reason TEXT,
    calendars JSONB,
    plan JSONB,
    paused_at TIMESTAMP WITH TIME ZONE,
    participants INTEGER DEFAULT '0' NOT NULL,
    version INTEGER DEFAULT '1' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_cycles PRIMARY KEY (id),
    CONSTRAINT fk_cycles_version_id FOREIGN KEY(version_id) REFERENCES definition_versions (id),
    CONSTRAINT fk_cycles_confirmed_by_id FOREIGN KEY(confirmed_by_id) REFERENCES people (id)
);

CREATE INDEX ix_cycles_state ON cycles (state);

CREATE TABLE held_rows (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    process_id TEXT NOT NULL,
    cycle_id UUID,
    stage_id UUID,
    person_id INTEGER,
    task_id UUID,
    code TEXT NOT NULL,
    mended_by TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    cleared_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_held_rows PRIMARY KEY (id),
    CONSTRAINT fk_held_rows_cycle_id FOREIGN KEY(cycle_id) REFERENCES cycles (id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX uq_held_rows_live ON held_rows (process_id, coalesce(person_id, 0), coalesce(task_id, '00000000-0000-0000-0000-000000000000'::uuid)) WHERE cleared_at IS NULL;

CREATE TABLE participants (
    cycle_id UUID NOT NULL,
    person_id BIGINT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    because TEXT,
    department TEXT,
    reviewer_id BIGINT,
    entered_on DATE,
    late BOOLEAN DEFAULT false NOT NULL,
    plan JSONB,
    released_at TIMESTAMP WITH TIME ZONE,
    opened_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_participants PRIMARY KEY (cycle_id, person_id),
    CONSTRAINT fk_participants_cycle_id FOREIGN KEY(cycle_id) REFERENCES cycles (id) ON DELETE CASCADE,
    CONSTRAINT fk_participants_person_id FOREIGN KEY(person_id) REFERENCES people (id),
    CONSTRAINT fk_participants_reviewer_id FOREIGN KEY(reviewer_id) REFERENCES people (id)
);

CREATE INDEX ix_participants_cycle_id_state ON participants (cycle_id, state);

CREATE INDEX ix_participants_person_id ON participants (person_id);

CREATE TABLE pauses (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    cycle_id UUID NOT NULL,
    paused_at TIMESTAMP WITH TIME ZONE NOT NULL,
    paused_by_id BIGINT,
    resumed_at TIMESTAMP WITH TIME ZONE,
    resumed_by_id BIGINT,
    CONSTRAINT pk_pauses PRIMARY KEY (id),
    CONSTRAINT fk_pauses_cycle_id FOREIGN KEY(cycle_id) REFERENCES cycles (id) ON DELETE CASCADE,
    CONSTRAINT fk_pauses_paused_by_id FOREIGN KEY(paused_by_id) REFERENCES people (id),
    CONSTRAINT fk_pauses_resumed_by_id FOREIGN KEY(resumed_by_id) REFERENCES people (id)
);

CREATE INDEX ix_pauses_cycle_id ON pauses (cycle_id);

CREATE TABLE recurrences (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    definition TEXT NOT NULL,
    launch_on DATE NOT NULL,
    check_at TIMESTAMP WITH TIME ZONE NOT NULL,
    launch_at TIMESTAMP WITH TIME ZONE NOT NULL,
    state TEXT NOT NULL,
    cycle_id UUID,
    reason TEXT,
    CONSTRAINT pk_recurrences PRIMARY KEY (id),
    CONSTRAINT uq_recurrences_definition_launch_on UNIQUE (definition, launch_on),
    CONSTRAINT fk_recurrences_cycle_id FOREIGN KEY(cycle_id) REFERENCES cycles (id)
);

CREATE TABLE stages (
    id UUID DEFAULT uuidv7() NOT NULL,
    cycle_id UUID NOT NULL,
    key TEXT NOT NULL,
    position INTEGER NOT NULL,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    state TEXT DEFAULT 'waiting' NOT NULL,
    planned_opens_on DATE,
    planned_due_on DATE,
    planned_closes_on DATE,
    extended_by INTEGER DEFAULT '0' NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE,
    closed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_stages PRIMARY KEY (id),
    CONSTRAINT uq_stages_cycle_id_key UNIQUE (cycle_id, key),
    CONSTRAINT fk_stages_cycle_id FOREIGN KEY(cycle_id) REFERENCES cycles (id) ON DELETE CASCADE
);

CREATE TABLE processes (
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    cycle_id UUID,
    stage_id UUID,
    state TEXT DEFAULT 'open' NOT NULL,
    armed_until TIMESTAMP WITH TIME ZONE,
    waits_for TEXT,
    window_seconds INTEGER DEFAULT '0' NOT NULL,
    last_rung_at TIMESTAMP WITH TIME ZONE,
    advanced_at TIMESTAMP WITH TIME ZONE,
    run_id TEXT,
    failures INTEGER DEFAULT '0' NOT NULL,
    failure TEXT,
    failed_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_processes PRIMARY KEY (id),
    CONSTRAINT fk_processes_cycle_id FOREIGN KEY(cycle_id) REFERENCES cycles (id) ON DELETE CASCADE,
    CONSTRAINT fk_processes_stage_id FOREIGN KEY(stage_id) REFERENCES stages (id) ON DELETE CASCADE
);

CREATE INDEX ix_processes_armed ON processes (armed_until) WHERE state = 'open';

CREATE INDEX ix_processes_cycle_id ON processes (cycle_id);

CREATE TABLE skips (
    stage_id UUID NOT NULL,
    subject_id BIGINT NOT NULL,
    reason TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_skips PRIMARY KEY (stage_id, subject_id),
    CONSTRAINT fk_skips_stage_id FOREIGN KEY(stage_id) REFERENCES stages (id) ON DELETE CASCADE,
    CONSTRAINT fk_skips_subject_id FOREIGN KEY(subject_id) REFERENCES people (id)
);

CREATE TABLE steering (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    cycle_id UUID NOT NULL,
    stage_id UUID,
    "order" TEXT NOT NULL,
    detail JSONB NOT NULL,
    given_at TIMESTAMP WITH TIME ZONE NOT NULL,
    given_by_id BIGINT,
    applied_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_steering PRIMARY KEY (id),
    CONSTRAINT fk_steering_cycle_id FOREIGN KEY(cycle_id) REFERENCES cycles (id) ON DELETE CASCADE,
    CONSTRAINT fk_steering_stage_id FOREIGN KEY(stage_id) REFERENCES stages (id) ON DELETE CASCADE,
    CONSTRAINT fk_steering_given_by_id FOREIGN KEY(given_by_id) REFERENCES people (id)
);

CREATE INDEX ix_steering_cycle_id ON steering (cycle_id, id);

CREATE TABLE tasks (
    id UUID DEFAULT uuidv7() NOT NULL,
    cycle_id UUID NOT NULL,
    stage_id UUID NOT NULL,
    subject_id BIGINT,
    role TEXT NOT NULL,
    assignee_id BIGINT,
    desk TEXT,
    state TEXT NOT NULL,
    cause TEXT NOT NULL,
    begun_at TIMESTAMP WITH TIME ZONE NOT NULL,
    opens_at TIMESTAMP WITH TIME ZONE NOT NULL,
    announce_at TIMESTAMP WITH TIME ZONE NOT NULL,
    announced_on DATE,
    due_on DATE NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    closes_at TIMESTAMP WITH TIME ZONE,
    due_revision INTEGER DEFAULT '1' NOT NULL,
    next_rung TEXT,
    next_rung_at TIMESTAMP WITH TIME ZONE,
    last_rung TEXT,
    last_rung_on DATE,
    rung_out BOOLEAN DEFAULT true NOT NULL,
    told_to BIGINT[],
    steered BIGINT DEFAULT '0' NOT NULL,
    revision INTEGER DEFAULT '0' NOT NULL,
    version INTEGER DEFAULT '1' NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE,
    held_on DATE,
    ended_at TIMESTAMP WITH TIME ZONE,
    ended_by_id BIGINT,
    ended_reason TEXT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_tasks PRIMARY KEY (id),
    CONSTRAINT ck_tasks_one_holder CHECK (num_nonnulls(assignee_id, desk) <= 1),
    CONSTRAINT fk_tasks_cycle_id FOREIGN KEY(cycle_id) REFERENCES cycles (id) ON DELETE CASCADE,
    CONSTRAINT fk_tasks_stage_id FOREIGN KEY(stage_id) REFERENCES stages (id) ON DELETE CASCADE,
    CONSTRAINT fk_tasks_subject_id FOREIGN KEY(subject_id) REFERENCES people (id),
    CONSTRAINT fk_tasks_assignee_id FOREIGN KEY(assignee_id) REFERENCES people (id),
    CONSTRAINT fk_tasks_ended_by_id FOREIGN KEY(ended_by_id) REFERENCES people (id)
);

CREATE INDEX ix_tasks_assignee ON tasks (assignee_id, due_at) WHERE state = 'open';

CREATE INDEX ix_tasks_closes ON tasks (stage_id, closes_at) WHERE state IN ('planned', 'open') AND closes_at IS NOT NULL;

CREATE INDEX ix_tasks_cycle_state ON tasks (cycle_id, state);

CREATE INDEX ix_tasks_live ON tasks (stage_id) WHERE state IN ('planned', 'open');

CREATE INDEX ix_tasks_opens ON tasks (stage_id, opens_at) WHERE state = 'planned';

CREATE INDEX ix_tasks_rung ON tasks (stage_id, next_rung_at) WHERE state = 'open' AND next_rung_at IS NOT NULL;

CREATE INDEX ix_tasks_subject ON tasks (stage_id, subject_id);

CREATE UNIQUE INDEX uq_tasks_live ON tasks (stage_id, coalesce(subject_id, 0), role, coalesce(assignee_id, 0)) WHERE state IN ('planned', 'open');

CREATE TABLE drafts (
    task_id UUID NOT NULL,
    author_id BIGINT NOT NULL,
    answers JSONB NOT NULL,
    version INTEGER DEFAULT '1' NOT NULL,
    saved_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_drafts PRIMARY KEY (task_id, author_id),
    CONSTRAINT fk_drafts_task_id FOREIGN KEY(task_id) REFERENCES tasks (id) ON DELETE CASCADE,
    CONSTRAINT fk_drafts_author_id FOREIGN KEY(author_id) REFERENCES people (id)
);

CREATE TABLE links (
    token_hash BYTEA NOT NULL,
    person_id BIGINT NOT NULL,
    purpose TEXT NOT NULL,
    task_id UUID,
    target TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    used_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_links PRIMARY KEY (token_hash),
    CONSTRAINT fk_links_person_id FOREIGN KEY(person_id) REFERENCES people (id),
    CONSTRAINT fk_links_task_id FOREIGN KEY(task_id) REFERENCES tasks (id) ON DELETE CASCADE
);

CREATE INDEX ix_links_person_id ON links (person_id);

CREATE TABLE notifications (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    key TEXT NOT NULL,
    event TEXT NOT NULL,
    person_id BIGINT NOT NULL,
    desk TEXT,
    cycle_id UUID,
    stage_id UUID,
    task_id UUID,
    subject_id INTEGER,
    rung TEXT,
    due_revision INTEGER,
    data JSONB DEFAULT '{}' NOT NULL,
    cause TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    send_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ride_along BOOLEAN DEFAULT false NOT NULL,
    state TEXT DEFAULT 'queued' NOT NULL,
    reason TEXT,
    settled_at TIMESTAMP WITH TIME ZONE,
    mail_id UUID,
    CONSTRAINT pk_notifications PRIMARY KEY (id),
    CONSTRAINT uq_notifications_key UNIQUE (key),
    CONSTRAINT fk_notifications_person_id FOREIGN KEY(person_id) REFERENCES people (id),
    CONSTRAINT fk_notifications_cycle_id FOREIGN KEY(cycle_id) REFERENCES cycles (id) ON DELETE CASCADE,
    CONSTRAINT fk_notifications_task_id FOREIGN KEY(task_id) REFERENCES tasks (id) ON DELETE CASCADE,
    CONSTRAINT fk_notifications_mail_id FOREIGN KEY(mail_id) REFERENCES mails (id)
);

CREATE INDEX ix_notifications_cycle_id ON notifications (cycle_id, id);

CREATE INDEX ix_notifications_due ON notifications (send_at) WHERE state = 'queued';

CREATE INDEX ix_notifications_mail_id ON notifications (mail_id);

CREATE INDEX ix_notifications_person ON notifications (person_id, state);

CREATE INDEX ix_notifications_task_id ON notifications (task_id);

CREATE TABLE responses (
    id UUID DEFAULT uuidv7() NOT NULL,
    task_id UUID NOT NULL,
    revision INTEGER NOT NULL,
    author_id BIGINT NOT NULL,
    on_behalf_of_id BIGINT,
    answers JSONB NOT NULL,
    submitted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_responses PRIMARY KEY (id),
    CONSTRAINT uq_responses_task_id_revision UNIQUE (task_id, revision),
    CONSTRAINT fk_responses_task_id FOREIGN KEY(task_id) REFERENCES tasks (id) ON DELETE CASCADE,
    CONSTRAINT fk_responses_author_id FOREIGN KEY(author_id) REFERENCES people (id),
    CONSTRAINT fk_responses_on_behalf_of_id FOREIGN KEY(on_behalf_of_id) REFERENCES people (id)
);

CREATE TABLE task_events (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    task_id UUID NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    event TEXT NOT NULL,
    actor_id INTEGER,
    detail JSONB NOT NULL,
    CONSTRAINT pk_task_events PRIMARY KEY (id),
    CONSTRAINT fk_task_events_task_id FOREIGN KEY(task_id) REFERENCES tasks (id) ON DELETE CASCADE
);

CREATE INDEX ix_task_events_task_id ON task_events (task_id, id);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_seals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
