# The server: API and pages, worker, migrations. One image, three commands (docker-compose.yml).
# Debian, never Alpine: the expression engine has no build for musl.

FROM python:3.13-slim-trixie AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
COPY requirements-server.lock ./
RUN python -m venv /venv \
    && /venv/bin/pip install --require-hashes --only-binary :all: --requirement requirements-server.lock
COPY . .
RUN /venv/bin/python -m compileall -q . \
    && printf '#!/bin/sh\nexec python -m cli "$@"\n' > /venv/bin/almanac \
    && chmod +x /venv/bin/almanac

FROM python:3.13-slim-trixie
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /app --shell /usr/sbin/nologin almanac
# The keys of open feedback rounds: a volume that is mounted here takes over owner and mode.
RUN install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/almanac/seal-keys
COPY --from=build /venv /venv
COPY --from=build /app /app
ENV PATH=/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    ALMANAC_API_HOST=0.0.0.0 \
    ALMANAC_SEAL_KEYS_DIR=/var/lib/almanac/seal-keys
WORKDIR /app
USER 10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=4 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/livez', timeout=4)"]
CMD ["almanac", "serve"]
