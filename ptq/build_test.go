package ptq_test

import (
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/zoo"
)

func build(t testing.TB, arch string) *graph.Graph {
	t.Helper()
	g, err := zoo.Build(arch, nil, zoo.Quantizable)
	if err != nil {
		t.Fatal(err)
	}
	return g
}
