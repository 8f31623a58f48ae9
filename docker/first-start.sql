-- PostgreSQL's image runs this once, on an empty volume, in the database labelscope: who may log in, and where Prefect writes.
-- What labelscope_pipeline may do there comes with the migration: db/roles.py.
\set pipeline_password `cat /run/secrets/pipeline_password`
\set prefect_password `cat /run/secrets/prefect_password`

CREATE ROLE labelscope_pipeline LOGIN PASSWORD :'pipeline_password';
CREATE ROLE prefect LOGIN PASSWORD :'prefect_password';
CREATE DATABASE prefect OWNER prefect;
