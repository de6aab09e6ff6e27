FROM python:3.13-slim AS build
COPY requirements/run.txt /tmp/run.txt
# Exactly the packages that were tested, each checked against its hash.
RUN python -m venv /opt/parley \
    && /opt/parley/bin/python -m pip install --no-cache-dir --disable-pip-version-check \
        --require-hashes --no-deps -r /tmp/run.txt

FROM python:3.13-slim
# hadolint ignore=DL3008 # Debian keeps one version of a release's package: a pin breaks with each fix
RUN apt-get update \
    && apt-get install --no-install-recommends -y libopus0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home parley \
    && install -d -o parley -g parley /data
COPY --from=build /opt/parley /opt/parley
COPY bot /app/bot
COPY cogs /app/cogs
WORKDIR /app
ENV PATH=/opt/parley/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATABASE_URL=sqlite+aiosqlite:////data/parley.db
USER 10001
VOLUME /data
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-m", "bot", "health"]
ENTRYPOINT ["python", "-m", "bot"]
CMD ["run"]
