package inferencepb

//go:generate go run -C ../../../tools/serveproto . ../../serve/rpc/inferencepb inference.proto
