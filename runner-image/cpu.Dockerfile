# Base image for environments without a GPU. Built as runner-image/README.md says; the runner itself is mounted.
ARG BASE
FROM ${BASE}
# OpenMP, which many wheels load from the system.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates libgomp1 \
 && rm -rf /var/lib/apt/lists/*
ENV LC_ALL=C.UTF-8 TZ=UTC
