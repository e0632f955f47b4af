#!/usr/bin/env bash
# Runs arm.py with the Python and the PyTorch for arm64 that tools/arm64count/ort.sh has unpacked into a folder.
set -euo pipefail
folder=$(cd "${1:?usage: arm.sh FOLDER [ARGUMENTS of arm.py]}" && pwd)
root=$folder/root
printf 'processor\t: 0\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\nCPU architecture: 8\n' > "$root/proc/cpuinfo"
printf 'CPU variant\t: 0x1\nCPU part\t: 0xd40\nCPU revision\t: 1\n' >> "$root/proc/cpuinfo"
exec qemu-aarch64 -cpu max -L "$root" \
  -E LD_LIBRARY_PATH="$root/usr/lib/aarch64-linux-gnu:$root/lib/aarch64-linux-gnu" -E PYTHONHOME="$root/usr" \
  -E PYTHONPATH="$folder/site" -E PYTHONDONTWRITEBYTECODE=1 -E OMP_NUM_THREADS=1 \
  "$root/usr/bin/python3.11" "$(dirname "$0")/arm.py" "${@:2}"
