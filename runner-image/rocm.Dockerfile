# check=skip=InvalidDefaultArgInFrom
# Base image for environments with GPUs of AMD. Built as runner-image/README.md says; the runner itself is mounted.
# The driver is the host's; this has the libraries above it, and a Python, which theirs lacks.
# No default: without a digest that was looked up nothing is built.
ARG BASE
FROM ${BASE}
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends ca-certificates libgomp1 python3 python3-venv \
 && apt-get clean && rm -rf /var/lib/apt/lists/*
ENV LC_ALL=C.UTF-8 TZ=UTC
