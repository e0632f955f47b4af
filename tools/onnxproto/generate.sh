#!/usr/bin/env bash
# Makes onnx/internal/onnxpb/onnx.pb.go.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
pip download --quiet --no-deps onnx==1.23.2
unzip -q -j onnx-*.whl onnx/onnx.proto && rm onnx-*.whl
GOBIN=$work/bin go install github.com/bufbuild/buf/cmd/buf@v1.75.0
bin/buf build --exclude-source-info -o "$work/descriptor.binpb"
cd "$here/../.."
go run ./tools/onnxproto "$work/descriptor.binpb" > "$work/onnx.pb.go"
cp "$work/onnx.pb.go" onnx/internal/onnxpb/onnx.pb.go
