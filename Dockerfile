FROM python:3.11-slim AS build

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build

# What the service runs on, in an environment that is copied as a whole.
COPY requirements.lock ./
RUN python -m venv /opt/meterhouse \
    && /opt/meterhouse/bin/pip install --require-hashes --requirement requirements.lock

# The package itself, built with the locked build tools: nothing comes without a hash.
COPY requirements-dev.lock ./
RUN python -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes --requirement requirements-dev.lock
COPY pyproject.toml README.md LICENSE ./
COPY exporter exporter
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && /opt/meterhouse/bin/pip install --no-deps --no-index dist/*.whl


FROM python:3.11-slim

# The image's own commit, for exporter_build_info: docker build --build-arg REVISION=$(git rev-parse HEAD)
ARG REVISION=unknown
ENV PATH=/opt/meterhouse/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 \
    PORT=5005 \
    DATA_DIR=/data \
    REVISION=$REVISION

RUN groupadd --gid 10001 meterhouse \
    && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin meterhouse \
    && install --directory --owner meterhouse --group meterhouse --mode 0700 /data
COPY --from=build /opt/meterhouse /opt/meterhouse

USER meterhouse
WORKDIR /data
VOLUME /data
EXPOSE 5005
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ['PORT']}/-/healthy\", timeout=2)"]
CMD ["meterhouse", "serve"]
