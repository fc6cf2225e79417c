# The image: `kubound` and the kubectl plugin, with nothing but what they are linked to.
#
#   docker build -t kubound .
#   docker run --rm -v "$PWD:/work" kubound check manifests/

FROM rust:1-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN scripts/deps.sh && cargo build --locked --profile dist && rm -rf /var/lib/apt/lists/*

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends libz3-4 libstdc++6 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /src/target/dist/kubound /src/target/dist/kubectl-kubound /usr/local/bin/
COPY LICENSE LICENSE-APACHE LICENSE-MIT /usr/share/doc/kubound/
USER 65532:65532
WORKDIR /work
ENTRYPOINT ["kubound"]
