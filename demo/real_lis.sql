-- The destination of `make demo-real`: a new laboratory system on PostgreSQL, as somebody who did not know Écluse might
-- have made it: real types, foreign keys, tables that other applications write to. Invented; no product's schema.
-- Profile: src/ecluse/profiles/openlis-postgresql.yaml.

CREATE TABLE laboratory (
    code text PRIMARY KEY,
    name text
);

CREATE TABLE person (
    legacy_id      text PRIMARY KEY,
    hospital_id    text,
    last_name      text,
    first_names    text,
    birth_date     text,          -- ISO 8601, reduced when partial
    sex            text CHECK (sex IN ('male', 'female', 'other', 'unknown')),
    sex_as_written text,
    address        text,
    phone          text,
    email          text
);

CREATE TABLE requester (
    legacy_id text PRIMARY KEY,
    name      text
);

CREATE TABLE request (
    legacy_id     text PRIMARY KEY,
    person        text REFERENCES person (legacy_id),
    visit         text,
    placer_number text,
    registered_at timestamp,
    received_at   timestamp,
    requester     text,
    laboratory    text REFERENCES laboratory (code),
    ward          text,
    status        text,
    examinations  text
);
CREATE INDEX request_person ON request (person);

CREATE TABLE sample (
    legacy_id   text PRIMARY KEY,
    request     text REFERENCES request (legacy_id),
    kind        text,
    received_at timestamp,
    status      text,
    refused_for text
);

CREATE TABLE result (
    legacy_id     text PRIMARY KEY,
    request       text NOT NULL REFERENCES request (legacy_id),
    sample        text,
    code          text NOT NULL,
    label         text,
    loinc         text,
    bench         text,
    value_as_text text,           -- verbatim
    comparator    varchar(2),
    value         numeric(28, 10),
    unit          text,
    ucum          text,
    flag          text,
    status        text,
    obtained_at   timestamp,
    released_by   text,
    released_at   timestamp
);
CREATE INDEX result_request ON result (request);
