# Base image for environments with GPUs of AMD. Built as runner-image/README.md says; the runner itself is mounted.
# The driver is the host's; this has the libraries above it, and a Python, which theirs lacks.
ARG BASE
FROM ${BASE}
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates libgomp1 python3 python3-venv \
 && rm -rf /var/lib/apt/lists/*
ENV LC_ALL=C.UTF-8 TZ=UTC
