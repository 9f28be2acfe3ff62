# check=skip=InvalidDefaultArgInFrom
# Base image for environments without a GPU. Built as runner-image/README.md says; the runner itself is mounted.
# No default: without a digest that was looked up nothing is built.
ARG BASE
FROM ${BASE}
# OpenMP, which many wheels load from the system.
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends ca-certificates libgomp1 \
 && apt-get clean && rm -rf /var/lib/apt/lists/*
ENV LC_ALL=C.UTF-8 TZ=UTC
