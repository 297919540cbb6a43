# Two images from one file: `docker build --target api .` and `docker build --target bot .`
# The api image runs the API, the worker and the migrations, by command: serve | work | migrate.
# A council's own package mirror: --build-arg PIP_INDEX_URL=… --build-arg UV_DEFAULT_INDEX=…

FROM python:3.11.14-slim-bookworm AS api-packages
ARG PIP_INDEX_URL
ARG UV_DEFAULT_INDEX
WORKDIR /build
COPY tests/stack/installer.lock requirements.lock ./
RUN python -m venv /build/installer \
    && /build/installer/bin/pip install --no-cache-dir --no-deps --require-hashes -r installer.lock \
    && python -m venv --without-pip /packages \
    && /build/installer/bin/uv pip sync --no-cache --require-hashes --compile-bytecode \
        --python /packages/bin/python requirements.lock

FROM python:3.11.14-slim-bookworm AS api
RUN pip uninstall --yes --root-user-action=ignore setuptools wheel pip \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin fifteenplus \
    && install --directory --owner 10001 --mode 700 /var/lib/fifteenplus
WORKDIR /srv
COPY --from=api-packages /packages /packages
COPY migrations migrations
COPY bot/__init__.py bot/__init__.py
COPY bot/domain bot/domain
COPY bot/actions bot/actions
COPY bot/components/__init__.py bot/components/minilm.py bot/components/minilm_vocab.txt bot/components/
COPY api api
ENV PATH=/packages/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/tmp API_HOST=0.0.0.0 API_PORT=8015
USER 10001
EXPOSE 8015
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ['API_PORT']}/health/live\", timeout=2)"]
ENTRYPOINT ["python", "-m", "api"]
CMD ["serve"]

FROM python:3.10.19-slim-bookworm AS bot-packages
ARG PIP_INDEX_URL
ARG UV_DEFAULT_INDEX
WORKDIR /build
COPY tests/stack/installer.lock bot/requirements.lock ./
RUN python -m venv /build/installer \
    && /build/installer/bin/pip install --no-cache-dir --no-deps --require-hashes -r installer.lock \
    && python -m venv --without-pip /packages \
    && /build/installer/bin/uv pip sync --no-cache --require-hashes --compile-bytecode \
        --python /packages/bin/python requirements.lock

FROM bot-packages AS bot-trained
WORKDIR /srv
COPY bot bot
RUN HOME=/tmp /packages/bin/python -m bot.train && rm -r bot/actions

FROM python:3.10.19-slim-bookworm AS bot
RUN pip uninstall --yes --root-user-action=ignore setuptools wheel pip \
    && useradd --system --uid 10002 --no-create-home --shell /usr/sbin/nologin fifteenplus-bot
WORKDIR /srv
COPY --from=bot-packages /packages /packages
COPY --from=bot-trained /srv/bot bot
ENV PATH=/packages/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/tmp BOT_HOST=0.0.0.0 BOT_PORT=5005
USER 10002
EXPOSE 5005
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ['BOT_PORT']}/status\", timeout=2)"]
ENTRYPOINT ["python", "-m", "bot.server"]
