# What PostgreSQL's own image does for a container of the user postgres, with the variables of docker-compose.yml.
set -Eeuo pipefail

mkdir -p "$PGDATA"
chmod 00700 "$PGDATA"

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    password="$(<"$POSTGRES_PASSWORD_FILE")"
    if [ -z "$password" ]; then
        echo "Error: Database is uninitialized and superuser password is not specified." >&2
        exit 1
    fi
    eval "initdb --username=postgres --pwfile=<(printf '%s\n' \"\$password\") $POSTGRES_INITDB_ARGS"
    printf '\nhost all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
    pg_ctl -D "$PGDATA" -o "-c listen_addresses='' -k /var/run/postgresql" -w start
    psql --no-psqlrc -v ON_ERROR_STOP=1 -h /var/run/postgresql -U postgres -d postgres \
        -c "CREATE DATABASE \"$POSTGRES_DB\""
    pg_ctl -D "$PGDATA" -m fast -w stop
fi

exec "$@" -c listen_addresses='*' -c unix_socket_directories=/var/run/postgresql
