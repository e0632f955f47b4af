package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/testseed"
)

// TestFoldersInListsOfArchives: the same images count alike in one folder and in archives that
// hold some classes each, whatever the shards.
func TestFoldersInListsOfArchives(t *testing.T) {
	r := testseed.Rand(t)
	_, int8, _ := quantized(t)
	labels := digits(t)
	root := t.TempDir()
	at := func(name string) string { return filepath.Join(root, name) }
	write := func(name string, content []byte) string {
		if err := os.MkdirAll(filepath.Dir(at(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at(name), content, 0o644); err != nil {
			t.Fatal(err)
		}
		return at(name)
	}
	var archives [3]bytes.Buffer
	var tars [3]*tar.Writer
	for i := range tars {
		tars[i] = tar.NewWriter(&archives[i])
	}
	for i := range 30 {
		name, image := fmt.Sprintf("val/%d/more/%02d.png", i%10, i), noise(r)
		write(name, image)
		w := tars[r.IntN(len(tars))]
		if i < len(tars) {
			w = tars[i] // none is empty
		}
		if err := w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(image))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(image); err != nil {
			t.Fatal(err)
		}
	}
	for i := range tars {
		if err := tars[i].Close(); err != nil {
			t.Fatal(err)
		}
		write(fmt.Sprintf("%d.tar", i), archives[i].Bytes())
	}
	type document struct {
		Images int
		Score  struct{ Top1_correct, Top5_correct int }
	}
	eval := func(data, file string, more ...string) (d document) {
		octetCommand(t, append([]string{"eval", int8, data, "--labels", labels, "--shard", "1/1", "--output", file, "--json", "--quiet"}, more...)...).must(t).decode(t, &d)
		return d
	}
	list := at("{0..2}.tar")
	want, got := eval(at("val"), at("folder.json")), eval(list, at("list.json"))
	if got != want || got.Images != 30 {
		t.Errorf("archives: %+v, folder: %+v", got, want)
	}
	sameFiles(t, "shards of archives", at("list.json"), sharded(t, r, 2+r.IntN(3), ".json", func(shard, file string) []string {
		return []string{"eval", int8, list, "--labels", labels, "--shard", shard, "--output", file, "--quiet"}
	}))

	rows, other := "", ""
	for i := range 10 {
		rows += fmt.Sprintf("%d\t%d\n", i, 9-i)
		if i < 9 {
			other += fmt.Sprintf("%d\t%d\n", i, i)
		}
	}
	reversed := write("map.txt", []byte(rows))
	want, got = eval(at("val"), at("folder.json"), "--class-map", reversed), eval(list, at("list.json"), "--class-map", reversed)
	if got != want {
		t.Errorf("with a class map, archives: %+v, folder: %+v", got, want)
	}
	octetCommand(t, "eval", int8, list, "--labels", labels, "--class-map", write("few.txt", []byte(other)), "--shard", "1/1", "--output", at("x.json")).fails(t, exit.Data, "few.txt", `"9"`)
	none := write("none.txt", []byte("a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n"))
	octetCommand(t, "eval", int8, list, "--labels", none, "--shard", "1/1", "--output", at("x.json")).fails(t, exit.Data, ".png", "none of the folders", "--class-map")
}
