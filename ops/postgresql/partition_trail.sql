-- The trail by years (PostgreSQL 15 or newer): docs/database.md says when this is worth it and what it breaks.
-- With KIM stopped (web, worker, beat), after a backup:  psql --single-transaction -v ON_ERROR_STOP=1 -f partition_trail.sql
-- It takes one look at the whole table (about a minute for ten million rows) and some disk for its new index.

ALTER TABLE kim_trailentry RENAME TO kim_trailentry_before;

-- Ids go on from where they are. Identity columns cannot be partitioned before PostgreSQL 17; a sequence can.
CREATE TABLE kim_trailentry (LIKE kim_trailentry_before INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE (at);
CREATE SEQUENCE kim_trailentry_ids OWNED BY kim_trailentry.id;
SELECT setval('kim_trailentry_ids', greatest(1, (SELECT coalesce(max(id), 0) + 1 FROM kim_trailentry_before)), false);
ALTER TABLE kim_trailentry ALTER COLUMN id SET DEFAULT nextval('kim_trailentry_ids');
ALTER TABLE kim_trailentry_before ALTER COLUMN id DROP IDENTITY IF EXISTS;

-- A key has to hold what is partitioned by. Ids stay unique because one sequence makes them, not because of this key.
ALTER TABLE kim_trailentry_before DROP CONSTRAINT kim_trailentry_pkey;
ALTER TABLE kim_trailentry ADD CONSTRAINT kim_trailentry_pkey PRIMARY KEY (id, at);
ALTER TABLE kim_trailentry
    ADD CONSTRAINT kim_trailentry_by_fk FOREIGN KEY (by_id) REFERENCES kim_user (id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT kim_trailentry_behalf_fk FOREIGN KEY (on_behalf_of_id) REFERENCES kim_user (id) DEFERRABLE INITIALLY DEFERRED;

-- The indexes and triggers of the table as it was, whatever this release has, on the new one. Unique indexes get the
-- moment as a last column.
DO $$
DECLARE one record; definition text;
BEGIN
    FOR one IN SELECT indexname, indexdef FROM pg_indexes
               WHERE schemaname = current_schema() AND tablename = 'kim_trailentry_before' AND indexname NOT LIKE '%\_pkey'
    LOOP
        definition := replace(one.indexdef, 'kim_trailentry_before', 'kim_trailentry');
        definition := replace(definition, 'INDEX ' || one.indexname, 'INDEX ' || left(one.indexname, 58) || '_by');
        IF definition LIKE 'CREATE UNIQUE%' THEN
            definition := regexp_replace(definition, '\)$', ', at)');
        END IF;
        EXECUTE definition;
    END LOOP;
    FOR one IN SELECT tgname, pg_get_triggerdef(oid) AS definition FROM pg_trigger
               WHERE tgrelid = 'kim_trailentry_before'::regclass AND NOT tgisinternal
    LOOP
        EXECUTE format('DROP TRIGGER %I ON kim_trailentry_before', one.tgname);
        EXECUTE replace(one.definition, 'kim_trailentry_before', 'kim_trailentry');
    END LOOP;
END $$;

-- What there is becomes the part before this year; the coming years get parts of their own. Add one each December.
DO $$
DECLARE this_year int := extract(year FROM now() AT TIME ZONE 'Europe/Berlin'); first timestamptz; following timestamptz;
BEGIN
    first := make_timestamptz(this_year + 1, 1, 1, 0, 0, 0, 'Europe/Berlin');
    EXECUTE format('ALTER TABLE kim_trailentry_before ADD CONSTRAINT kim_trailentry_until CHECK (at < %L)', first);
    EXECUTE format('ALTER TABLE kim_trailentry ATTACH PARTITION kim_trailentry_before FOR VALUES FROM (MINVALUE) TO (%L)', first);
    FOR year IN this_year + 1 .. this_year + 3 LOOP
        first := make_timestamptz(year, 1, 1, 0, 0, 0, 'Europe/Berlin');
        following := make_timestamptz(year + 1, 1, 1, 0, 0, 0, 'Europe/Berlin');
        EXECUTE format('CREATE TABLE kim_trailentry_%s PARTITION OF kim_trailentry FOR VALUES FROM (%L) TO (%L)', year, first, following);
    END LOOP;
    CREATE TABLE kim_trailentry_later PARTITION OF kim_trailentry DEFAULT;
END $$;

-- Triggers of statements (TRUNCATE) hold for the table they are on: each part gets its own, a new one each year as well.
DO $$
DECLARE part regclass; one record;
BEGIN
    FOR part IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'kim_trailentry'::regclass LOOP
        FOR one IN SELECT pg_get_triggerdef(oid) AS definition FROM pg_trigger
                   WHERE tgrelid = 'kim_trailentry'::regclass AND NOT tgisinternal AND tgtype & 1 = 0
        LOOP
            EXECUTE regexp_replace(one.definition, ' ON \S*kim_trailentry ', format(' ON %s ', part));
        END LOOP;
    END LOOP;
END $$;
