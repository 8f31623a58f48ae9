"""The SQL that makes the roles, for the home's own PostgreSQL and for one of your own (docs/reference/roles.md).

A superuser runs it in the migrated database. No right depends on a setting of a session, because a role may change most
settings for itself. A role may also drop its own rights (DROP OWNED BY), so the SQL can run again.
"""

RIGHTS = """\
DO $$ BEGIN CREATE ROLE labelscope_pipeline LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE labelscope_reader LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
ALTER ROLE labelscope_pipeline NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
ALTER ROLE labelscope_reader NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 10;
REVOKE pg_read_all_data FROM labelscope_reader;  -- a grant of earlier versions

-- Reset all settings of the roles. Only a superuser can change the last of the reader's four.
DO $$ DECLARE name text; place text; BEGIN
    FOR name, place IN SELECT rolname, 'IN DATABASE ' || quote_ident(datname) FROM pg_db_role_setting
        JOIN pg_roles r ON r.oid = setrole LEFT JOIN pg_database d ON d.oid = setdatabase
        WHERE rolname IN ('labelscope_pipeline', 'labelscope_reader')
    LOOP EXECUTE format('ALTER ROLE %I %s RESET ALL', name, place);
    END LOOP;
END $$;
ALTER ROLE labelscope_reader SET default_transaction_read_only = on;
ALTER ROLE labelscope_reader SET statement_timeout = '30s';
ALTER ROLE labelscope_reader SET idle_in_transaction_session_timeout = '5min';
ALTER ROLE labelscope_reader SET temp_file_limit = '256MB';

-- The pipeline writes rows, the reader reads them; also in tables of later migrations.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO labelscope_pipeline, labelscope_reader;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM labelscope_pipeline, labelscope_reader;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM labelscope_pipeline, labelscope_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO labelscope_pipeline, labelscope_reader;
GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO labelscope_pipeline;
REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM labelscope_pipeline;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO labelscope_pipeline;
DO $$ DECLARE later text; BEGIN
    SELECT format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA public ', tableowner) INTO later
      FROM pg_tables WHERE schemaname = 'public' AND tablename = 'alembic_version';
    EXECUTE later || 'GRANT SELECT ON TABLES TO labelscope_pipeline, labelscope_reader';
    EXECUTE later || 'GRANT INSERT, UPDATE, DELETE ON TABLES TO labelscope_pipeline';
    EXECUTE later || 'GRANT USAGE, SELECT ON SEQUENCES TO labelscope_pipeline';
END $$;

-- Functions that write, hold locks or notify sessions: only for the pipeline and the owner.
DO $$ DECLARE routine regprocedure; owner text; BEGIN
    SELECT tableowner INTO owner FROM pg_tables WHERE schemaname = 'public' AND tablename = 'alembic_version';
    FOR routine IN SELECT oid FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace
        AND proname ~ '^(lo_.*|loread|lowrite|pg_.*advisory.*|pg_logical_emit_message|pg_notify|pg_export_snapshot)$'
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC, labelscope_reader', routine);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO labelscope_pipeline, %I', routine, owner);
    END LOOP;
END $$;

-- The roles connect to this database alone: not to those of every server, nor to Prefect's.
DO $$ DECLARE place text; owner text; BEGIN
    FOR place IN SELECT datname FROM pg_database
        WHERE datname IN (current_database(), 'postgres', 'template1', 'prefect')
    LOOP EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC, labelscope_pipeline, labelscope_reader', place);
    END LOOP;
    SELECT tableowner INTO owner FROM pg_tables WHERE schemaname = 'public' AND tablename = 'alembic_version';
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO labelscope_pipeline, %I', current_database(), owner);
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO labelscope_reader', current_database());
END $$;
"""
