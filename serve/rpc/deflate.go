package rpc

import (
	"compress/zlib"
	"io"

	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/gzip" // clients may pack messages with it
)

// deflate packs messages as HTTP's encoding of that name does, which other gRPC libraries have.
// What is unpacked is bounded by MaxMessage, as gRPC reads no more.
type deflate struct{}

func init() { encoding.RegisterCompressor(deflate{}) }

// Name is that of the encoding.
func (deflate) Name() string { return "deflate" }

// Compress packs what is written.
func (deflate) Compress(w io.Writer) (io.WriteCloser, error) { return zlib.NewWriter(w), nil }

// Decompress unpacks what is read.
func (deflate) Decompress(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) }
