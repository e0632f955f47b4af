package torch

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"strings"
	"testing"
)

func gzipped(t *testing.T, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// tarred packs pairs of name and content.
func tarred(t *testing.T, pairs ...any) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		content := pairs[i+1].([]byte)
		err := w.WriteHeader(&tar.Header{Name: pairs[i].(string), Size: int64(len(content)), Mode: 0o644})
		if err == nil {
			_, err = w.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestPackedRefusals: what is packed otherwise, in vain, or to do harm.
func TestPackedRefusals(t *testing.T) {
	weights, err := os.ReadFile("testdata/checkpoints/plain.pth")
	if err != nil {
		t.Fatal(err)
	}
	hostile, err := os.ReadFile("testdata/samples/evil_nested_after_tensor.pth")
	if err != nil {
		t.Fatal(err)
	}
	four := gzipped(t, gzipped(t, gzipped(t, gzipped(t, weights))))
	for name, c := range map[string]struct {
		file []byte
		is   error
		says string
	}{
		"gzip bomb":             {gzipped(t, make([]byte, 16<<20)), ErrLimit, "32 times"},
		"gzip bomb in a gzip":   {gzipped(t, gzipped(t, make([]byte, 16<<20))), ErrLimit, "32 times"},
		"zip bomb in a tar":     {tarred(t, "a.pth", bomb(t)), ErrLimit, "32 times"},
		"gzip in gzip in gzip":  {four, nil, "3 archives"},
		"cut gzip":              {gzipped(t, weights)[:800], nil, "damaged gzip"},
		"gzip without content":  {gzipped(t, nil), nil, "the file is empty"},
		"gzip of a text":        {gzipped(t, []byte("hello, world, this is no checkpoint")), nil, "not a file of torch.save"},
		"hostile in a gzip":     {gzipped(t, hostile), ErrGlobal, "posix.system"},
		"hostile in a tar":      {tarred(t, "x/model.pth", hostile), ErrGlobal, "posix.system"},
		"two in a tar":          {tarred(t, "a.pth", weights, "b b.pth", weights), nil, "\n  tar -xf 'the file' a.pth"},
		"none in a tar":         {tarred(t, "README", []byte("x")), nil, "it holds README"},
		"empty tar":             {tarred(t, "._a.pth", weights), nil, "the archive is empty"},
		"member beyond the tar": {tarred(t, "a.pth", weights)[:1024], nil, "longer than the file"},
		"xz":                    {[]byte("\xfd7zXZ\x00 and so on"), nil, "\n  xz --decompress --keep 'the file'"},
		"zstd":                  {[]byte("\x28\xb5\x2f\xfd and so on"), nil, "\n  zstd --decompress 'the file'"},
		"7z":                    {[]byte("7z\xbc\xaf\x27\x1c and so on"), nil, "\n  7z x 'the file'"},
	} {
		t.Run(name, func(t *testing.T) {
			err := measured(t, func() error {
				_, err := Read(bytes.NewReader(c.file), int64(len(c.file)), "the file")
				return err
			})
			if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want %q", err, c.says)
			}
		})
	}
}

func bomb(t *testing.T) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/samples/zip_bomb_data.pth")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestOpcodesOfOtherProtocols: what is no valid pickle fails in bounded memory.
func TestOpcodesOfOtherProtocols(t *testing.T) {
	for name, body := range map[string]string{
		"frame beyond the end":      "\x95\xff\xff\xff\xff\xff\xff\xff\x7fN",
		"frame of 2^64":             "\x95\xff\xff\xff\xff\xff\xff\xff\xffN",
		"text of 2^62":              "\x8d\x00\x00\x00\x00\x00\x00\x00\x40x",
		"bytes of 2^63":             "\x96\x00\x00\x00\x00\x00\x00\x00\x80x",
		"integer beyond the end":    "\x8b\xff\xff\xff\x7f",
		"memoize nothing":           "\x94N",
		"global of numbers":         "K\x01K\x02\x93",
		"additems to a list":        "](K\x01\x90",
		"additems to a frozenset":   "(\x91(K\x01\x90",
		"list as key":               "}]K\x01s",
		"set as key":                "}\x8fK\x01s",
		"out-of-band buffer":        "\x97",
		"pop of nothing":            "0N",
		"decimal that is none":      "Iabc\n",
		"long decimal":              "L" + strings.Repeat("9", 600) + "L\n",
		"object of a known class":   "ccollections\nOrderedDict\n)}\x92",
		"call of a storage class":   "ctorch\nFloatStorage\n)R",
		"attribute of a known name": "c__builtin__\ngetattr\nctorch._utils\n_rebuild_tensor_v2\n" + str("x") + "\x86R",
		"attribute that is private": "c__builtin__\ngetattr\ncproject\nNet\n" + str("__globals__") + "\x86R",
		"attribute of a module":     "c__builtin__\ngetattr\ncproject\nNet\n" + str("os.system") + "\x86R",
	} {
		t.Run(name, func(t *testing.T) {
			file := pickled(t, []byte(body))
			err := measured(t, func() error {
				_, err := Read(bytes.NewReader(file), int64(len(file)), "bad")
				return err
			})
			if err == nil {
				t.Error("accepted")
			}
			t.Log(err)
		})
	}
}

// TestObjectsMayBeTangled: an object beside the weights may know itself, be deep, or
// hold the same part again and again.
func TestObjectsMayBeTangled(t *testing.T) {
	weights := str("w") + tensorOver("K\x04", "K\x01")
	object := "cproject\nThing\n)\x81"
	for name, rest := range map[string]string{
		"itself as state":         object + "q\x00}" + str("me") + "h\x00sb",
		"itself as items":         object + "q\x00" + str("me") + "h\x00s",
		"items and state":         object + "q\x00" + str("a") + "K\x01sh\x00b",
		"in a tuple of itself":    object + "q\x00h\x00h\x00\x86b",
		"a dict that comes back":  "}q\x00" + str("o") + object + "h\x00bs",
		"deep":                    object + strings.Repeat("]", 5000) + strings.Repeat("a", 4999) + "b",
		"shared":                  object + "](]q\x00" + strings.Repeat("h\x00h\x00\x86q\x00", 60) + "eb",
		"what POP takes away":     "K\x01q\x000(K\x021h\x00",
		"made by a partial":       "cfunctools\npartial\n" + object + "\x85R)R",
		"a class within a class":  "c__builtin__\ngetattr\ncproject\nOuter\n" + str("Inner") + "\x86R)\x81",
		"keywords":                object + "0cproject\nThing\nK\x01\x85}" + str("a") + "K\x02s\x92",
		"a key that is an object": "}" + object + "K\x01s",
	} {
		t.Run(name, func(t *testing.T) {
			body := "}(" + str("rest") + rest + str("state_dict") + "}" + weights + "s" + "u"
			file := pickled(t, []byte(body))
			c, err := Read(bytes.NewReader(file), int64(len(file)), "tangled")
			if err != nil {
				t.Fatal(err)
			}
			sd, err := c.StateDict("")
			if err != nil || len(sd.Keys()) != 1 {
				t.Errorf("%v, error %v", sd, err)
			}
		})
	}
}
