package torch

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// pickled wraps a pickle, without protocol and STOP, as a checkpoint with one
// storage "0" of 16 bytes and an empty one, "1".
func pickled(t testing.TB, body []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	add := func(name string, content []byte) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: "a/" + name})
		if err == nil {
			_, err = w.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	add("data.pkl", append(append([]byte{opProto, 2}, body...), opStop))
	add("data/0", make([]byte, 16))
	add("data/1", nil)
	add("version", []byte("3\n"))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func str(s string) string {
	return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))) + s
}

// tensorOver is a float32 tensor over storage 0 with size and stride given as opcodes.
func tensorOver(size, stride string) string {
	return "ctorch._utils\n_rebuild_tensor_v2\n((" + str("storage") + "ctorch\nFloatStorage\n" + str("0") + str("cpu") +
		"K\x04tQK\x00(" + size + "t(" + stride + "t\x89}tR"
}

// TestBombs: small files that unfold to something large, and large ones of
// nothing, fail soon and in bounded memory.
func TestBombs(t *testing.T) {
	repeat := strings.Repeat
	many := func(n int, of func(i int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(of(i))
		}
		return b.String()
	}
	put := func(i int) string { return "r" + string(binary.LittleEndian.AppendUint32(nil, uint32(i))) }
	get := func(i int) string { return "j" + string(binary.LittleEndian.AppendUint32(nil, uint32(i))) }
	memoSize := "(" + repeat("K\x01", 4000) + "tq\x00"
	for name, body := range map[string]string{
		"stack":                       repeat("N", 30<<20),
		"marks":                       repeat("(", 30<<20),
		"empty dicts":                 "(" + repeat("}", 30<<20),
		"lists":                       "]" + repeat("]a", 15<<20),
		"memo":                        "N" + many(5<<20, put),
		"nesting":                     repeat("]", 100_000) + repeat("a", 99_999),
		"sharing":                     "](]q\x00" + repeat("h\x00h\x00\x86q\x00", 60) + "e",
		"copied dict":                 "}(" + many(100_000, func(i int) string { return "J" + put(i)[1:] + "N" }) + "uq\x00]" + repeat("ccollections\nCounter\nh\x00\x85Ra", 50_000),
		"copied text":                 str(repeat("x", 8<<20)) + "q\x00]" + repeat("c_codecs\nencode\nh\x00"+str("latin1")+"\x86Ra", 20_000),
		"copied tuples":               memoSize + "]" + repeat(strings.Replace(tensorOver("", ""), "K\x00(t(t", "K\x00h\x00h\x00", 1)+"a", 100_000),
		"stride 0":                    "}" + str("w") + tensorOver("J\x00\x00\x00\x40", "K\x00") + "s",
		"stride 0 over all addresses": "}" + str("w") + tensorOver("J\xff\xff\xff\x7fJ\xff\xff\xff\x7f", "K\x00K\x00") + "s",
		"stride 0 in the scales": "}" + str("w") + "ctorch._utils\n_rebuild_qtensor\n((" + str("storage") + "ctorch\nQInt8Storage\n" + str("1") + str("cpu") +
			"K\x00tQK\x00(J\x00\x00\x00\x40K\x00t(K\x01K\x01t(ctorch\nper_channel_affine\n" +
			strings.Repeat(tensorOver("J\x00\x00\x00\x40", "K\x00"), 2) + "K\x00t\x89}tRs",
		"many views": "}(" + many(20_000, func(i int) string {
			return str(fmt.Sprint("w", i)) + tensorOver("J\x00\x00\x01\x00"+"J"+put(i)[1:], "K\x00K\x00")
		}) + "u",
		"cycle through state": "cargparse\nNamespace\n)\x81q\x00}" + str("x") + "h\x00sb",
		"long name":           "c" + repeat("x", 1<<20) + "\n\n",
		"get":                 get(1 << 31),
	} {
		t.Run(name, func(t *testing.T) {
			file := pickled(t, []byte(body))
			err := measured(t, func() error {
				c, err := Read(bytes.NewReader(file), int64(len(file)), "bomb")
				if err == nil {
					_, err = c.StateDict("")
				}
				return err
			})
			if err == nil {
				t.Fatal("accepted")
			}
			t.Logf("%.150v", err)
		})
	}
}

// TestLimitsCanBeRaised: a limit that was met is met later with a larger one.
func TestLimitsCanBeRaised(t *testing.T) {
	file := pickled(t, []byte("}"+str("w")+tensorOver("J\x00\x00\x80\x00", "K\x00")+"s")) // 32 MiB of one element
	for _, ratio := range []int64{0, 1 << 20} {
		c, err := Read(bytes.NewReader(file), int64(len(file)), "views", WithLimits(Limits{ExpandRatio: ratio}))
		if err == nil {
			_, err = c.StateDict("")
		}
		if (ratio == 0) != errors.Is(err, ErrLimit) {
			t.Errorf("ratio %d: error %v", ratio, err)
		}
	}
}
