# The bot, and as a target of its own (--target engine) the translation service with models on this
# machine. Both run as another user than root, on a read-only root, and write to /data alone.

FROM python:3.13-slim-trixie AS wheel
COPY requirements/build.txt /tmp/build.txt
RUN python -m pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore \
        --require-hashes --no-deps -r /tmp/build.txt
COPY pyproject.toml README.md LICENSE /source/
COPY bot /source/bot
COPY cogs /source/cogs
RUN python -m pip wheel --disable-pip-version-check --no-index --no-deps --no-build-isolation \
        --wheel-dir /wheel /source

# Exactly the packages that were tested, each checked against its hash. Without pip of its own, as
# nothing is installed in an image that runs.
FROM python:3.13-slim-trixie AS bot-packages
COPY requirements/run.txt /tmp/run.txt
RUN python -m venv --without-pip /opt/parley \
    && python -m pip --python /opt/parley/bin/python install --no-cache-dir \
        --disable-pip-version-check --require-hashes --no-deps -r /tmp/run.txt
COPY --from=wheel /wheel /wheel
RUN python -m pip --python /opt/parley/bin/python install --no-cache-dir \
        --disable-pip-version-check --no-index --no-deps /wheel/*.whl

FROM python:3.13-slim-trixie AS engine-packages
COPY requirements/local.txt /tmp/local.txt
RUN python -m venv --without-pip /opt/parley \
    && python -m pip --python /opt/parley/bin/python install --no-cache-dir \
        --disable-pip-version-check --require-hashes --no-deps -r /tmp/local.txt
COPY --from=wheel /wheel /wheel
RUN python -m pip --python /opt/parley/bin/python install --no-cache-dir \
        --disable-pip-version-check --no-index --no-deps /wheel/*.whl

FROM python:3.13-slim-trixie AS base
RUN useradd --system --uid 10001 --no-create-home parley \
    && install -d -o parley -g parley /data
ENV PATH=/opt/parley/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
# data/, where everything is kept that is kept, is the volume.
WORKDIR /
VOLUME /data

FROM base AS engine
COPY --from=engine-packages /opt/parley /opt/parley
USER 10001
EXPOSE 8765
# The weights are joined and checked at the first start, which takes a while on a slow disk.
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8765/health', timeout=5)"]
ENTRYPOINT ["parley"]
CMD ["engine", "--host", "0.0.0.0"]

# Last, as it is what is built unless a target is named.
FROM base AS bot
# hadolint ignore=DL3008 # Debian keeps one version of a release's package: a pin breaks with each fix
RUN apt-get update \
    && apt-get install --no-install-recommends -y libopus0 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=bot-packages /opt/parley /opt/parley
ENV DATABASE_URL=sqlite+aiosqlite:////data/parley.db
USER 10001
EXPOSE 8080 8081
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["parley", "health"]
# No init is needed: the bot handles the signals itself and starts no processes.
ENTRYPOINT ["parley"]
CMD ["run"]
