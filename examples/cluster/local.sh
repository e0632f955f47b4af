#!/bin/bash
# local.sh MODEL DATA OUT SHARDS: evaluates with GNU parallel on this machine, and merges.
set -eu
model=$1 data=$2 out=$3 shards=$4
mkdir -p "$out"
threads=$(( ($(nproc) + 1) / 2 ))
seq "$shards" | parallel --jobs 2 --retries 2 --halt soon,fail=1 \
  octet eval "$model" "$data" --shard "{}/$shards" --threads "$threads" --output "$out/part{}.json"
octet merge "$out"/part*.json --output "$out/all.json"
