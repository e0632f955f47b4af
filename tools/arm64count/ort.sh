#!/usr/bin/env bash
# Unpacks Python and ONNX Runtime for arm64 into a folder, for `arm64count -ort FOLDER`. Nothing is installed on
# this machine; it needs Debian 12's apt, with a source of packages, and pip. About 250 MB.
set -euo pipefail
folder=${1:?usage: ort.sh FOLDER}
mkdir -p "$folder"/{root,site,wheels,apt/lists/partial,apt/archives/partial}
folder=$(cd "$folder" && pwd)

# An apt of its own, in which nothing is installed yet: so it finds all that Python needs.
apt=(apt-get -q -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State::Lists="$folder/apt/lists"
  -o Dir::State::Status=/dev/null -o Dir::Cache::Archives="$folder/apt/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
  -o APT::Sandbox::User=root)
"${apt[@]}" update
"${apt[@]}" install -y --download-only --no-install-recommends python3.11 libstdc++6
for package in "$folder"/apt/archives/*.deb; do dpkg -x "$package" "$folder/root"; done

pip=("${PYTHON:-python3}" -m pip download -q --no-deps --only-binary=:all: --python-version 3.11 --dest "$folder/wheels"
  --platform manylinux_2_28_aarch64 --platform manylinux_2_27_aarch64 --platform any)
"${pip[@]}" onnxruntime==1.32.0 numpy==2.4.6 flatbuffers==25.12.19 packaging==26.0 protobuf==7.35.0 "${@:2}"
for wheel in "$folder"/wheels/*.whl; do "${PYTHON:-python3}" -m zipfile -e "$wheel" "$folder/site"; done

# ONNX Runtime asks these files which cores there are; without them it reads those of the host and ends.
mkdir -p "$folder"/root/{proc,sys/devices/system/cpu}
for name in possible present online; do echo 0 > "$folder/root/sys/devices/system/cpu/$name"; done
echo 0 > "$folder/root/sys/devices/system/cpu/kernel_max"
