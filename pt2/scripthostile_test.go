package pt2_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/pt2"
)

// scriptArchive is one of the TorchScript files of testdata/scripts.zip.
func scriptArchive(t testing.TB, name string) archive {
	data, err := os.ReadFile("testdata/scripts.zip")
	if err != nil {
		t.Fatal(err)
	}
	return unpacked(t, unpacked(t, data)[name+".pt"])
}

// flat is the frozen network, whose code is one function, with the name of its record.
func flat(t testing.TB) (archive, string) {
	a := scriptArchive(t, "fbgemm.frozen")
	for name := range a {
		if strings.HasSuffix(name, ".py") && bytes.Contains(a[name], []byte("def forward")) {
			return a, name
		}
	}
	t.Fatal("no code")
	return nil, ""
}

// body replaces the statements of forward; those of the file go on behind it.
func (a archive) body(t testing.TB, code, statements string) archive {
	b := maps.Clone(a)
	head, rest, ok := strings.Cut(string(a[code]), "-> Tensor:\n")
	if !ok {
		t.Fatal("no forward")
	}
	b[code] = []byte(head + "-> Tensor:\n" + statements + rest)
	return b
}

// TestHostileScripts: each is refused with its record and line and a remedy, within memory that
// does not depend on what it claims.
func TestHostileScripts(t *testing.T) {
	good, code := flat(t)
	traced := scriptArchive(t, "float.traced")
	root := code[:strings.Index(code, "/")]
	lines := func(n int, line string) string { return strings.Repeat(line, n) }
	cut := maps.Clone(good)
	cut[code] = cut[code][:len(cut[code])-60]
	pickled := func(data string) archive {
		b := maps.Clone(good)
		b[root+"/data.pkl"] = []byte(data)
		return b
	}
	for _, h := range []struct {
		name string
		a    archive
		says []string
	}{
		{"an endless loop", good.body(t, code, "    while True:\n      pass\n"), []string{"line ", "while", "torch.export.export"}},
		{"a loop over data", good.body(t, code, "    for i in range(torch.size(torch.sum(x))):\n      pass\n"), []string{"line "}},
		{"a long loop", good.body(t, code, "    for i in range(1000000000):\n      pass\n"), []string{"line ", "lists of more than"}},
		{"loops in loops", good.body(t, code, lines(1, "    for i in range(3000):\n      for j in range(3000):\n        pass\n")), []string{"line ", "lists of more than"}},
		{"loops in short loops", good.body(t, code, func() string {
			var b strings.Builder
			for i := range 10 {
				fmt.Fprintf(&b, "%sfor i%d in range(8):\n", strings.Repeat(" ", 4+i), i)
			}
			return b.String() + strings.Repeat(" ", 14) + "pass\n"
		}()), []string{"line ", "more than"}},
		{"code that is cut off", cut, []string{"record code/", "line "}},
		{"no code", good.without(code), []string{"the code of"}},
		{"brackets", good.body(t, code, "    y = "+lines(300000, "(")+"\n"), []string{"line ", "brackets"}},
		{"signs", good.body(t, code, "    y = "+lines(300000, "-")+"1\n"), []string{"line "}},
		{"negations", good.body(t, code, "    y = "+lines(300000, "not ")+"x\n"), []string{"line ", "expressions"}},
		{"dots", good.body(t, code, "    y = x"+lines(300000, ".x")+"\n"), []string{"line ", "behind one another"}},
		{"blocks", good.body(t, code, func() string {
			var b strings.Builder
			for i := range 1000 {
				fmt.Fprintf(&b, "%sif True:\n", strings.Repeat(" ", 4+i))
			}
			return b.String() + strings.Repeat(" ", 1005) + "pass\n"
		}()), []string{"line ", "blocks"}},
		{"a million lines", good.body(t, code, lines(1000000, "    y = torch.neg(1)\n")), []string{"line ", "words"}},
		{"many operators", good.body(t, code, lines(40000, "    x = torch.relu(x)\n")), []string{"line ", "operators"}},
		{"a text without an end", good.body(t, code, "    y = \"a\n"), []string{"line ", "text"}},
		{"a strange sign", good.body(t, code, "    y = x ? 1\n"), []string{"line ", "'?'"}},
		{"a name of nobody", good.body(t, code, "    y = nobody\n"), []string{"line ", `"nobody"`}},
		{"eval", good.body(t, code, "    y = eval(\"1\")\n"), []string{"line ", `"eval"`}},
		{"an operator of others", good.body(t, code, "    y = ops.evil.run(x)\n"), []string{"line ", "evil.run"}},
		{"a file", good.body(t, code, "    y = torch.from_file(\"a\", False, 1)\n"), []string{"line ", "from_file"}},
		{"a constant that is not there", good.with(t, code, "CONSTANTS.c1", "CONSTANTS.c99999"), []string{"line ", "c99999"}},
		{"a constant of another kind", good.with(t, code, "CONSTANTS.c1", "3"), []string{"line ", "packed"}},
		{"a scale of zero", good.with(t, code, "torch.quantize_per_tensor(x, ", "torch.quantize_per_tensor(x, 0., 3, 13) # "), []string{"line ", "scale"}},
		{"a zero point of another type", good.with(t, code, "torch.quantize_per_tensor(x, ", "torch.quantize_per_tensor(x, 1., 999, 13) # "), []string{"line ", "zero"}},
		{"a recursion", good.body(t, code, "    y = (self).forward(x, )\n"), []string{"line "}},
		{"a list that doubles", good.body(t, code, "    y = [1, 2]\n"+lines(60, "    y = torch.add(y, y)\n")), []string{"line ", "lists"}},
		{"a list in itself", good.body(t, code, "    y = [1]\n    z = torch.append(y, y)\n    x = torch.conv2d(x, CONSTANTS.c0, None)\n    return y\n"), []string{""}},
		{"lists of nothing", good.body(t, code, "    y = [1]\n    z = torch.append(y, y)\n    x = torch.max_pool2d(x, y)\n"), []string{"line ", "list"}},
		{"a division by zero", good.body(t, code, "    y = torch.floordiv(1, 0)\n"), []string{"line ", "division"}},
		{"a huge view", good.body(t, code, "    x = torch.expand(torch.max_pool2d(x, [2, 2]), [9223372036854775807, 9223372036854775807, 3, 16, 16])\n"), []string{"line "}},
		{"a huge constant", good.body(t, code, "    x = torch.zeros([1000000, 1000000])\n    return x\n"), []string{""}},
		{"no module", pickled("\x80\x02]q\x00."), []string{"data.pkl", "module"}},
		{"a class without code", pickled("\x80\x02c__torch__.nobody\nNet\n)\x81}b."), []string{"__torch__.nobody.Net"}},
		{"a pickle that runs", pickled("\x80\x02cposix\nsystem\nX\x02\x00\x00\x00ls\x85R."), []string{"posix"}},
		{"a weight that is missing", traced.without(weightRecord(traced)), []string{"record data/", "missing"}},
		{"a module in itself", traced.with(t, tracedRoot(t, traced), "stem = self.stem", "stem = self.stem.nobody"), []string{"line ", "nobody"}},
	} {
		data := h.a.packed(t, zip.Store)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		f, err := pt2.Read(bytes.NewReader(data), int64(len(data)), "the file")
		if err == nil {
			_, err = f.Graph(onnx.Given{})
		}
		runtime.ReadMemStats(&after)
		if err == nil {
			if h.says[0] != "" {
				t.Errorf("%s: it is read", h.name)
			}
			continue
		}
		for _, part := range append(slices.Clone(h.says), "the file") {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: error %v; expected %q", h.name, err, part)
			}
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 256<<20 {
			t.Errorf("%s: %d MB were allocated", h.name, n>>20)
		}
	}
}

// weightRecord is a record of weights.
func weightRecord(a archive) string {
	return slices.Max(slices.DeleteFunc(slices.Collect(maps.Keys(a)), func(n string) bool { return !strings.Contains(n, "/data/") }))
}

// tracedRoot is the record with the code of the network itself.
func tracedRoot(t testing.TB, a archive) string {
	for name := range a {
		if strings.HasSuffix(name, ".py") && bytes.Contains(a[name], []byte("stem = self.stem")) {
			return name
		}
	}
	t.Fatal("no code")
	return ""
}

// FuzzScript feeds damaged code in a whole archive.
func FuzzScript(f *testing.F) {
	a, code := flat(f)
	f.Add(a[code])
	f.Add([]byte("class Net(Module):\n  def forward(self: __torch__.Net,\n    x: Tensor) -> Tensor:\n    for i in range(9):\n      x = torch.relu(x)\n    return x\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		a[code] = text
		build(a.packed(t, zip.Store))
	})
}

// FuzzScriptPickle feeds damaged pickles of modules.
func FuzzScriptPickle(f *testing.F) {
	a := scriptArchive(f, "fbgemm.scripted")
	record := ""
	for name := range a {
		if strings.HasSuffix(name, "/data.pkl") {
			record = name
		}
	}
	f.Add(a[record])
	f.Fuzz(func(t *testing.T, pickle []byte) {
		a[record] = pickle
		build(a.packed(t, zip.Store))
	})
}
