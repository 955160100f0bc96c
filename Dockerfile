# One image for web, worker, beat and migrate. Every package comes as a wheel: no compiler; of the system only pg_dump.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1

# Backups: pg_dump and pg_restore of the server's major version (docker-compose.yml: postgres:16), which Debian itself
# does not have; so from the PostgreSQL project's own archive, whose key stands in Debian's postgresql-common.
RUN apt-get update \
    && apt-get install -y --no-install-recommends postgresql-common ca-certificates \
    && /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y \
    && apt-get install -y --no-install-recommends postgresql-client-16 \
    && rm -rf /var/lib/apt/lists/*

RUN useradd --system --uid 10001 --home-dir /var/lib/kim --shell /usr/sbin/nologin kim \
    && install -d -o kim -g kim -m 700 /var/lib/kim /var/backups/kim

WORKDIR /srv/kim
COPY requirements.txt .
RUN pip install --only-binary=:all: -r requirements.txt
COPY . .

ENV KIM_ENV=production \
    KIM_DATA_DIR=/var/lib/kim \
    KIM_STATIC_ROOT=/srv/static \
    KIM_BIND=0.0.0.0 \
    PORT=8000
# Static files are part of the image; the key made for this one command goes with its folder.
RUN KIM_ENV=embedded KIM_DATA_DIR=/tmp/build python manage.py collectstatic --noinput --verbosity 0 \
    && rm -rf /tmp/build \
    && python -m compileall -q kim steering casework funding reports

USER kim
VOLUME /var/lib/kim /var/backups/kim
EXPOSE 8000
CMD ["gunicorn", "kim.wsgi"]
