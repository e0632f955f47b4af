#!/usr/bin/env bash
# Makes onnx/internal/onnxpb/onnx.pb.go.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
pip download --quiet --no-deps onnx==1.23.2
unzip -q -j onnx-*.whl onnx/onnx.proto
mkdir -p octet/onnx bin
sed 's/^package onnx;/package octet.onnx;/' onnx.proto > octet/onnx/onnx.proto
rm onnx.proto
GOBIN=$work/bin go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12
GOBIN=$work/bin go install github.com/bufbuild/buf/cmd/buf@v1.75.0
echo 'version: v2' > buf.yaml
cat > buf.gen.yaml <<'Y'
version: v2
plugins:
  - local: protoc-gen-go
    out: out
    opt: ["paths=source_relative", "Moctet/onnx/onnx.proto=github.com/octet-ml/octet/onnx/internal/onnxpb"]
Y
PATH=$work/bin:$PATH
buf build --exclude-source-info -o descriptor.binpb
buf generate descriptor.binpb
cp out/octet/onnx/onnx.pb.go "$here/../../onnx/internal/onnxpb/onnx.pb.go"
