#!/bin/bash
# submit.sh MODEL DATA OUT SHARDS: evaluates under Slurm, and merges when all shards are done.
set -eu
export MODEL=$1 DATA=$2 OUT=$3
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$OUT"
shards=$(sbatch --parsable --array="1-$4" "$here/shard.sbatch")
# Without the last flag the merge would wait for ever behind a shard that failed.
sbatch --parsable --dependency="afterok:$shards" --kill-on-invalid-dep=yes "$here/merge.sbatch"
